// Calls npm's owfs and prints every result or error: owfs_calls.js HOST PORT PATH...

const { Client } = require('owfs');

const [host, port, ...paths] = process.argv.slice(2);
const client = new Client(host, Number(port));

function show(method, ...args) {
  return new Promise((resolve) => {
    client[method](...args, (error, result) => {
      console.log(method, ...args, error ? ['error', error] : result);
      resolve();
    });
  });
}

async function main() {
  for (const path of ['/', ...paths]) {
    for (const method of ['dir', 'dirall', 'dirallslash', 'get', 'getslash', 'read', 'presence']) {
      await show(method, path);
    }
  }
  await show('write', '/10.000010EF0000/temphigh', '28');
  await show('read', '/10.000010EF0000/temphigh');
}

main();

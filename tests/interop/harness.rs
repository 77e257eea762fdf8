//! The helpers themselves: a real owserver starts, stops, and answers requests.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use owproto_tests::owserver::{Owserver, VECTOR_DEVICES};
use owproto_tests::tools::{Tool, pyownet};
use owproto_tests::{process, vectors};

/// Sends `request` on a new connection and reads until the server closes it.
fn exchange(server: &Owserver, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(request).unwrap();
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).unwrap();
    reply
}

#[test]
fn the_real_server_replies_to_nop() {
    let mut server = Owserver::builder().tester("10").start();
    let nop = vectors::in_file("message_types").find(|vector| vector.requests[0].message_type == 1).unwrap();
    assert_eq!(exchange(&server, &nop.request), nop.reply);
    assert!(server.is_running());
}

#[test]
fn the_real_server_replies_as_captured() {
    let server = Owserver::builder().tester(VECTOR_DEVICES).start();
    let setup = format!("owserver --foreground --nozero -p HOST:PORT --tester={VECTOR_DEVICES}");
    let vectors = || vectors::in_file("dir").chain(vectors::in_file("presence"));
    let mut compared = 0;
    for vector in vectors().filter(|vector| vector.setup == setup && vector.volatile.is_empty()) {
        assert_eq!(exchange(&server, &vector.request), vector.reply, "{}", vector.name);
        compared += 1;
    }
    assert!(compared >= 40, "only {compared} exchanges were compared");
}

#[test]
fn the_shell_tools_print_and_exit_as_captured() {
    let server = Owserver::builder().tester(VECTOR_DEVICES).start();
    let setup = format!("owserver --foreground --nozero -p HOST:PORT --tester={VECTOR_DEVICES}");
    let tools = [Tool::Owdir, Tool::Owread, Tool::Owwrite, Tool::Owpresent, Tool::Owget];
    let mut compared = 0;
    for vector in vectors::in_file("clients").filter(|vector| vector.setup == setup) {
        let Some(client) = &vector.client else { continue };
        let mut words = client.command.split(' ');
        let Some(tool) = words.next().and_then(|name| tools.iter().find(|tool| tool.program() == name))
        else {
            continue;
        };
        let finished = tool.run(server.address(), words.skip(2));
        let output = if finished.stdout.is_empty() { finished.stderr_text() } else { finished.stdout_text() };
        assert_eq!(output.trim_end(), client.output.trim_end(), "{}", vector.name);
        assert_eq!(finished.status, Some(client.exit), "{}", vector.name);
        compared += 1;
    }
    assert!(compared >= 10, "only {compared} runs of tools were compared");
    assert_eq!(Tool::Owexist.run(server.address(), [""; 0]).status, Some(0));
}

#[test]
fn pyownet_reads_what_owread_reads() {
    let server = Owserver::builder().tester("28").start();
    let path = "/28.000028D70000/temperature";
    let script = "import sys; from pyownet import protocol; \
                  proxy = protocol.proxy('127.0.0.1', int(sys.argv[1])); \
                  sys.stdout.buffer.write(proxy.read(sys.argv[2]))";
    let port = server.address().port().to_string();
    let finished = process::run(pyownet().args(["-c", script, &port, path]));
    assert_eq!(finished.status, Some(0), "{}", finished.stderr_text());
    assert_eq!(finished.stdout, Tool::Owread.output(server.address(), [path]));
}

#[test]
fn a_killed_server_refuses_connections_and_restarts_on_its_port() {
    let mut server = Owserver::builder().tester("28").start();
    let address = server.address();
    let before = Tool::Owdir.output(address, ["/"]);
    server.kill();
    assert!(!server.is_running());
    assert!(TcpStream::connect(address).is_err());
    server.restart();
    assert_eq!(server.address(), address);
    assert_eq!(Tool::Owdir.output(address, ["/"]), before);
    let pid = server.pid();
    server.restart();
    assert_ne!(server.pid(), pid);
}

#[test]
#[cfg(unix)]
fn a_paused_server_replies_only_after_it_is_resumed() {
    let mut server = Owserver::builder().tester("28").start();
    let mut stream = TcpStream::connect(server.address()).unwrap();
    server.pause();
    let mut nop = [0; 24];
    nop[11] = 1;
    stream.write_all(&nop).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let mut reply = [0xa5; 24];
    assert!(stream.read(&mut reply).is_err(), "a paused server must not answer");
    server.resume();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.read_exact(&mut reply).unwrap();
    assert_eq!(reply[..12], [0; 12]);
}

#[test]
fn a_server_with_another_as_its_bus_shows_the_devices_of_that_one() {
    let back = Owserver::builder().tester("28").start();
    let front = Owserver::builder().behind(back.address()).start();
    assert_eq!(
        Tool::Owread.output(front.address(), ["/28.000028D70000/temperature"]),
        Tool::Owread.output(back.address(), ["/28.000028D70000/temperature"])
    );
}

#[test]
fn a_server_with_a_wrong_option_fails_with_its_own_message() {
    let start = Instant::now();
    let outcome = std::panic::catch_unwind(|| Owserver::builder().arg("--no-such-option").start());
    let message = outcome.unwrap_err();
    let message = message.downcast_ref::<String>().unwrap();
    assert!(message.contains("unrecognized option"), "{message}");
    assert!(start.elapsed() < Duration::from_secs(60));
}

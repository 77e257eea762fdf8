//! `--sim` and `serve`: simulated devices in the tool.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use owproto_std::{Client, Error};

use super::{command, ow};

#[test]
fn commands_work_on_simulated_devices_without_a_server() {
    let listed = ow(&["--sim=tester:10,28,26", "dir"]);
    assert_eq!((listed.status, listed.stderr.as_str()), (Some(0), ""));
    assert_eq!(listed.stdout, "/10.000010EF0000\n/28.000028D70100\n/26.000026D90200\n");
    // The option may follow the command, and other options apply.
    let read = ow(&[
        "--trim",
        "-F",
        "read",
        "/10.000010EF0000/temperature",
        "/28.000028D70100/type",
        "--sim=tester:10,28",
    ]);
    assert_eq!((read.status, read.stdout.as_str()), (Some(0), "34.88\nDS18B20\n"));
    let refused = ow(&["--sim=28", "read", "/10.000010EF0000/temperature"]);
    assert_eq!((refused.status, refused.stdout.as_str()), (Some(1), ""));
}

#[test]
fn the_default_devices_are_of_many_kinds_and_the_same_each_time() {
    let tree = ow(&["--sim", "tree", "--values"]);
    assert_eq!((tree.status, tree.stderr.as_str()), (Some(0), ""));
    for name in ["DS18S20", "DS18B20", "DS2406", "DS2408", "DS2413", "DS2423", "DS2438", "DS2450", "kitchen"]
    {
        assert!(tree.stdout.contains(name), "{name} is not in:\n{}", tree.stdout);
    }
    assert_eq!(ow(&["--sim", "dir"]), ow(&["--sim", "dir"]), "two runs differ");
}

#[test]
fn an_invalid_spec_is_wrong_usage() {
    for spec in ["x", "28,", "tester:28.000028D70100", "28*0", "28=a/b", "28.000028D7010000"] {
        let finished = ow(&[&format!("--sim={spec}"), "dir"]);
        assert_eq!(finished.status, Some(2), "{spec}: {finished:?}");
        assert!(finished.stderr.contains("--sim"), "{spec}: {}", finished.stderr);
    }
    let both = ow(&["--sim", "--server", "127.0.0.1:1", "dir"]);
    assert_eq!(both.status, Some(2));
    assert!(both.stderr.contains("--server") && both.stderr.contains("--sim"), "{}", both.stderr);
}

/// A process of `ow serve`, killed at the end of the test.
struct Serving {
    child: Child,
    address: String,
}

impl Serving {
    fn start(args: &[&str]) -> Self {
        let mut child = command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let address = line.strip_prefix("listening on ").and_then(|rest| rest.strip_suffix('\n'));
        let address = address.unwrap_or_else(|| panic!("the first line is {line:?}")).to_owned();
        Self { child, address }
    }

    fn client(&self) -> Client {
        Client::new(&self.address).unwrap()
    }

    #[cfg(unix)]
    fn stop(mut self, signal: &str) -> (Option<i32>, String) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
        let status = self.child.wait().unwrap();
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        (status.code(), log)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have exited already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
#[cfg(unix)]
fn serve_prints_its_address_and_stops_at_a_signal() {
    for signal in ["INT", "TERM"] {
        let serving = Serving::start(&["--sim=tester:28", "serve", "--listen", ":0"]);
        let client = serving.client();
        assert_eq!(client.read("/28.000028D70000/temperature").unwrap(), b"           4");
        let address = serving.address.clone();
        let (status, log) = serving.stop(signal);
        assert_eq!(status, Some(0), "after SIG{signal}: {log}");
        assert!(log.contains(&format!("listening address={address}")), "{log}");
        assert!(client.read("/28.000028D70000/temperature").is_err(), "it still answers");
    }
}

#[test]
fn options_of_serve_change_the_server_and_the_devices() {
    let serving = Serving::start(&[
        "--sim=28=a",
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--readonly",
        "--max-persistent",
        "0",
        "--max-connections",
        "2",
        "--seed",
        "7",
    ]);
    let client = serving.client();
    let refused = client.write("/a/temphigh", "12").unwrap_err();
    assert_eq!(refused.return_code(), Some(owproto_core::ReturnCode::READ_ONLY_SERVER));
    let first = client.dir("/unaliased").unwrap();
    let same = Serving::start(&["--sim=28=a", "serve", "--listen", "0", "--seed", "7"]);
    assert_eq!(same.client().dir("/unaliased").unwrap(), first);
    let other = Serving::start(&["--sim=28=a", "serve", "--listen", "0", "--seed", "8"]);
    assert_ne!(other.client().dir("/unaliased").unwrap(), first);

    let hasty = ["serve", "--listen", "0", "--max-memory", "0", "--silence", "0.2"];
    let hasty = Serving::start(&hasty);
    let long = hasty.client().present(&"/a".repeat(1000)).unwrap_err();
    assert_eq!(long.return_code(), Some(owproto_core::ReturnCode::OUT_OF_MEMORY));
    let mut silent = std::net::TcpStream::connect(&hasty.address).unwrap();
    silent.set_read_timeout(Some(Duration::from_secs(8))).unwrap();
    assert_eq!(silent.read(&mut [0]).unwrap(), 0, "the silent connection is closed");

    let slow = Serving::start(&["--sim=28=a", "serve", "--listen", "0", "--latency", "400"]);
    let hasty = Client::builder()
        .server(&slow.address)
        .unwrap()
        .inactivity_timeout(Duration::from_millis(50))
        .build();
    assert!(matches!(hasty.read("/a/temperature"), Err(Error::TimedOut { .. })));
    assert!(slow.client().read_number("/a/temperature").is_ok());
}

#[test]
fn serve_fails_on_an_address_in_use_and_on_wrong_usage() {
    let taken = Serving::start(&["serve", "--listen", "0"]);
    let finished = ow(&["serve", "--listen", &taken.address]);
    assert_eq!(finished.status, Some(3));
    assert!(
        finished.stderr.contains(&taken.address) && finished.stderr.contains("--listen"),
        "{}",
        finished.stderr
    );
    assert_eq!(finished.stdout, "");
    for args in [
        &["serve", "--listen", "nowhere"][..],
        &["-s", "cellar", "serve"],
        &["serve", "--max-connections", "0"],
    ] {
        assert_eq!(ow(args).status, Some(2), "{args:?}");
    }
}

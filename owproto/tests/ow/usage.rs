use std::io::{BufRead, BufReader};
use std::process::Stdio;

use super::{command, finish, ow};

/// Wrong command lines, each with a part of its message. No server listens at the address, so a command line that is
/// accepted gives another status.
const WRONG: &[(&[&str], &str)] = &[
    (&[], "Usage:"),
    (&["frobnicate"], "'frobnicate'"),
    (&["read"], "<PATH>"),
    (&["present"], "<PATH>"),
    (&["get"], "<PATH>"),
    (&["write"], "PATH VALUE"),
    (&["write", "/a"], "no value is given for '/a'"),
    (&["write", "/a", "1", "/b"], "no value is given for '/b'"),
    (&["write", "/a", "--hex", "0g"], "'g' is not a hexadecimal digit"),
    (&["write", "/a", "1", "--offset", "-1"], "-1"),
    (&["read", "/a", "--size", "0"], "1..=100050"),
    (&["read", "/a", "--size", "-1"], "'-1'"),
    (&["read", "/a", "--size", "100051"], "1..=100050"),
    (&["read", "/a", "--offset", "-1"], "'-1'"),
    (&["read", "/a", "--offset", "2147483648"], "2147483647"),
    (&["read", "/a", "--hex", "--raw"], "--raw"),
    (&["--timeout", "-1", "ping"], "'-1'"),
    (&["--timeout", "soon", "ping"], "not a number of seconds"),
    (&["--inactivity", "nan", "ping"], "not a time of 0 or more seconds"),
    (&["-F", "-K", "ping"], "only one of"),
    (&["-F", "ping", "-C"], "only one of"),
    (&["--format", "ffi", "ping"], "f.i.c"),
    (&["--pressure", "bar", "ping"], "mmhg"),
    (&["-s", "a:b", "ping"], "HOST[:PORT]"),
    (&["-s", "", "ping"], "--server"),
    (&["-s", "123456", "ping"], "not a port"),
    (&["tree", "--depth", "0"], "'0'"),
    (&["tree", "--depth", "-2"], "'-2'"),
    (&["tree", "/a", "/b"], "'/b'"),
    (&["decode", "--chunk", "0"], "'0'"),
    (&["decode", "--chunk", "-1"], "'-1'"),
    (&["errors", "211"], "211"),
    (&["errors", "-211"], "-211"),
    (&["errors", "EPERM"], "'EPERM'"),
];

#[test]
fn wrong_usage_prints_a_message_and_gives_status_2() {
    for (args, part) in WRONG {
        let finished = finish(command(args).env("OWSERVER", "127.0.0.1:1"), b"");
        assert_eq!(finished.status, Some(2), "{args:?}: {finished:?}");
        assert!(finished.stderr.contains(part), "{args:?}: {}", finished.stderr);
        assert_eq!(finished.stdout, "", "{args:?}");
    }
}

#[test]
fn a_path_or_value_that_does_not_fit_into_a_request_is_wrong_usage() {
    let long = "a".repeat(4095);
    for args in [&["read", &long][..], &["dir", &long], &["write", &long, "1"]] {
        let finished = ow(args);
        assert_eq!(finished.status, Some(2));
        assert!(finished.stderr.contains("at most 4094 bytes, this one has 4095"), "{}", finished.stderr);
    }
    let value = "a".repeat(100_050);
    let finished = ow(&["-s", "127.0.0.1:1", "write", "/a", &value]);
    assert_eq!(finished.status, Some(2));
    assert!(finished.stderr.starts_with("error: cannot write /a: the request has "), "{}", finished.stderr);
}

#[test]
fn an_invalid_environment_variable_is_named_by_commands_that_need_a_server() {
    let finished = finish(command(&["ping"]).env("OWSERVER", "a:b"), b"");
    assert_eq!(finished.status, Some(2));
    assert_eq!(
        finished.stderr,
        "error: the environment variable OWSERVER is invalid: \"a:b\" is not of the form HOST[:PORT]\n"
    );
    let finished = finish(command(&["errors", "1"]).env("OWSERVER", "a:b"), b"");
    assert_eq!(finished.status, Some(0), "a command without a server ignores the variable");
}

#[test]
fn every_command_has_help_with_an_example() {
    let commands = ["dir", "read", "write", "present", "get", "ping", "tree", "decode", "errors"];
    for name in commands {
        let finished = ow(&[name, "--help"]);
        assert_eq!(finished.status, Some(0));
        assert!(finished.stdout.contains("Example") && finished.stdout.contains("JSON"), "{name}");
        assert!(finished.stdout.contains(&format!("ow {name}")), "{name}");
    }
    let help = ow(&["--help"]);
    assert_eq!(help.status, Some(0));
    assert!(commands.iter().all(|name| help.stdout.contains(&format!("\n  {name} "))), "{}", help.stdout);
    assert!(help.stdout.contains("OWSERVER") && help.stdout.contains("Exit status"));
    let version = ow(&["--version"]);
    assert_eq!(version.stdout, format!("ow {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_closed_pipe_ends_the_tool_silently_with_status_0() {
    let mut child = command(&["errors"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Closed before the tool writes, so the output need not be longer than a pipe holds.
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert_eq!(output.status.code(), Some(0));

    let mut child = command(&["--json", "errors"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("{\"code\":0,"));
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

//! The tool `ow` compared with the shell tools of OWFS, on a real owserver.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use owproto_tests::owserver::{Owserver, VECTOR_DEVICES};
use owproto_tests::process::Finished;
use owproto_tests::tools::{Tool, run_ow};
use serde_json::{Value, json};

const THERMOMETER: &str = "/10.000010EF0000";

/// Runs `ow` and returns its output.
fn output(server: SocketAddr, args: &[&str]) -> String {
    let finished = run_ow(server, args);
    assert_eq!(finished.status, Some(0), "{args:?}: {}", finished.stderr_text());
    assert_eq!(finished.stderr_text(), "", "{args:?}");
    String::from_utf8(finished.stdout).unwrap()
}

fn lines(server: SocketAddr, args: &[&str]) -> Vec<String> {
    output(server, args).lines().map(str::to_owned).collect()
}

fn objects(finished: &Finished) -> Vec<Value> {
    finished.stdout_text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The path of the device of a family.
fn device(server: SocketAddr, family: &str) -> String {
    let devices = lines(server, &["dir"]);
    let found = devices.into_iter().find(|name| name.starts_with(&format!("/{family}.")));
    found.unwrap_or_else(|| panic!("no device of family {family}"))
}

/// Compares what `ow` and one of the tools print, byte for byte, and their exit status.
fn assert_same(server: SocketAddr, ow: &[&str], tool: Tool, args: &[&str]) {
    let (ours, theirs) = (run_ow(server, ow), tool.run(server, args));
    assert_eq!(ours.stdout_text(), theirs.stdout_text(), "ow {ow:?} and {} {args:?}", tool.program());
    assert_eq!(ours.stdout, theirs.stdout, "ow {ow:?} and {} {args:?}", tool.program());
    assert_eq!(ours.status, theirs.status, "ow {ow:?} and {} {args:?}", tool.program());
}

fn vector_server() -> Owserver {
    Owserver::builder().tester(VECTOR_DEVICES).start()
}

#[test]
fn ow_dir_prints_what_owdir_prints() {
    let server = vector_server();
    let at = server.address();
    // owdir always requests buses and special directories.
    assert_same(at, &["dir", "--bus"], Tool::Owdir, &[]);
    assert_same(at, &["dir", "--bus", "--slash"], Tool::Owdir, &["--dir"]);
    assert_same(at, &["dir", "--bus", "--stream"], Tool::Owdir, &["/"]);
    assert_same(at, &["dir", "--bus", "--stream", "--slash"], Tool::Owdir, &["--dir", "/"]);
    for format in ["f.i", "fi", "f.i.c", "f.ic", "fi.c", "fic"] {
        assert_same(at, &["-f", format, "dir", "--bus"], Tool::Owdir, &["-f", format]);
    }
    let switch = device(at, "29");
    for path in ["/uncached", "/bus.0", "/settings", "/structure/10", "/simultaneous", "/alarm", &switch] {
        assert_same(at, &["dir", "--bus", path], Tool::Owdir, &[path]);
        assert_same(at, &["dir", "--bus", "--slash", path], Tool::Owdir, &["--dir", path]);
        assert_same(at, &["dir", "--bus", "--slash", "--stream", path], Tool::Owdir, &["--dir", path]);
    }
    let several = ["/", THERMOMETER, "/settings"];
    assert_same(at, &[&["dir", "--bus"], &several[..]].concat(), Tool::Owdir, &several);
    // Directories that the server refuses.
    assert_same(at, &["dir", "/nope"], Tool::Owdir, &["/nope"]);
    assert_same(at, &["dir", "/10.000010EF0000/type"], Tool::Owdir, &["/10.000010EF0000/type"]);
}

#[test]
fn ow_dir_without_bus_lists_only_devices() {
    let server = vector_server();
    let devices = lines(server.address(), &["dir"]);
    assert_eq!(devices.len(), VECTOR_DEVICES.split(',').count());
    let all = lines(server.address(), &["dir", "--bus"]);
    assert_eq!(all[..devices.len()], devices);
}

#[test]
fn ow_read_prints_what_owread_prints() {
    let server = vector_server();
    let at = server.address();
    let paths: Vec<String> = ["10", "29", "2D", "26"]
        .iter()
        .flat_map(|family| lines(at, &["dir", &device(at, family)]))
        .chain(["/settings/return_codes/text.ALL".to_owned(), "/system/configuration/version".to_owned()])
        .collect();
    assert!(paths.len() > 80, "{}", paths.len());
    for path in paths.iter().map(String::as_str) {
        // Including directories and properties that cannot be read.
        assert_same(at, &["read", path], Tool::Owread, &[path]);
        assert_same(at, &["read", "--hex", path], Tool::Owread, &["--hex", path]);
    }
    for scale in ["-C", "-F", "-K", "-R"] {
        let path = "/10.000010EF0000/temperature";
        assert_same(at, &[scale, "read", path], Tool::Owread, &[scale, path]);
    }
    let path = "/10.000010EF0000/address";
    for (size, offset) in [("3", "0"), ("3", "5"), ("100", "12"), ("1", "15"), ("5", "16")] {
        let options = [format!("--size={size}"), format!("--offset={offset}")];
        let options = [&*options[0], &*options[1]];
        assert_same(
            at,
            &["read", path, options[0], options[1]],
            Tool::Owread,
            &[options[0], options[1], path],
        );
    }
}

#[test]
fn several_values_are_printed_as_lines_or_raw() {
    let server = vector_server();
    let at = server.address();
    let page = device(at, "2D") + "/pages/page.0";
    let paths = ["/10.000010EF0000/temperature", "/10.000010EF0000/type", &page];
    let values: Vec<Vec<u8>> = paths.iter().map(|path| Tool::Owread.output(at, [path])).collect();
    let ours = run_ow(at, ["read"].iter().chain(&paths));
    assert_eq!(ours.stdout, values.iter().flat_map(|value| [value, &b"\n"[..]].concat()).collect::<Vec<_>>());
    assert_same(at, &[&["read", "--raw"], &paths[..]].concat(), Tool::Owread, &paths);
}

#[test]
fn many_reads_do_not_wait_for_delayed_acknowledgements() {
    let server = vector_server();
    let path = "/10.000010EF0000/temperature";
    let start = Instant::now();
    let values = lines(server.address(), &[&["read", "--trim"], &[path; 1000][..]].concat());
    assert_eq!(values.len(), 1000);
    assert!(values.iter().all(|value| *value == values[0]));
    // With delayed acknowledgements it takes 1.7 s, otherwise 0.3 s.
    assert!(start.elapsed() < Duration::from_millis(1200), "{:?}", start.elapsed());
}

#[test]
fn ow_present_prints_what_owpresent_prints() {
    let server = vector_server();
    let at = server.address();
    let paths = [THERMOMETER, "/", "/settings", "/10.000010EF0000/type", "/nope", "/28.FFFFFFFFFFFF"];
    for path in paths {
        assert_same(at, &["present", path], Tool::Owpresent, &[path]);
    }
    let ours = run_ow(at, ["present"].iter().chain(&paths));
    let theirs = Tool::Owpresent.run(at, paths);
    assert_eq!(ours.stdout_text().replace('\n', ""), theirs.stdout_text());
    assert_eq!((ours.status, theirs.status), (Some(1), Some(1)));
}

#[test]
fn ow_get_prints_what_owget_prints() {
    let server = vector_server();
    let at = server.address();
    for path in
        ["/", THERMOMETER, "/10.000010EF0000/type", "/10.000010EF0000/temperature", "/alarm", "/settings"]
    {
        assert_same(at, &["get", path], Tool::Owget, &[path]);
    }
    // For a path that does not exist, owget prints nothing and exits with 0.
    assert_eq!(run_ow(at, ["get", "/nope"]).status, Some(1));
}

#[test]
fn written_values_are_read_back() {
    let server = Owserver::builder().mock("10,23").start();
    let at = server.address();
    let (thermometer, memory) = (device(at, "10"), device(at, "23") + "/memory");
    let [high, low] = ["/temphigh", "/templow"].map(|name| thermometer.clone() + name);
    let read = |path: &str| Tool::Owread.output(at, [path]);

    assert_eq!(output(at, &["write", &high, "30", &low, "-5"]), "");
    let ours = [read(&high), read(&low)];
    assert_eq!(ours.each_ref().map(|value| value.trim_ascii()), [&b"30"[..], b"-5"]);
    Tool::Owwrite.output(at, ["--", &*high, "30", &low, "-5"]);
    assert_eq!([read(&high), read(&low)], ours);

    output(at, &["-F", "write", &high, "86"]);
    assert_eq!(read(&high), ours[0]);

    output(at, &["write", "--hex", &memory, "00 01 02 03 fe ff"]);
    assert_eq!(read(&memory)[..6], [0, 1, 2, 3, 0xfe, 0xff]);
    // A mock device accepts a write that begins inside, but does not store it.
    let finished = run_ow(at, ["-v", "--json", "write", "--hex", "--offset", "2", &memory, "AAbb"]);
    assert_eq!(objects(&finished), [json!({ "path": memory, "written": 2 })]);
    assert!(finished.stderr_text().contains("size 2 offset 2 "), "{}", finished.stderr_text());

    let alias = thermometer.clone() + "/alias";
    output(at, &["write", &alias, "--", "-cellar"]);
    assert_eq!(read(&alias), b"-cellar");
    assert_eq!(output(at, &["read", "/-cellar/temphigh"]).as_bytes(), ours[0]);
}

#[test]
fn a_refused_write_does_not_stop_the_others() {
    let server = Owserver::builder().mock("10").start();
    let at = server.address();
    let device = device(at, "10");
    let [high, low] = ["/temphigh", "/templow"].map(|name| device.clone() + name);
    let finished = run_ow(at, ["write", &high, "hot", &low, "7"]);
    assert_eq!(finished.status, Some(1));
    assert_eq!(
        finished.stderr_text(),
        format!("error: cannot write {high} at {at}: the property does not take this value (-22)\n")
    );
    assert_eq!(Tool::Owread.output(at, [&low]).trim_ascii(), b"7");
    let finished = run_ow(at, ["--json", "write", &high, "hot", &low, "8"]);
    assert_eq!(finished.status, Some(1));
    assert_eq!(
        objects(&finished),
        [
            json!({ "path": high, "error": { "code": 22, "text": "the property does not take this value" } }),
            json!({ "path": low, "written": 1 }),
        ]
    );
    assert_eq!(finished.stderr_text(), "");
}

#[test]
fn a_write_that_was_cut_prints_a_warning() {
    let server = vector_server();
    let alias = format!("{THERMOMETER}/alias");
    let finished = run_ow(server.address(), ["write", &alias, &"a".repeat(300)]);
    assert_eq!(finished.status, Some(0));
    assert_eq!(
        finished.stderr_text(),
        format!("warning: the server wrote only 256 of 300 bytes to {alias}\n")
    );
}

#[test]
fn errors_name_path_address_and_code() {
    let server = vector_server();
    let at = server.address();
    let cases: [(&[&str], &str, &str); 6] = [
        (&["read", "/nope"], "cannot read /nope", "no such path (-1)"),
        (&["read", "/10.000010EF0000"], "cannot read /10.000010EF0000", "a directory, not a property (-21)"),
        (&["dir", "/10.000010EF0000/type"], "cannot list", "a property, not a directory (-20)"),
        (&["dir", "--stream", "/nope"], "cannot list /nope", "(-1)"),
        (&["get", "/nope"], "cannot get /nope", "(-1)"),
        (&["tree", "/nope"], "cannot list /nope", "(-1)"),
    ];
    for (args, beginning, end) in cases {
        let finished = run_ow(at, args);
        let stderr = finished.stderr_text();
        assert_eq!((finished.status, finished.stdout_text().as_str()), (Some(1), ""), "{args:?}");
        assert!(stderr.starts_with(&format!("error: {beginning}")), "{stderr}");
        assert!(stderr.ends_with(&format!("{end}\n")) && stderr.contains(&at.to_string()), "{stderr}");
        let finished = run_ow(at, [&["--json"], args].concat());
        assert_eq!((finished.status, finished.stderr_text().as_str()), (Some(1), ""), "{args:?}");
        assert!(objects(&finished)[0]["error"]["code"].is_u64(), "{args:?}");
    }
}

#[test]
fn json_is_as_documented() {
    let server = vector_server();
    let at = server.address();
    let object = |args: &[&str]| output(at, &[&["--json"], args].concat());
    let temperature = "/10.000010EF0000/temperature";
    assert_eq!(
        object(&["read", temperature]),
        "{\"path\":\"/10.000010EF0000/temperature\",\"value\":\"         1.6\",\
         \"hex\":\"202020202020202020312e36\"}\n"
    );
    assert_eq!(object(&["present", "/"]), "{\"path\":\"/\",\"present\":true}\n");
    assert_eq!(object(&["write", "/10.000010EF0000/temphigh", "30"]).matches("\"written\":2").count(), 1);
    let dir: Value = serde_json::from_str(&object(&["dir"])).unwrap();
    let entries: Vec<&str> = dir["entries"].as_array().unwrap().iter().map(|e| e.as_str().unwrap()).collect();
    assert_eq!(entries, lines(at, &["dir"]));
    assert_eq!(object(&["dir"]), object(&["dir", "--stream"]));
    assert_eq!(object(&["get", temperature]), object(&["read", temperature]));
    assert_eq!(object(&["get", THERMOMETER]), object(&["dir", THERMOMETER]));
    let ping: Value = serde_json::from_str(&object(&["ping"])).unwrap();
    assert_eq!(ping["server"], at.to_string());
    // Values that are not UTF-8 are null.
    let path = device(at, "2D") + "/pages/page.0";
    let page: Value = serde_json::from_str(&object(&["read", &path])).unwrap();
    let bytes = Tool::Owread.output(at, ["--hex", &path]);
    assert_eq!(page["hex"].as_str().unwrap(), String::from_utf8(bytes).unwrap().to_ascii_lowercase());
    assert_eq!(page["value"], Value::Null);
}

#[test]
#[cfg(unix)]
fn aliases_of_any_bytes_are_printed_and_accepted() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let server = vector_server();
    let at = server.address();
    let alias = b"k\xfcche, links";
    output(at, &["write", "--hex", "/10.000010EF0000/alias", "6bfc636865 2c20 6c696e6b73"]);
    let path = [b"/", &alias[..]].concat();
    let listed =
        |args: &[&str]| run_ow(at, args).stdout.split(|&byte| byte == b'\n').any(|line| line == path);
    assert!(listed(&["dir"]) && listed(&["dir", "--stream"]));
    let value = run_ow(at, [OsStr::new("read"), OsStr::from_bytes(&[&path[..], b"/type"].concat())]);
    assert_eq!(value.stdout, b"DS18S20");
    let present = run_ow(at, [OsStr::new("--json"), OsStr::new("present"), OsStr::from_bytes(&path)]);
    assert_eq!(objects(&present)[0]["path_hex"], "2f6bfc6368652c206c696e6b73");
}

#[test]
fn a_tree_shows_each_device_once_and_ends() {
    // A coupler: the simulated bus shows all devices again on its branches, the coupler too.
    let server = Owserver::builder().tester("10,1F,29").start();
    let at = server.address();
    assert_eq!(
        output(at, &["tree", "--depth", "1"]),
        "/\n├── 10.000010EF0000/\n├── 1F.00001FE00100/\n└── 29.000029D60200/\n"
    );
    let tree = output(at, &["tree"]);
    assert_eq!(tree.matches("── 10.000010EF0000/").count(), 3, "on the bus and on two branches");
    for special in ["settings", "uncached", "bus.0", "simultaneous"] {
        assert!(!tree.contains(special), "{special}");
    }
    let bus = output(at, &["tree", "--depth", "2", "/bus.0"]);
    assert!(bus.starts_with("/bus.0\n├── interface/\n│   ├── settings/\n"), "{bus}");
    assert!(
        output(at, &["tree", "/uncached", "--depth", "1"]).starts_with("/uncached\n├── 10.000010EF0000/\n")
    );
}

#[test]
fn a_tree_shows_values_or_the_reason_for_their_absence() {
    let server = vector_server();
    let at = server.address();
    let tree = output(at, &["tree", "--values", THERMOMETER]);
    assert!(tree.contains("\n├── temperature  1.6\n"), "{tree}");
    assert!(tree.contains("\n├── errata/\n│   ├── die          "), "{tree}");
    // Write-only, binary, and long values.
    let tree = output(at, &["tree", "--values", &device(at, "20")]);
    assert!(tree.contains("[cannot be read]") && tree.contains("… (32 bytes)"), "{tree}");
    let finished = run_ow(at, ["--json", "tree", "--values", THERMOMETER]);
    let objects = objects(&finished);
    assert_eq!(objects[0]["path"], THERMOMETER);
    assert!(objects[0]["entries"].as_array().unwrap().contains(&json!("/10.000010EF0000/errata/")));
    assert!(objects.iter().any(|object| object["value"] == "         1.6"));
}

#[test]
fn servers_that_refuse_message_types_or_persistence_give_the_same_output() {
    let plain = Owserver::builder().tester("10,29").start();
    let commands: [&[&str]; 7] = [
        &["dir", "--bus"],
        &["dir", "--slash", "/10.000010EF0000"],
        &["get", "/10.000010EF0000"],
        &["get", "/10.000010EF0000/type"],
        &["read", "/10.000010EF0000/type", "/10.000010EF0000/temperature"],
        &["--no-persistence", "tree", "--values"],
        &["tree", "--values"],
    ];
    let expected = commands.map(|args| output(plain.address(), args));
    for builder in [
        Owserver::builder().no_dirall().no_get(),
        Owserver::builder().no_persistence(),
        Owserver::builder().pingcrazy(),
        Owserver::builder().behind(plain.address()),
    ] {
        // The last server has the first one as its bus.
        let is_chained = format!("{builder:?}").contains(&plain.address().to_string());
        let server = if is_chained { builder } else { builder.tester("10,29") }.start();
        for (args, expected) in commands.iter().zip(&expected) {
            if is_chained && args.contains(&"--bus") {
                continue;
            }
            assert_eq!(
                &output(server.address(), args),
                expected,
                "{args:?} {builder:?}",
                builder = server.log()
            );
        }
    }
}

#[test]
#[cfg(unix)]
fn a_server_that_stops_or_ends_is_named_in_the_error() {
    let mut server = Owserver::builder().tester("10").start();
    let at = server.address();
    server.pause();
    let finished = run_ow(at, ["--inactivity", "0.2", "read", "/10.000010EF0000/type"]);
    assert_eq!(finished.status, Some(3));
    assert_eq!(
        finished.stderr_text(),
        format!(
            "error: cannot read /10.000010EF0000/type: {at} did not reply in time: the server was silent for too \
             long (limit 0.2 s)\n"
        )
    );
    server.resume();
    assert_eq!(output(at, &["read", "/10.000010EF0000/type"]), "DS18S20");
    server.kill();
    let finished = run_ow(at, ["read", "/10.000010EF0000/type"]);
    assert_eq!(finished.status, Some(3));
    assert!(finished.stderr_text().contains(&format!("no server listens at {at}")), "{finished:?}");
}

#[test]
fn fake_devices_are_listed_and_read() {
    let server = Owserver::builder().fake("10,28,26").start();
    let at = server.address();
    assert_same(at, &["dir", "--bus"], Tool::Owdir, &[]);
    for device in lines(at, &["dir"]) {
        for name in ["address", "family", "type", "crc8", "alias"] {
            let path = format!("{device}/{name}");
            assert_same(at, &["read", &path], Tool::Owread, &[&path]);
        }
        // A random number.
        let path = format!("{device}/temperature");
        assert!(output(at, &["--trim", "read", &path]).parse::<f64>().is_ok());
    }
}

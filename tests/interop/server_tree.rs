//! Our server's tree gives the same bytes as a real `owserver --tester` for the same requests.
//!
//! The captured exchanges have one or two of each kind. These tests cover all: every directory, every property, every record,
//! and paths and writes that are wrong in many ways.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use owproto_core::wire::{Flags, MessageType};
use owproto_core::{ReplyEvent, ReplyParser, Request};
use owproto_tests::core_server::{AfterInput, Chunking, CoreConnection, CoreServer};
use owproto_tests::owserver::Owserver;

/// The families of the captured exchanges.
const STANDARD: &str = "10,28,26,05,20,29,12,1D,2D,1F,01,04,24,FF,3A,21,EF,99,DD";

/// More families.
const FAMILIES: &str = "10,28,26,05,20,29,12,1D,2D,1F,01,04,24,FF,3A,21,EF,99,DD,22,23,3B,42,7E,30,A5";

/// Properties whose text is not simulated.
const REAL: [&str; 7] = ["/address", "/r_address", "/id", "/r_id", "/type", "/family", "/crc8"];

/// A persistent connection to each server, for the same requests.
struct Both {
    theirs: TcpStream,
    ours: CoreConnection,
    server: CoreServer,
    compared: usize,
    differences: Vec<String>,
    /// Kept so that it lives as long as the connection.
    _real: Owserver,
}

impl Both {
    fn start(families: &str) -> Self {
        let real = Owserver::builder().tester(families).start();
        let theirs = TcpStream::connect(real.address()).unwrap();
        theirs.set_nodelay(true).unwrap();
        theirs.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let server = CoreServer::new(&format!("owserver --tester={families}")).unwrap();
        let ours = CoreConnection::new(&server, Chunking::SmallBuffer);
        Self { theirs, ours, server, compared: 0, differences: Vec::new(), _real: real }
    }

    /// Sends a request to both, compares, and returns the answer of the real server.
    fn compare(&mut self, request: &Request<'_>) -> Vec<u8> {
        let request = request.with_flags(request.flags() | Flags::PERSISTENCE);
        let mut bytes = vec![0; request.encoded_len()];
        request.encode(&mut bytes).unwrap();
        self.theirs.write_all(&bytes).unwrap();
        let theirs = self.answer(request.message_type() == MessageType::DIR);
        let ours = self.ours.exchange(&mut self.server, &bytes, AfterInput::Return);
        self.compared += 1;
        if theirs != ours.bytes {
            let cut = |bytes: &[u8]| bytes[..bytes.len().min(400)].escape_ascii().to_string();
            self.differences.push(format!(
                "{} {} size {} offset {} data {}\n  theirs {}\n  ours   {}",
                request.message_type(),
                request.path().escape_ascii(),
                request.header().size,
                request.header().offset,
                request.data().escape_ascii(),
                cut(&theirs),
                cut(&ours.bytes),
            ));
        }
        theirs
    }

    /// All bytes of one answer of the real server, without keepalives.
    fn answer(&mut self, is_list: bool) -> Vec<u8> {
        let mut parser = ReplyParser::new(Vec::new()).with_limit(1 << 20);
        let mut answer = Vec::new();
        let mut buffer = [0; 65536];
        loop {
            let n = self.theirs.read(&mut buffer).unwrap();
            assert!(n > 0, "the real server closed the connection after {} requests", self.compared);
            let mut input = &buffer[..n];
            loop {
                match parser.parse(&mut input).unwrap() {
                    ReplyEvent::NeedMore(_) => break,
                    ReplyEvent::Keepalive => {}
                    ReplyEvent::Reply(reply) => {
                        answer.extend_from_slice(&reply.header().to_bytes());
                        answer.extend_from_slice(reply.payload());
                        if !is_list || reply.payload().is_empty() {
                            assert!(input.is_empty());
                            return answer;
                        }
                    }
                }
            }
        }
    }

    /// Directories and properties below a directory, itself included.
    fn walk(&mut self, path: &str, found: &mut Vec<(String, bool)>) {
        found.push((path.to_owned(), true));
        let answer = self.compare(&Request::dirallslash(path).unwrap());
        let list = String::from_utf8_lossy(answer.get(24..).unwrap_or_default()).into_owned();
        for entry in list.trim_end_matches('\0').split(',').filter(|entry| !entry.is_empty()) {
            match entry.strip_suffix('/') {
                // Branches have no end: each has all devices again.
                Some(branch) if branch.ends_with("/main") || branch.ends_with("/aux") => {}
                Some(directory) => self.walk(directory, found),
                None => found.push((entry.to_owned(), false)),
            }
        }
    }

    fn finish(self) {
        println!("{} requests compared, {} differ", self.compared, self.differences.len());
        for difference in self.differences.iter().take(60) {
            println!("{difference}");
        }
        assert!(self.differences.is_empty(), "{} answers differ", self.differences.len());
    }
}

#[test]
fn every_directory_and_every_property_has_the_same_bytes() {
    let mut both = Both::start(FAMILIES);
    let mut found = Vec::new();
    both.walk("/", &mut found);
    let of_devices = found.len();
    both.walk("/structure", &mut found);
    println!("{of_devices} in devices, {} in all", found.len());
    for (at, (path, is_directory)) in found.iter().enumerate() {
        if *is_directory {
            both.compare(&Request::dir(path).unwrap());
            both.compare(&Request::dirall(path).unwrap());
        }
        // The elements of long logs are all similar.
        let is_tail = path.contains("/log/") && !path.ends_with(".0") && !path.ends_with(".2047");
        if is_tail && !path.ends_with(".ALL") {
            continue;
        }
        both.compare(&Request::presence(path).unwrap());
        if path.ends_with("/present") {
            continue;
        }
        let read = Request::read(path).unwrap();
        let value = both.compare(&read);
        if *is_directory || at >= of_devices {
            continue;
        }
        let is_all = path.ends_with(".ALL");
        // For an offset into simulated text and bytes, the real server sends uninitialised memory.
        let is_made_up = path.ends_with("MultiSensor/type")
            || path.starts_with("/EF.") && path.ends_with("/type")
            || value.len() != 24 + 12 && !REAL.iter().any(|name| path.ends_with(name));
        both.compare(&read.with_flags(Flags(0x0001_0000 | Flags::TRIM.0)));
        // An array that is not simulated is -14 in the real server, since its value has no comma.
        if !path.ends_with("histogram/temperature.ALL") {
            both.compare(&read.with_size(1).unwrap());
        }
        if !is_all && !is_made_up {
            both.compare(&read.with_size(7).unwrap().with_offset(3).unwrap());
            both.compare(&read.with_offset(12).unwrap().with_flags(Flags::TRIM));
        }
    }
    both.finish();
}

/// Valid and invalid paths.
const PATHS: &[&str] = &[
    "",
    "/",
    "/uncached/",
    "/uncached//",
    "//10.000010EF0000",
    "/10.000010EF0000//id",
    "10.000010EF0000/type",
    "/10000010EF0000/type",
    "/10.000010ef0000.5b/type",
    "/10.000010EF00005C/type",
    "/10.000010EF0000./type",
    "/10.000010EF000/type",
    "/10.112233445566/type",
    "/10.000010EF0000/",
    "/10.000010EF0000/type/",
    "/10.000010EF0000/errata/",
    "/10.000010EF0000/errata/die/",
    "/10.000010EF0000/Type",
    "/10.000010EF0000/temperature.",
    "/10.000010EF0000/temperature.0",
    "/10.000010EF0000/temperature.ALL",
    "/10.000010EF0000/uncached/type",
    "/29.000029D60500/PIO",
    "/29.000029D60500/PIO.",
    "/29.000029D60500/PIO.0",
    "/29.000029D60500/PIO.07",
    "/29.000029D60500/PIO.8",
    "/29.000029D60500/PIO.-1",
    "/29.000029D60500/PIO.+1",
    "/29.000029D60500/PIO. 1",
    "/29.000029D60500/PIO.1x",
    "/29.000029D60500/PIO.A",
    "/29.000029D60500/PIO.all",
    "/29.000029D60500/PIO.byte",
    "/29.000029D60500/LCD_H/message",
    "/20.000020DF0400/volt.a",
    "/20.000020DF0400/volt.E",
    "/20.000020DF0400/volt.aa",
    "/20.000020DF0400/volt.0",
    "/20.000020DF0400/volt.BYTE",
    "/DD.0000DD221200/is_index_prime",
    "/DD.0000DD221200/is_index_prime.7",
    "/DD.0000DD221200/is_index_prime.x",
    "/DD.0000DD221200/is_index_prime.ALL",
    "/DD.0000DD221200/extension_characters",
    "/DD.0000DD221200/extension_characters.any text",
    "/DD.0000DD221200/extension_characters.ALL",
    "/1D.00001DE20700/counters.A",
    "/EF.0000EF101000/hub/branch.0",
    "/99.000099661100/type",
    "/99.000099661100/address",
    "/bus.0",
    "/bus.0/",
    "/bus.1",
    "/bus.",
    "/bus.x",
    "/bus.0/bus.0",
    "/bus.0/28.000028D70100/type",
    "/bus.0/uncached/28.000028D70100/type",
    "/uncached/bus.0/uncached/28.000028D70100/type",
    "/bus.0/structure",
    "/bus.0/settings",
    "/bus.0/interface",
    "/bus.0/interface/settings/name",
    "/bus.0/interface/settings/address",
    "/bus.0/interface/settings/version",
    "/interface",
    "/alarm",
    "/alarm/",
    "/alarm/alarm",
    "/alarm/10.000010EF0000/temperature",
    "/alarm/simultaneous",
    "/simultaneous",
    "/simultaneous/temperature",
    "/simultaneous/voltage",
    "/simultaneous/present",
    "/simultaneous/iblss",
    "/simultaneous/single",
    "/simultaneous/nope",
    "/bus.0/simultaneous/temperature",
    "/thermostat",
    "/thermostat/temperature",
    "/text/structure/10/type",
    "/json/28.000028D70100/type",
    "/unaliased/28.000028D70100/type",
    "/SETTINGS/units",
    "/Uncached/28.000028D70100/type",
    "/structure",
    "/structure/",
    "/structure/10",
    "/structure/10/",
    "/structure/1f/type",
    "/structure/99",
    "/structure/90",
    "/structure/10/temperature/",
    "/structure/10/errata",
    "/structure/26/pages",
    "/structure/29/PIO",
    "/structure/29/PIO.7",
    "/structure/29/PIO.8",
    "/structure/29/PIO.BYTE",
    "/structure/DD/is_index_prime.7",
    "/structure/DD/extension_characters.Q",
    "/structure/simultaneous/temperature",
    "/structure/thermostat/type",
    "/structure/1F/main",
    "/settings/alias",
    "/settings/alias/list",
    "/settings/alias/unaliased",
    "/settings/timeout/volatile",
    "/settings/timeout/uncached",
    "/settings/timeout/nope",
    "/settings/return_codes/text",
    "/settings/return_codes/text.0",
    "/settings/return_codes/text.100",
    "/settings/return_codes/text.211",
    "/settings/return_codes/text.ALL",
    "/system",
    "/system/configuration/version",
    "/system/process/pidfile",
    "/statistics/read",
    "/../type",
    "/28.000028D70100/temperature\n",
    "/\u{80}\u{ff}",
];

#[test]
fn valid_and_invalid_paths_have_the_same_bytes() {
    let mut both = Both::start(STANDARD);
    for path in PATHS {
        for flags in [0, 0x2, 0x20, 0x22, 0x0512_0040] {
            let flags = Flags(flags);
            both.compare(&Request::presence(path).unwrap().with_flags(flags));
            both.compare(&Request::dir(path).unwrap().with_flags(flags));
            both.compare(&Request::dirall(path).unwrap().with_flags(flags));
            both.compare(&Request::dirallslash(path).unwrap().with_flags(flags));
            both.compare(&Request::get(path).unwrap().with_flags(flags));
            both.compare(&Request::getslash(path).unwrap().with_flags(flags));
            both.compare(&Request::read(path).unwrap().with_flags(flags));
        }
        let read = Request::read(path).unwrap();
        for size in [0, 1, 23, 100_050, 100_051, -1] {
            both.compare(&read.with_raw_size(size));
        }
    }
    both.finish();
}

/// Paths to write to, and the values.
const WRITES: &[(&str, &[&str])] = &[
    (
        "/28.000028D70100/templow",
        &[
            "30",
            "-12.5",
            "hello",
            "",
            "30 degrees",
            " \t\n+.5",
            ".",
            "1e",
            "1e999",
            "-1e-999",
            "0x1p4",
            "0x",
            "inf",
            "nan(abc)",
            "1\u{0}2",
            "1,2",
        ],
    ),
    ("/28.000028D70100/temperature", &["30", "x"]),
    ("/28.000028D70100/type", &["x", ""]),
    ("/28.000028D70100", &["30"]),
    ("/28.000028D70100/nope", &["30"]),
    ("/04.000004FB0B00/udate", &["1234567890", "-5", " +7x", "-", "", "99999999999999999999999"]),
    (
        "/29.000029D60500/PIO.0",
        &["1", "2", "yes", "Nyet", "ON", "off", "o", "maybe", "", " \t", "\n", "-0", "99999999999999999999"],
    ),
    ("/29.000029D60500/PIO.BYTE", &["165", "x", "999", "-1"]),
    (
        "/29.000029D60500/PIO.ALL",
        &[
            "1,0,1,0,1,0,1,0",
            "1,0,1,0,1,0,1,0,1",
            "1,0,1",
            "1,0,1,0,1,0,1,",
            "1,0,1,0,1,0,1, ",
            "yes,no,1,0,1,0,1,0 and more",
            "",
        ],
    ),
    ("/29.000029D60500/PIO.8", &["1"]),
    (
        "/24.000024DB0C00/date",
        &[
            "",
            "1",
            "\n",
            "\nxxxx",
            "12:27:02 Fri Mar 23 2007",
            "Mar 23 2007 12:27:02 and more",
            "friday MARCH 3 2007 1:2:3",
            "Fri Mar 23 12:27:02 2007",
            "03/23/07 12:27:02",
            "  3/23/07   12:27:02",
            "2021-01-01",
            "99/99/07 12:00:00",
            "Feb 31 2007 00:00:00",
            "Mar 23 2007",
            "12:27:02",
            "Mar 32 2007 1:1:1",
            "Mar 23 2007 25:00:00",
        ],
    ),
    ("/FF.0000FF000D00/screen16", &["Hello, world", ""]),
    ("/FF.0000FF000D00/line16.0", &["a", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]),
    ("/FF.0000FF000D00/line16.ALL", &["a,b,c,d", "a,b,c", "aaaaaaaaaaaaaaaaaaaaaaaa,b,,d,e"]),
    (
        "/2D.00002DD20800/pages/page.0",
        &["0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdefxxx", "x"],
    ),
    ("/2D.00002DD20800/pages/page.ALL", &["too short"]),
    ("/structure/10/templow", &["16", "x"]),
    ("/structure/10", &["16"]),
    ("/system/process/pid", &["16", "x"]),
    ("/statistics/read/calls", &["16", "x"]),
    ("/settings/alias/list", &["x", ""]),
    ("/settings/return_codes/text.1", &["x"]),
    ("/settings/timeout/volatile", &["16", "x", "15"]),
    ("/settings/timeout/uncached", &["1", "no"]),
    ("/settings/units/temperature_scale", &["F", "f", "X", " C", "", "CCCC"]),
    ("/settings/units/pressure_scale", &["psi", "PSI", "x", "", "atmos", "mmhg", "1", "mbarxyzmbarxyz"]),
    ("/simultaneous/temperature", &["1", "0", "x", ""]),
    ("/simultaneous/iblss", &["1"]),
    ("/bus.0/simultaneous/voltage", &["1"]),
    ("/", &["30"]),
    ("/nonexistent", &["30"]),
    ("/28.000028D70100/alias", &["settings", "text", "bus.1", "a/b", " ", "", "kitchen", ""]),
];

#[test]
fn valid_and_invalid_writes_have_the_same_bytes() {
    let mut both = Both::start(STANDARD);
    for (path, values) in WRITES {
        for value in *values {
            let write = Request::write(path, value).unwrap();
            both.compare(&write);
            // Process ids and statistics differ.
            if !path.ends_with("/pid") && !path.starts_with("/statistics") {
                both.compare(&Request::read(path).unwrap());
            }
            for offset in [1, 16, 300, -1] {
                both.compare(&write.with_raw_offset(offset));
            }
        }
    }
    both.finish();
}

//! The gateway on a board, with the shell tools, pyownet and owserver as its clients.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use owproto_std::{Client, Error, Listing};
use owproto_tests::owserver::Owserver;
use owproto_tests::process::{self, Finished};
use owproto_tests::qemu::Board;
use owproto_tests::tools::{Tool, pyownet, run_ow};
use owproto_tests::vectors;

/// The most clients that the gateway serves concurrently.
pub(crate) const MAX_CLIENTS: usize = 4;

/// The thermometers on the gateway's bus, and their temperatures.
pub(crate) const TEMPERATURES: [(&str, f64); 4] = [
    ("/28.010000000000", 21.5),
    ("/28.020000000000", 19.0),
    ("/28.030000000000", -10.125),
    ("/28.040000000000", 63.9375),
];
const SWITCHES: [&str; 2] = ["/3A.010000000000", "/3A.020000000000"];

/// By how much the simulated temperatures vary, in degrees.
pub(crate) const VARIATION: f64 = 2.0;

/// The longest time for a client.
const DEADLINE: Duration = Duration::from_secs(60);

fn stdout(finished: Finished) -> String {
    assert_eq!(finished.status, Some(0), "{}", finished.stderr_text());
    finished.stdout_text()
}

/// A client with long timeouts: TCP sends lost segments again after a second, and then after twice as long each time.
pub(crate) fn patient_client(address: &str) -> Client {
    let builder = Client::builder().server(address).unwrap().persistent(true).connections(1);
    builder.inactivity_timeout(DEADLINE).total_timeout(DEADLINE).build()
}

/// The devices. The gateway resets a new connection while all of its own are in use, and that of an earlier client may still be
/// closing.
fn list_when_free(client: &Client) -> Listing {
    let start = Instant::now();
    loop {
        match client.dir("/") {
            Err(Error::Io { .. }) if start.elapsed() < DEADLINE => thread::sleep(Duration::from_millis(100)),
            listing => return listing.unwrap(),
        }
    }
}

/// Checks that a client sees all devices and their temperatures.
pub(crate) fn check_devices(board: &Board) {
    let client = patient_client(&board.address().to_string());
    let devices = list_when_free(&client);
    assert_eq!(devices.iter().count(), 6);
    let paths: Vec<_> = TEMPERATURES.iter().map(|(device, _)| format!("{device}/temperature")).collect();
    for ((path, expected), answer) in
        paths.iter().zip(TEMPERATURES).map(|(path, (_, value))| (path, value)).zip(client.read_many(&paths))
    {
        let text = String::from_utf8(answer.unwrap()).unwrap();
        let celsius: f64 = text.trim().parse().unwrap();
        assert!((celsius - expected).abs() < VARIATION, "{path}: {text}");
    }
}

#[test]
fn shell_tools_and_pyownet_find_the_devices() {
    let board = Board::gateway().start();
    let server = board.address();
    check_devices(&board);
    let listing = stdout(Tool::Owdir.run(server, ["/"]));
    for device in TEMPERATURES.iter().map(|(device, _)| *device).chain(SWITCHES) {
        assert!(listing.lines().any(|line| line == device), "{device}: {listing}");
        assert_eq!(stdout(Tool::Owpresent.run(server, [device])).trim(), "1");
    }
    assert_eq!(Tool::Owpresent.run(server, ["/28.AA0000000000"]).stdout_text().trim(), "0");
    let (path, celsius) = ("/28.020000000000/temperature", 19.0);
    let script = "import sys; from pyownet import protocol; \
                  proxy = protocol.proxy('127.0.0.1', int(sys.argv[1]), persistent=True); \
                  print(proxy.read(sys.argv[2]).decode(), len(proxy.dir('/')))";
    let answers = [
        stdout(Tool::Owread.run(server, [path])),
        stdout(run_ow(server, ["read", path])),
        stdout(process::run(pyownet().args(["-c", script, &server.port().to_string(), path]))),
    ];
    for answer in &answers {
        let value: f64 = answer.split_whitespace().next().unwrap().parse().unwrap();
        assert!((value - celsius).abs() < VARIATION, "{answers:?}");
    }
    let fahrenheit: f64 = stdout(Tool::Owread.run(server, ["-F", path])).trim().parse().unwrap();
    assert!((fahrenheit - 66.2).abs() < VARIATION * 1.8, "{fahrenheit}");
}

#[test]
fn switches_can_be_written_and_read() {
    let board = Board::gateway().start();
    let server = board.address();
    let (pio, sensed) = (format!("{}/PIO.ALL", SWITCHES[0]), format!("{}/sensed.ALL", SWITCHES[0]));
    let bit = |number: usize| {
        let text = stdout(Tool::Owread.run(server, [&pio]));
        text.trim().split(',').nth(number).unwrap().to_owned()
    };
    for value in ["1", "0", "1"] {
        assert_eq!(Tool::Owwrite.run(server, [&format!("{}/PIO.A", SWITCHES[0]), value]).status, Some(0));
        assert_eq!(bit(0), value);
        // A transistor that is on pulls its pin low.
        let levels = stdout(Tool::Owread.run(server, [format!("/uncached{sensed}")]));
        assert_eq!(levels.trim().starts_with('0'), value == "1", "{levels}");
    }
    let refused = Tool::Owwrite.run(server, [&format!("{}/PIO.A", SWITCHES[0]), "perhaps"]);
    assert_ne!(refused.status, Some(0));
    check_devices(&board);
}

#[test]
fn an_owserver_with_the_gateway_as_its_bus_shows_the_devices() {
    let board = Board::gateway().start();
    let front = Owserver::builder().behind(board.address()).start();
    for (device, celsius) in TEMPERATURES {
        let text = stdout(Tool::Owread.run(front.address(), [format!("{device}/temperature")]));
        let value: f64 = text.trim().parse().unwrap();
        assert!((value - celsius).abs() < VARIATION, "{device}: {text}");
        assert!(stdout(Tool::Owdir.run(front.address(), ["/"])).contains(device));
    }
}

/// The bytes of a READ.
fn read_request(path: &str) -> Vec<u8> {
    let payload = [path.as_bytes(), b"\0"].concat();
    let words = [0, i32::try_from(payload.len()).unwrap(), 2, 0x100, 100, 0];
    words.iter().flat_map(|word| word.to_be_bytes()).chain(payload).collect()
}

fn connect(server: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(server).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream
}

/// Clients time out after 2 s of silence. The gateway sends keepalives during a conversion of 750 ms.
#[test]
fn keepalives_are_sent_during_a_conversion() {
    let board = Board::gateway().start();
    check_devices(&board);
    let mut stream = connect(board.address());
    stream.write_all(&read_request("/uncached/28.010000000000/temperature")).unwrap();
    let start = Instant::now();
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).unwrap();
    assert!(start.elapsed() >= Duration::from_millis(700), "{:?}", start.elapsed());
    let keepalives = reply.chunks(24).take_while(|header| header[4] & 0x80 != 0).count();
    assert!(keepalives >= 1, "{reply:?}");
    assert_eq!(reply.len(), (keepalives + 1) * 24 + 12, "{reply:?}");
}

/// Some clients may be refused and connect again. None waits without end, and all are served.
#[test]
fn more_clients_than_the_gateway_has_connections_are_all_served() {
    let board = Board::gateway().start();
    let server = board.address();
    check_devices(&board);
    let clients: Vec<_> = (0..3 * MAX_CLIENTS)
        .map(|number| {
            thread::spawn(move || {
                let path = format!("{}/temperature", TEMPERATURES[number % 4].0);
                let mut refused = 0;
                for _ in 0..10 {
                    // Without persistence, so that connections become free.
                    while Tool::Owread.run(server, [&path]).status != Some(0) {
                        refused += 1;
                        assert!(refused < 200, "never served");
                        thread::sleep(Duration::from_millis(20));
                    }
                }
                refused
            })
        })
        .collect();
    let refused: Vec<u32> = clients.into_iter().map(|client| client.join().unwrap()).collect();
    println!("{} clients, refused connections of each: {refused:?}", 3 * MAX_CLIENTS);
    check_devices(&board);
}

#[test]
fn clients_that_stall_within_a_request_are_disconnected() {
    let board = Board::gateway().start();
    check_devices(&board);
    let request = read_request("/28.010000000000/type");
    let stall = || {
        let mut stream = connect(board.address());
        stream.write_all(&request[..20]).unwrap();
        stream
    };
    let mut stalled: Vec<_> = (1..MAX_CLIENTS).map(|_| stall()).collect();
    // One connection is free.
    check_devices(&board);
    let start = Instant::now();
    stalled.push(stall());
    // Now none is free, and a further client is refused immediately.
    let mut refused = connect(board.address());
    let _ = refused.write_all(&request);
    let mut answer = Vec::new();
    if let Err(error) = refused.read_to_end(&mut answer) {
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    }
    assert!(answer.is_empty() && start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    for mut stream in stalled {
        let mut answer = Vec::new();
        match stream.read_to_end(&mut answer) {
            Ok(_) => assert!(answer.is_empty(), "{answer:?}"),
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
        }
    }
    println!("stalled clients were disconnected after {:?}", start.elapsed());
    check_devices(&board);
}

/// The requests of all captured exchanges, whole and damaged.
#[test]
fn the_gateway_serves_clients_after_damaged_requests() {
    let board = Board::gateway().start();
    check_devices(&board);
    let mut sent = 0;
    for vector in vectors::all() {
        let mut damaged = vector.request.clone();
        if let Some(byte) = damaged.get_mut(sent % 24) {
            *byte ^= 1 << (sent % 8);
        }
        let half = &vector.request[..vector.request.len() / 2];
        for bytes in [&vector.request, &damaged, half] {
            let mut stream = connect(board.address());
            // The gateway may close or reset before everything is sent.
            let _ = stream.write_all(bytes);
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let mut answer = Vec::new();
            if let Err(error) = stream.read_to_end(&mut answer) {
                assert_ne!(error.kind(), ErrorKind::WouldBlock, "{}: hangs", vector.name);
            }
            sent += 1;
        }
    }
    println!("{sent} requests, valid and damaged");
    check_devices(&board);
}

/// Datagrams for which the interface has no room are lost.
#[test]
fn the_gateway_serves_clients_during_a_flood_of_datagrams() {
    let flood = UdpSocket::bind(("127.0.0.1", 0)).unwrap();
    let port = owproto_tests::owserver::free_port();
    let board = Board::gateway().forward_udp(port).start();
    check_devices(&board);
    flood.connect(("127.0.0.1", port)).unwrap();
    let end = Instant::now() + Duration::from_secs(3);
    let flooding = thread::spawn(move || {
        let mut sent = 0_u64;
        while Instant::now() < end {
            // "Port unreachable" may show as an error.
            sent += u64::from(flood.send(&[0xa5; 1400]).is_ok());
        }
        sent
    });
    while !flooding.is_finished() {
        check_devices(&board);
    }
    println!("{} datagrams of 1400 bytes in 3 s", flooding.join().unwrap());
    check_devices(&board);
}

#[test]
fn a_wrong_option_is_named() {
    for wrong in ["status=0", "loss=101", "port=1"] {
        let (status, lines) = Board::gateway().arg(wrong).start_without_waiting().finish();
        assert_eq!(status, Some(1), "{wrong}: {lines:?}");
        assert_eq!(lines.first(), Some(&format!("invalid option: '{wrong}'")));
    }
}

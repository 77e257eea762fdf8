//! Very many requests to the gateway, all answered with the right values.

use std::env;
use std::thread;
use std::time::Instant;

use owproto_tests::qemu::Board;

use crate::gateway::{TEMPERATURES, VARIATION, check_devices, patient_client};

/// Requests in one call, and the number of concurrent clients.
const PIPELINED: usize = 100;
const CLIENTS: usize = 3;

/// Reads `requests` known values in all, and prints the rate.
fn read_values(board: &Board, requests: usize, what: &str) {
    check_devices(board);
    let start = Instant::now();
    let address = board.address().to_string();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let address = address.clone();
            thread::spawn(move || {
                let client = patient_client(&address);
                // A value of the bus, and the address of the device.
                let paths: Vec<_> = (0..PIPELINED)
                    .map(|n| {
                        let (device, _) = TEMPERATURES[n / 2 % 4];
                        format!("{device}/{}", if n % 2 == 0 { "address" } else { "temperature" })
                    })
                    .collect();
                for _ in 0..requests / PIPELINED / CLIENTS {
                    for (n, answer) in client.read_many(&paths).into_iter().enumerate() {
                        let text = String::from_utf8(answer.unwrap()).unwrap();
                        let (device, celsius) = TEMPERATURES[n / 2 % 4];
                        if n % 2 == 0 {
                            let id: String = device.chars().filter(char::is_ascii_hexdigit).collect();
                            assert!(text.len() == 16 && text.starts_with(&id), "{device}: {text}");
                        } else {
                            let value: f64 = text.trim().parse().unwrap();
                            assert!((value - celsius).abs() < VARIATION, "{device}: {text}");
                        }
                    }
                }
            })
        })
        .collect();
    clients.into_iter().for_each(|client| client.join().unwrap());
    let time = start.elapsed();
    println!("{requests} requests{what} in {time:.1?}, {:.0} a second", requests as f64 / time.as_secs_f64());
    let (line, _) = board.wait_for(board.lines().len(), |line| line.contains("stack"));
    println!("gateway: {line}");
    check_devices(board);
}

#[test]
fn a_hundred_thousand_requests_get_the_right_values() {
    read_values(&Board::gateway().arg("status=1000").start(), 100_000, "");
}

/// One frame of a hundred is lost in each direction. Each loss stops a client for a second or more, because less than two
/// segments fit the gateway's buffers. So there are fewer requests than above; `REQUESTS_WITH_LOSS` sets their number.
#[test]
fn many_requests_get_the_right_values_in_spite_of_lost_frames() {
    let requests = env::var("REQUESTS_WITH_LOSS").map_or(9_000, |number| number.parse().unwrap());
    read_values(
        &Board::gateway().arg("status=1000").arg("loss=1").start(),
        requests,
        " with 1 % of the frames lost",
    );
}

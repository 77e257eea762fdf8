//! A client that requests listings without end. The server makes them in pieces, and serves others between the pieces.

use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use owproto_tests::bad_requests::request_of_words;

use super::*;

/// Listings of 10,000 devices that are requested in one write.
const LISTINGS: usize = 20;

const READS: usize = 51;

/// Requests many listings, and reads them as quickly as they arrive. Returns how many bytes they were.
fn read_listings(address: SocketAddr, listings: usize) -> u64 {
    let mut stream = connect(address);
    stream.write_all(&request_of_words([0, 2, 7, 0x104, 0, 0], b"/\0").repeat(listings)).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    std::io::copy(&mut stream, &mut std::io::sink()).unwrap()
}

#[test]
fn no_client_waits_for_a_whole_listing_of_another_client() {
    let server = start("tester:28*10000", |server| server);
    let address = server.local_addr();
    let begin = Instant::now();
    let len = read_listings(address, 3);
    let listing = begin.elapsed() / 3;
    let is_over = Arc::new(AtomicBool::new(false));
    let greedy = thread::spawn({
        let is_over = is_over.clone();
        move || {
            let mut received = 0;
            while !is_over.load(Ordering::Relaxed) {
                received += read_listings(address, LISTINGS);
            }
            received
        }
    });
    let listed = server.statistics().requests;
    wait_until("the greedy client has begun", || server.statistics().requests > listed);
    let mut client = connect(address);
    let mut times: Vec<Duration> = (0..READS as u64)
        .map(|round| {
            // The pauses differ, so as not to be in step with the greedy client.
            thread::sleep(Duration::from_micros(700 * (round % 7)));
            let begin = Instant::now();
            client.write_all(&request_of_words([0, 29, 2, 0x104, 100, 0], PATH)).unwrap();
            client.read_exact(&mut [0; 36]).unwrap();
            begin.elapsed()
        })
        .collect();
    is_over.store(true, Ordering::Relaxed);
    assert!(greedy.join().unwrap() >= len * LISTINGS as u64 / 3);
    times.sort();
    let median = times[READS / 2];
    println!(
        "a listing takes {listing:?}; other clients wait for {median:?} (median), at most for {:?}",
        times[READS - 1]
    );
    assert!(median < listing, "{median:?} instead of {listing:?}");
}

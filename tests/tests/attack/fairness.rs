//! A client that takes all that it can get: its listings are made in pieces, and between them others have their turn.

use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use owproto_tests::bad_requests::request_of_words;

use super::*;

/// Listings of 10,000 devices that are asked for at once.
const LISTINGS: usize = 20;

const READS: usize = 51;

/// Asks for many listings, and takes them as quickly as they come. How many bytes they were.
fn take_all(address: SocketAddr, listings: usize) -> u64 {
    let mut stream = connect(address);
    stream.write_all(&request_of_words([0, 2, 7, 0x104, 0, 0], b"/\0").repeat(listings)).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    std::io::copy(&mut stream, &mut std::io::sink()).unwrap()
}

#[test]
fn nobody_waits_for_a_whole_listing_of_another_one() {
    let server = start("tester:28*10000", |server| server);
    let address = server.local_addr();
    let begin = Instant::now();
    let len = take_all(address, 3);
    let listing = begin.elapsed() / 3;
    let is_over = Arc::new(AtomicBool::new(false));
    let greedy = thread::spawn({
        let is_over = is_over.clone();
        move || {
            let mut taken = 0;
            while !is_over.load(Ordering::Relaxed) {
                taken += take_all(address, LISTINGS);
            }
            taken
        }
    });
    let listed = server.statistics().requests;
    wait_until("it is at work", || server.statistics().requests > listed);
    let mut client = connect(address);
    let mut times: Vec<Duration> = (0..READS as u64)
        .map(|round| {
            // So as not to be in step with it.
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
        "a listing takes {listing:?}; others wait for {median:?}, and at most for {:?}",
        times[READS - 1]
    );
    assert!(median < listing, "{median:?} instead of {listing:?}");
}

//! The limit of the memory for all requests and answers in progress, of all connections together.

use owproto_core::ReturnCode;
use owproto_core::tree::{Tree, tester::Tester};
use owproto_std::server::{Server, Statistics};
use owproto_tests::bad_requests::{Outcome, request_of_words};

use super::*;

const LIMIT: usize = 1 << 20;

/// The part of it that a long answer takes.
const PER_ANSWER: usize = (32 << 10) - 512;

/// The most that a connection may take besides the shared memory.
const PER_CONNECTION: u64 = 4096;

/// Growing buffers are copied: for a moment the old one takes memory too.
const SLACK: u64 = 256 << 10;

/// Runs the server on this thread, whose allocations are counted, and the clients on another one. Returns the peak of the
/// heap, and the statistics once all clients have disconnected.
fn serve_attackers(
    families: usize,
    clients: impl FnOnce(SocketAddr, &dyn Fn() -> Statistics) + Send + 'static,
) -> (u64, Statistics) {
    let families: &'static [u8] = vec![0x28; families].leak();
    let mut after = None;
    let heap = allocation_counter::measure(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let server = Server::builder().port(0).memory_limit(LIMIT);
            let server = server.start(Tree::new(Tester::new(families))).await.unwrap();
            let handle = server.handle();
            let work = std::thread::spawn(move || clients(handle.local_addr(), &|| handle.statistics()));
            while !work.is_finished() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            work.join().unwrap();
            let start = Instant::now();
            while server.statistics().connections > 0 {
                assert!(start.elapsed() < DEADLINE);
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            after = Some(server.statistics());
        });
    });
    (heap.bytes_max, after.unwrap())
}

fn assert_bounded(what: &str, peak: u64, clients: u64) {
    let bound = LIMIT as u64 + clients * PER_CONNECTION + SLACK;
    println!("{clients} {what}: {peak} bytes of heap at most, {bound} allowed");
    assert!(peak <= bound, "{what}: {peak} > {bound}");
}

#[test]
fn incomplete_requests_are_limited_together_and_the_last_are_refused() {
    const CLIENTS: usize = 200;
    let (peak, after) = serve_attackers(2, |address, statistics| {
        let whole = request_of_words([0, 100_050, 6, 0x104, 0, 0], &[b'/'; 100_050]);
        let mut attackers: Vec<TcpStream> = (0..CLIENTS).map(|_| connect(address)).collect();
        for stream in &mut attackers {
            stream.write_all(&whole[..90_000]).unwrap();
        }
        assert!(statistics().memory_in_use <= LIMIT);
        // Short requests are served nevertheless.
        let reply = send_and_read(address, &request(2, 100, b"/28.000028D70000/temperature\0"));
        assert_eq!(reply.len(), 36);
        assert!(send_and_read(address, &request(4, 0, b"/\0")).len() > 48);
        // The last ones find no memory: they get an error, and the connection can go on.
        let mut refused = 0;
        for stream in &mut attackers {
            stream.write_all(&whole[90_000..]).unwrap();
            let mut reply = [0; 24];
            stream.read_exact(&mut reply).unwrap();
            let is_refused = Outcome::of(&reply) == Outcome::Answered(ReturnCode::OUT_OF_MEMORY.to_ret());
            refused += u64::from(is_refused);
            // The server keeps only twenty connections.
            if is_refused && reply[15] & 4 != 0 {
                stream.write_all(&request(1, 0, b"")).unwrap();
                stream.read_exact(&mut reply).unwrap();
                assert_eq!(Outcome::of(&reply), Outcome::Answered(0));
            }
        }
        assert!(refused > 100, "{refused}");
        assert_eq!(statistics().memory_refused, refused);
        // Memory that is free again is used for the next request.
        drop(attackers);
        wait_until("the memory is free again", || statistics().memory_in_use < LIMIT / 2);
        assert_eq!(
            Outcome::of(&send_and_read(address, &request(6, 0, &[b'/'; 100_050]))),
            Outcome::Answered(-1)
        );
    });
    assert_eq!(after.memory_in_use, 0);
    assert_bounded("incomplete requests", peak, CLIENTS as u64);
}

#[test]
fn answers_that_are_not_read_are_limited_together_and_further_ones_are_still_whole() {
    const CLIENTS: usize = 200;
    let (peak, after) = serve_attackers(10_000, |address, statistics| {
        let expected = send_and_read(address, &request(7, 0, b"/\0"));
        let mut attackers: Vec<TcpStream> = (0..CLIENTS).map(|_| connect(address)).collect();
        for stream in &mut attackers {
            socket2::SockRef::from(&*stream).set_recv_buffer_size(4096).unwrap();
            stream.write_all(&request(7, 0, b"/\0")).unwrap();
        }
        wait_until("all requests have begun", || statistics().requests > CLIENTS as u64);
        wait_until("no memory is left for one more", || statistics().memory_in_use > LIMIT - PER_ANSWER);
        assert!(statistics().memory_in_use <= LIMIT);
        // It is sent in small pieces, and is the same.
        assert!(send_and_read(address, &request(7, 0, b"/\0")) == expected);
        drop(attackers);
    });
    assert_eq!((after.memory_in_use, after.memory_refused), (0, 0));
    assert_bounded("answers that are not read", peak, CLIENTS as u64);
}

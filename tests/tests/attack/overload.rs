//! All at once: what those notice of it who behave.
//!
//! Two servers with the same devices run side by side, and only one of them is attacked. Its clients ask in turns with
//! those of the other, so that what the attackers cost the machine slows down both. What is left is how the server
//! shares its time out.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use owproto_tests::bad_requests::{self, request_of_words};

use super::*;

const DEVICES: &str = "tester:28*10000";
const CONNECTIONS: usize = 80;
const ROUNDS: usize = 101;
const TRIES: usize = 5;

/// The most that the median may grow by.
const FACTOR: f64 = 2.0;

/// The most that the time of all but one of twenty may grow by, in the best try of each server: a median does not show
/// that one of ten waits. Who waits, waits for a piece of somebody else's listing, which takes 1.7 ms unoptimised, as long as
/// 2 to 8 of the quiet server's answers, depending on what else the machine does. With a tree that is held for 20 ms at
/// every fortieth look it grew by 40 to 70, and the medians by 1.1.
const HIGH_FACTOR: f64 = 12.0;

const SLOW_READERS: usize = 10;
const SLOW_WRITERS: usize = 50;

/// Connections that have come, many of them beyond the limit, before anything is measured.
const FLOOD: u64 = 10_000;

/// Attackers, each in a thread of its own, until this is dropped.
struct Attack {
    is_over: Arc<AtomicBool>,
    done: Arc<AtomicU64>,
    threads: Vec<JoinHandle<()>>,
}

impl Attack {
    fn start(address: SocketAddr) -> Self {
        let mut attack = Self { is_over: Arc::default(), done: Arc::default(), threads: Vec::new() };
        // Listings of all devices, one byte of which is read each second.
        let mut slow_readers: Vec<TcpStream> = (0..SLOW_READERS).map(|_| slow_reader(address)).collect();
        // Who has sent a header is answered, and begins anew.
        let mut slow_writers: Vec<TcpStream> = (0..SLOW_WRITERS).map(|_| connect(address)).collect();
        attack.each(Duration::from_secs(1), move || {
            slow_readers.iter_mut().map(|stream| stream.read(&mut [0]).unwrap_or(0)).sum()
        });
        attack.each(Duration::from_millis(20), move || {
            slow_writers.retain_mut(|stream| stream.write_all(&[0]).is_ok());
            slow_writers.resize_with(SLOW_WRITERS, || connect(address));
            SLOW_WRITERS
        });
        attack.each(Duration::from_millis(5), move || {
            let flood: Vec<_> = (0..40).filter_map(|_| TcpStream::connect(address).ok()).collect();
            flood.len()
        });
        // All that kills or hangs the real server, one after the other.
        let mut inputs = bad_requests::all().into_iter().cycle();
        attack.each(Duration::from_millis(5), move || {
            let input = inputs.next().expect("there is no end");
            // What waits for more is left waiting.
            TcpStream::connect(address).and_then(|mut stream| stream.write_all(&input.bytes)).is_ok().into()
        });
        let long = request(2, 100, &[b'/'; 100_050]);
        attack.each(Duration::from_millis(10), move || usize::from(try_to_say(address, &long)));
        let tokens = request_of_words(
            [0x1_0000 | 6251, 2, 6, 0x100, 0, 0],
            &[b"/\0".to_vec(), vec![7; 6251 * 16]].concat(),
        );
        attack.each(Duration::from_millis(10), move || usize::from(try_to_say(address, &tokens)));
        attack
    }

    /// Does something again and again; it says how often it has done it.
    fn each(&mut self, pause: Duration, mut act: impl FnMut() -> usize + Send + 'static) {
        let (is_over, done) = (self.is_over.clone(), self.done.clone());
        self.threads.push(thread::spawn(move || {
            while !is_over.load(Ordering::Relaxed) {
                done.fetch_add(act() as u64, Ordering::Relaxed);
                thread::sleep(pause);
            }
        }));
    }
}

impl Drop for Attack {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // A panic in it is printed; what is measured decides.
            let _ = thread.join();
        }
    }
}

/// A client that asks for many listings.
fn slow_reader(address: SocketAddr) -> TcpStream {
    let mut stream = connect(address);
    socket2::SockRef::from(&stream).set_recv_buffer_size(4096).unwrap();
    stream.write_all(&request_of_words([0, 2, 4, 0x104, 0, 0], b"/\0").repeat(100)).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    stream
}

/// False if there was no place for one more connection.
fn try_to_say(address: SocketAddr, bytes: &[u8]) -> bool {
    let mut stream = connect(address);
    stream.write_all(bytes).is_ok() && matches!(stream.read(&mut [0; 24]), Ok(24))
}

/// What clients that behave ask for, on connections that are kept.
fn questions() -> [(&'static str, Vec<u8>); 4] {
    const KEPT: i32 = 0x104;
    let of = |kind, size, payload: &[u8]| {
        request_of_words([0, i32::try_from(payload.len()).unwrap(), kind, KEPT, size, 0], payload)
    };
    [
        ("READ", of(2, 100, b"/28.000028D70100/temperature\0")),
        ("WRITE", of(3, 2, b"/28.000028D70100/templow\x0030")),
        ("PRESENCE", of(6, 0, b"/28.000028D70100\0")),
        ("DIRALL", of(7, 0, b"/28.000028D70100\0")),
    ]
}

fn frame(stream: &mut TcpStream) {
    loop {
        let mut header = [0; 24];
        stream.read_exact(&mut header).unwrap();
        let payload = i32::from_be_bytes([header[4], header[5], header[6], header[7]]);
        if let Ok(len) = usize::try_from(payload) {
            assert!(header[8] & 0x80 == 0, "an error");
            return stream.read_exact(&mut vec![0; len]).unwrap();
        }
    }
}

fn latency(stream: &mut TcpStream, question: &[u8]) -> Duration {
    let start = Instant::now();
    stream.write_all(question).unwrap();
    frame(stream);
    start.elapsed()
}

/// What so many of a hundred times do not exceed, in microseconds.
fn percentile(times: &mut [Duration], percent: usize) -> f64 {
    times.sort();
    times[(times.len() - 1) * percent / 100].as_secs_f64() * 1e6
}
/// What was found out, quiet and attacked, in microseconds.
struct Found {
    /// Of each question.
    medians: Vec<[f64; 2]>,
    /// Of all of them together: the time of all but one of twenty.
    high: [f64; 2],
}

impl Found {
    /// Whether the medians are as they should be.
    fn is_good(&self) -> bool {
        self.medians.iter().all(|[quiet, attacked]| attacked / quiet <= FACTOR)
    }

    fn show(&self, acts: u64) {
        println!("us: quiet, attacked, ratio; {acts} acts of attackers");
        let names = questions().map(|(name, _)| name);
        for (name, [quiet, attacked]) in names.iter().zip(&self.medians).chain([(&"19 of 20", &self.high)]) {
            println!("{name:9} {quiet:7.1} {attacked:7.1} {:5.2}", attacked / quiet);
        }
    }
}

/// Asks both servers, in turns.
fn measure(clients: &mut [[TcpStream; 2]]) -> Found {
    let questions = questions();
    let mut times: Vec<[Vec<Duration>; 2]> = vec![[Vec::new(), Vec::new()]; questions.len()];
    for round in 0..ROUNDS {
        for (at, (_, question)) in questions.iter().enumerate() {
            for which in [round % 2, 1 - round % 2] {
                // Without it a long delay would be hit by one question only, and not be seen in the median. Of
                // different lengths, so as not to be in step with an attacker.
                thread::sleep(Duration::from_micros(4000 + 700 * (round % 7) as u64));
                times[at][which].push(latency(&mut clients[at][which], question));
            }
        }
    }
    let mut all = [0, 1].map(|which| times.iter().flat_map(|both| both[which].clone()).collect::<Vec<_>>());
    let high = all.each_mut().map(|times| percentile(times, 95));
    let medians =
        times.into_iter().map(|mut both| both.each_mut().map(|times| percentile(times, 50))).collect();
    Found { medians, high }
}

#[test]
fn others_are_served_as_quickly_as_ever() {
    let settings = |server: Builder| server.max_connections(CONNECTIONS);
    let (quiet, attacked) = (start(DEVICES, settings), start(DEVICES, settings));
    let mut clients: Vec<[TcpStream; 2]> =
        questions().iter().map(|_| [connect(quiet.local_addr()), connect(attacked.local_addr())]).collect();
    for (both, (_, question)) in clients.iter_mut().zip(questions()) {
        for stream in both {
            latency(stream, &question);
        }
    }
    let attack = Attack::start(attacked.local_addr());
    let came = || attacked.statistics().accepted + attacked.statistics().refused;
    wait_until("many have come", || came() > FLOOD);
    let mut are_medians_good = false;
    let mut high = [f64::INFINITY; 2];
    for _ in 0..TRIES {
        let found = measure(&mut clients);
        found.show(attack.done.load(Ordering::Relaxed));
        are_medians_good |= found.is_good();
        high = [0, 1].map(|which| found.high[which].min(high[which]));
        if are_medians_good && high[1] / high[0] <= HIGH_FACTOR {
            break;
        }
    }
    println!("{:?}", attacked.statistics());
    drop(attack);
    assert!(are_medians_good, "in none of {TRIES} tries were those who behave served as quickly as ever");
    assert!(high[1] / high[0] <= HIGH_FACTOR, "one of twenty waits: {high:?} us");
    // It was an attack: it came to all of its limits, and left nothing behind.
    let statistics = attacked.statistics();
    assert!(statistics.refused > 0 && statistics.requests > quiet.statistics().requests, "{statistics:?}");
    assert!(statistics.malformed > 0, "{statistics:?}");
    drop(clients);
    wait_until("all has ended", || attacked.statistics().connections == 0);
    assert_eq!(attacked.statistics().memory_in_use, 0);
}

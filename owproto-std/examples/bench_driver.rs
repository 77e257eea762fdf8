//! Measures one kind of operation of the blocking client, for comparisons with other clients.
//!
//! Start a server in one terminal, and the example in another:
//!
//! ```sh
//! cargo run --release -p owproto-std --example canned_server
//! cargo run --release -p owproto-std --example bench_driver 127.0.0.1 4304 read 10000
//! ```
//!
//! The arguments are `HOST PORT MODE K`. It prints `elapsed_s ops_per_s cpu_s` for K operations, after min(200, K/10) for
//! warming up. It also works with the simulated server, `cargo ow --sim serve`.
//!
//! | mode | operation |
//! |---|---|
//! | `nop`, `read`, `readnp` | NOP; READ of `BENCH_PATH`; READ without persistence |
//! | `dirall`, `dirall10` | DIRALL of `/`, as a list of entries; the number stands for the configuration of the server |
//! | `dir`, `dir10` | DIR of `/`, as a list of entries |
//! | `readpipe` | READ of `BENCH_PATH`, 16 in one call |
//!
//! `BENCH_PATH` is an environment variable, `/10.67C6697351FF/temperature` by default.

use std::error::Error;
use std::time::Instant;

use owproto_std::{Builder, Client, DirOptions};

const PIPELINED: usize = 16;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [host, port, mode, count] = arguments.as_slice() else {
        return Err("usage: bench_driver HOST PORT MODE K".into());
    };
    let count: usize = count.parse()?;
    let path = std::env::var("BENCH_PATH").unwrap_or_else(|_| "/10.67C6697351FF/temperature".into());
    let client =
        Builder::default().host(host.as_str(), port.parse()?).persistent(mode.as_str() != "readnp").build();
    let mode = Mode::new(mode).ok_or("MODE is one of nop read readnp dirall dirall10 dir dir10 readpipe")?;

    mode.run(&client, &path, (count / 10).min(200))?;
    let (start, cpu) = (Instant::now(), cpu_seconds());
    mode.run(&client, &path, count)?;
    let elapsed = start.elapsed().as_secs_f64();
    println!("{elapsed:.6} {:.1} {:.3}", count as f64 / elapsed, cpu_seconds() - cpu);
    Ok(())
}

#[derive(Clone, Copy)]
enum Mode {
    Nop,
    Read,
    List(DirOptions),
    Pipelined,
}

impl Mode {
    fn new(name: &str) -> Option<Self> {
        Some(match name {
            "nop" => Self::Nop,
            "read" | "readnp" => Self::Read,
            "dirall" | "dirall10" => Self::List(DirOptions::new()),
            "dir" | "dir10" => Self::List(DirOptions::new().streamed()),
            "readpipe" => Self::Pipelined,
            _ => return None,
        })
    }

    fn run(self, client: &Client, path: &str, count: usize) -> Result<(), owproto_std::Error> {
        match self {
            Self::Nop => (0..count).try_for_each(|_| client.ping()),
            Self::Read => {
                let mut buffer = [0; 4096];
                (0..count).try_for_each(|_| client.read_into(path, &mut buffer).map(drop))
            }
            Self::List(options) => (0..count).try_for_each(|_| {
                let listing = client.dir_with("/", options)?;
                std::hint::black_box(listing.len());
                Ok(())
            }),
            Self::Pipelined => {
                let paths = [path; PIPELINED];
                (0..count.div_ceil(PIPELINED)).try_for_each(|_| {
                    client.read_many(&paths).into_iter().try_for_each(|value| value.map(drop))
                })
            }
        }
    }
}

/// User and system time of this process, in seconds; NaN where the system has no `/proc`.
fn cpu_seconds() -> f64 {
    let ticks = || -> Option<f64> {
        let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
        let user: f64 = fields.next()?.parse().ok()?;
        let system: f64 = fields.next()?.parse().ok()?;
        // The unit is 1/100 s on all common Linux systems.
        Some((user + system) / 100.0)
    };
    ticks().unwrap_or(f64::NAN)
}

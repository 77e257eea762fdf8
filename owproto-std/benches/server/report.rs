//! Tables, a picture, and whether the bars are met.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::Duration;

use super::common::chart;

/// A share of another server's rate that ours must reach in a case.
pub(crate) struct Bar {
    pub(crate) case: &'static str,
    pub(crate) of: &'static str,
    pub(crate) at_least: f64,
}

/// What was measured of a case: the times of a request, round by round, by the names of the servers.
pub(crate) struct Case {
    name: &'static str,
    ways: Vec<(&'static str, Vec<f64>)>,
}

/// Bytes that a connection to our server costs.
pub(crate) struct Memory {
    pub(crate) connections: u64,
    pub(crate) heap: u64,
    pub(crate) resident: u64,
}

impl Case {
    pub(crate) fn new(name: &'static str, ways: Vec<(&'static str, Vec<f64>)>) -> Self {
        Self { name, ways }
    }

    fn times(&self, way: &str) -> Option<&[f64]> {
        self.ways.iter().find(|(name, _)| *name == way).map(|(_, times)| &times[..])
    }

    /// The rate of our server as a share of another one's.
    fn share_of(&self, way: &str) -> Option<f64> {
        self.share("ours", way)
    }

    /// The median of the shares in each round, since what else the machine does changes from round to round.
    fn share(&self, way: &str, of: &str) -> Option<f64> {
        let rounds = self.times(of)?.iter().zip(self.times(way)?);
        Some(median(rounds.map(|(of, way)| of / way).collect()))
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// All that was measured.
pub(crate) struct Report {
    rounds: usize,
    turn: Duration,
    has_owserver: bool,
    cases: Vec<Case>,
    memory: Vec<Memory>,
    bars: String,
}

const HEAD: &str = "| | bare, µs | ours, µs | owserver, µs | rate, of bare | of owserver |\n|---|---:|---:|---:|---:|---:|\n";

impl Report {
    pub(crate) fn new(rounds: usize, turn: Duration) -> Self {
        Self { rounds, turn, has_owserver: true, cases: Vec::new(), memory: Vec::new(), bars: String::new() }
    }

    pub(crate) fn rounds(&self) -> usize {
        self.rounds
    }

    pub(crate) fn turn(&self) -> Duration {
        self.turn
    }

    pub(crate) fn has_owserver(&self) -> bool {
        self.has_owserver
    }

    pub(crate) fn has_no_owserver(&mut self) {
        println!("!!!!!!!! owserver is not installed: THE COMPARISON WITH THE REAL ONE DID NOT RUN");
        self.has_owserver = false;
    }

    pub(crate) fn add(&mut self, case: Case) {
        if self.cases.is_empty() {
            print!("{HEAD}");
        }
        print!("{}", row(&case));
        self.cases.push(case);
    }

    pub(crate) fn memory(&mut self, memory: Memory) {
        self.memory.push(memory);
    }

    /// Prints which bars are met, and what a connection costs.
    pub(crate) fn judge(&mut self, bars: &[Bar]) {
        let mut table =
            String::from("| bar | wanted | reached | | the bare loop |\n|---|---:|---:|---|---:|\n");
        for Bar { case, of, at_least } in bars {
            let found = self.cases.iter().find(|found| found.name == *case);
            let reached = found.and_then(|case| case.share_of(of));
            let verdict = match reached {
                Some(reached) if reached >= *at_least => "met",
                Some(_) => "MISSED",
                None => "NOT MEASURED",
            };
            let shown = |share: Option<f64>| share.map_or("-".to_owned(), |share| format!("{share:.2}"));
            let (reached, bound) = (shown(reached), shown(found.and_then(|case| case.share("bare", of))));
            // Writing to a string cannot fail.
            let _ = writeln!(table, "| {case}, of {of} | {at_least} | {reached} | {verdict} | {bound} |");
        }
        println!("\n{table}\n{}", self.memory_table());
        self.bars = table;
    }

    fn memory_table(&self) -> String {
        let mut table = String::from(
            "| connections to our server | bytes of heap for each | resident bytes for each |\n|---:|---:|---:|\n",
        );
        for Memory { connections, heap, resident } in &self.memory {
            let _ = writeln!(table, "| {connections} | {heap} | {resident} |");
        }
        table
    }

    /// Writes `benchmarks-server.md` and `benchmarks-server.svg` into the package's folder.
    pub(crate) fn write(&self) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let cases: String = self.cases.iter().map(row).collect();
        let text = format!(
            "# How fast the server is\n\n\
             Written by `cargo bench -p owproto-std --features server --bench server -- --write`: the time of a request and the shares, the \
             medians of {} rounds, in which each server has a turn of {} ms or a little more. Servers and clients are \
             processes that share one processor. *bare* is a loop over epoll that knows the lengths of all requests and \
             answers, and looks at nothing. In turns means that one connection after the other asks; at once, that 100 have \
             asked before the first answer is read.\n\n\
             owserver keeps no more than 20 connections unless told otherwise; here it is told to keep all \
             (`--clients_persistent_high`). 10,000 it cannot have: it has a thread for each, and ends by itself at about \
             1015.\n\n\
             ![the rate of our server as a share of another one's](benchmarks-server.svg)\n\n\
             {}\n{HEAD}{cases}\n\
             What a connection costs that waits for its next request: the heap as it is counted by the allocator, and the \
             memory of the process as the system counts it, in pages.\n\n{}",
            self.rounds,
            self.turn.as_millis(),
            self.bars,
            self.memory_table()
        );
        fs::write(folder.join("benchmarks-server.md"), text).expect("the package's folder can be written to");
        let rows: Vec<_> = self
            .cases
            .iter()
            .enumerate()
            .flat_map(|(number, case)| {
                let row =
                    move |of: &&str| Some((format!("{}, of {of}", case.name), case.share_of(of)?, number));
                ["bare", "owserver"].iter().filter_map(row)
            })
            .collect();
        let most = rows.iter().map(|(_, share, _)| *share).fold(1.0, f64::max);
        chart::draw(
            &folder.join("benchmarks-server.svg"),
            "the rate of our server as a share of another one's",
            &rows,
            most,
        )
        .expect("the picture can be drawn");
    }
}

fn row(case: &Case) -> String {
    let time = |way| match case.times(way) {
        Some(times) => format!("{:.2}", median(times.to_vec()) / 1000.0),
        None => "-".to_owned(),
    };
    let share = |way| match case.share_of(way) {
        Some(share) => format!("{share:.2}"),
        None => "-".to_owned(),
    };
    format!(
        "| {} | {} | {} | {} | {} | {} |\n",
        case.name,
        time("bare"),
        time("ours"),
        time("owserver"),
        share("bare"),
        share("owserver")
    )
}

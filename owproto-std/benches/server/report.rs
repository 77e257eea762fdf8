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

/// Nanoseconds for a request.
#[derive(Clone, Copy)]
pub(crate) struct Times {
    /// From one answer to the next.
    pub(crate) whole: f64,
    /// Those of a processor that the server took.
    pub(crate) own: f64,
}

/// One of them.
type Time = fn(&Times) -> f64;

const WHOLE: Time = |times| times.whole;
const OWN: Time = |times| times.own;

/// What was measured of a case, round by round, by the names of the servers.
pub(crate) struct Case {
    name: &'static str,
    ways: Vec<(&'static str, Vec<Times>)>,
}

/// Bytes that a connection to our server costs.
pub(crate) struct Memory {
    pub(crate) connections: u64,
    pub(crate) heap: u64,
    pub(crate) resident: u64,
}

impl Case {
    pub(crate) fn new(name: &'static str, ways: Vec<(&'static str, Vec<Times>)>) -> Self {
        Self { name, ways }
    }

    fn times(&self, way: &str) -> Option<&[Times]> {
        self.ways.iter().find(|(name, _)| *name == way).map(|(_, times)| &times[..])
    }

    /// Microseconds.
    fn time(&self, way: &str, time: Time) -> Option<f64> {
        Some(median(self.times(way)?.iter().map(time).collect()) / 1000.0)
    }

    /// The rate of a server as a share of another one's: the median of the shares in each round, since what else the
    /// machine does changes from round to round.
    fn share(&self, way: &str, of: &str, time: Time) -> Option<f64> {
        let rounds = self.times(of)?.iter().zip(self.times(way)?);
        Some(median(rounds.map(|(of, way)| time(of) / time(way)).collect()))
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
    /// The cases of each layout, by its name.
    layouts: Vec<(&'static str, Vec<Case>)>,
    memory: Vec<Memory>,
    bars: String,
}

const HEAD: &str = "bare, µs | ours, µs | owserver, µs | rate, of bare | of owserver \
    | the server: bare, µs | ours, µs | owserver, µs | rate, of bare | of owserver |\n|---|";

/// The ways of looking at a rate, by which each bar is judged: the name, the layout by its number, and the time.
const VIEWS: [(&str, usize, Time); 3] = [
    ("of the server's own time", 0, OWN),
    ("of what clients see, one processor", 0, WHOLE),
    ("of what clients see, two processors", 1, WHOLE),
];

impl Report {
    pub(crate) fn new(rounds: usize, turn: Duration) -> Self {
        Self {
            rounds,
            turn,
            has_owserver: true,
            layouts: Vec::new(),
            memory: Vec::new(),
            bars: String::new(),
        }
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

    pub(crate) fn has_no_second_processor(&self) {
        println!("!!!!!!!! this process may use one processor only: NOTHING WAS MEASURED ON TWO");
    }

    /// What comes is measured in this layout.
    pub(crate) fn begin(&mut self, layout: &'static str) {
        print!("\n{}", head(layout));
        self.layouts.push((layout, Vec::new()));
    }

    pub(crate) fn add(&mut self, case: Case) {
        print!("{}", row(&case));
        if let Some((_, cases)) = self.layouts.last_mut() {
            cases.push(case);
        }
    }

    pub(crate) fn memory(&mut self, memory: Memory) {
        self.memory.push(memory);
    }

    fn cases(&self, layout: usize) -> &[Case] {
        self.layouts.get(layout).map_or(&[], |(_, cases)| cases)
    }

    /// Prints which bars are met, and what a connection costs.
    pub(crate) fn judge(&mut self, bars: &[Bar]) {
        let mut table = String::from("| bar | wanted |");
        // Writing to a string cannot fail.
        for (view, ..) in VIEWS {
            let _ = write!(table, " {view} |");
        }
        let _ = writeln!(table, "\n|---|---:|{}", "---|".repeat(VIEWS.len()));
        for Bar { case, of, at_least } in bars {
            let _ = write!(table, "| {case}, of {of} | {at_least} |");
            for (_, layout, time) in VIEWS {
                let found = self.cases(layout).iter().find(|found| found.name == *case);
                let share = |way| found.and_then(|case| case.share(way, of, time));
                let _ = match share("ours") {
                    Some(reached) if reached >= *at_least => write!(table, " {reached:.2}, met"),
                    Some(reached) => write!(table, " {reached:.2}, MISSED"),
                    None => write!(table, " NOT MEASURED"),
                };
                let _ = match share("bare") {
                    Some(bare) if *of != "bare" => write!(table, "; bare {bare:.2} |"),
                    _ => write!(table, " |"),
                };
            }
            table.push('\n');
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
        let mut tables = String::new();
        for (layout, cases) in &self.layouts {
            let _ = writeln!(tables, "{}{}", head(layout), cases.iter().map(row).collect::<String>());
        }
        if self.layouts.len() < 2 {
            tables.push_str("**There was one processor only: nothing was measured on two.**\n\n");
        }
        let text = format!(
            "# How fast the server is\n\n\
             Written by `cargo bench -p owproto-std --features server --bench server -- --write`: the time of a request and the shares, the \
             medians of {} rounds, in which each server has a turn of {} ms or a little more. Servers and clients are \
             processes. *bare* is a loop over epoll that knows the lengths of all requests and answers, and looks at nothing. In \
             turns means that one connection after the other asks; at once, that 100 have asked before the first answer is \
             read.\n\n\
             owserver keeps no more than 20 connections unless told otherwise; here it is told to keep all \
             (`--clients_persistent_high`). 10,000 it cannot have: it has a thread for each, and ends by itself at about \
             1015.\n\n\
             ## Three ways to look at a rate\n\n\
             - **The server's own time**: how long a processor works for the server, the system's work for it and all its \
             threads counted in, until a request is answered. It is what a server can be faster by, and what decides how many \
             requests a second it answers when it never waits.\n\
             - **What clients see on one processor**, shared with the server: from one answer to the next. The client's own work \
             is in it, with the system's for it, and is the same beside each server. With one connection it is half of the \
             time beside ours.\n\
             - **What clients see on two processors**, the server on one and the clients on the other. With 100 at once the \
             server always has work, and it is the rate at which it can go on. With one connection, or in turns, either side \
             waits for the other most of the time, and to wake a processor takes longer than to answer, in a virtual machine \
             many times as long.\n\n\
             A bar is judged in each of them; what the bare loop reaches beside owserver is the bound for any server.\n\n\
             ![the rate of our server as a share of another one's](benchmarks-server.svg)\n\n\
             {}\n{tables}\
             What a connection costs that waits for its next request: the heap as it is counted by the allocator, and the \
             memory of the process as the system counts it, in pages.\n\n{}",
            self.rounds,
            self.turn.as_millis(),
            self.bars,
            self.memory_table()
        );
        fs::write(folder.join("benchmarks-server.md"), text).expect("the package's folder can be written to");
        let title = "the rate of our server as a share of another one's, up to 12";
        chart::draw(&folder.join("benchmarks-server.svg"), title, &self.bars_of_chart(), 12.0)
            .expect("the picture can be drawn");
    }

    /// All shares on one processor.
    fn bars_of_chart(&self) -> Vec<chart::Row> {
        let mut rows = Vec::new();
        for (number, case) in self.cases(0).iter().enumerate() {
            for of in ["bare", "owserver"] {
                for (what, time) in [("own time", OWN), ("seen", WHOLE)] {
                    if let Some(share) = case.share("ours", of, time) {
                        rows.push((format!("{}, of {of}, {what}", case.name), share, number));
                    }
                }
            }
        }
        rows
    }
}

fn head(layout: &str) -> String {
    format!("| {layout} | {HEAD}{}\n", "---:|".repeat(10))
}

fn row(case: &Case) -> String {
    let mut row = format!("| {} |", case.name);
    for time in [WHOLE, OWN] {
        let times = ["bare", "ours", "owserver"].map(|way| case.time(way, time));
        let shares = ["bare", "owserver"].map(|of| case.share("ours", of, time));
        for number in times.into_iter().chain(shares) {
            // Writing to a string cannot fail.
            let _ = match number {
                Some(number) => write!(row, " {number:.2} |"),
                None => write!(row, " - |"),
            };
        }
    }
    row + "\n"
}

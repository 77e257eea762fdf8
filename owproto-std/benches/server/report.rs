//! The tables and the picture, and whether the targets are met.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::Duration;

use super::common::chart;

/// The rate that our server must reach in a case, relative to another server.
pub(crate) struct Target {
    pub(crate) case: &'static str,
    pub(crate) of: &'static str,
    pub(crate) at_least: f64,
}

/// Nanoseconds per request.
#[derive(Clone, Copy)]
pub(crate) struct Times {
    /// From one answer to the next.
    pub(crate) total: f64,
    /// The processor time of the server.
    pub(crate) server: f64,
}

/// Selects one of them.
type Time = fn(&Times) -> f64;

const TOTAL: Time = |times| times.total;
const SERVER: Time = |times| times.server;

/// The measurements of a case: the times of all rounds, by the names of the servers.
pub(crate) struct Case {
    name: &'static str,
    servers: Vec<(&'static str, Vec<Times>)>,
}

/// The memory of our server for each connection, in bytes.
pub(crate) struct Memory {
    pub(crate) connections: u64,
    pub(crate) heap: u64,
    pub(crate) resident: u64,
}

impl Case {
    pub(crate) fn new(name: &'static str, servers: Vec<(&'static str, Vec<Times>)>) -> Self {
        Self { name, servers }
    }

    fn times(&self, server: &str) -> Option<&[Times]> {
        self.servers.iter().find(|(name, _)| *name == server).map(|(_, times)| &times[..])
    }

    /// The median in microseconds.
    fn time(&self, server: &str, time: Time) -> Option<f64> {
        Some(median(self.times(server)?.iter().map(time).collect()) / 1000.0)
    }

    /// The rate of a server relative to another server. It is the median of the ratios in each round, because the load of the
    /// machine changes from round to round.
    fn ratio(&self, server: &str, of: &str, time: Time) -> Option<f64> {
        let rounds = self.times(of)?.iter().zip(self.times(server)?);
        Some(median(rounds.map(|(of, server)| time(of) / time(server)).collect()))
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// All measurements.
pub(crate) struct Report {
    rounds: usize,
    turn: Duration,
    has_owserver: bool,
    /// The cases of each layout, by the name of the layout.
    layouts: Vec<(&'static str, Vec<Case>)>,
    memory: Vec<Memory>,
    targets: String,
}

const HEAD: &str = "bare, µs | ours, µs | owserver, µs | rate / bare | rate / owserver \
    | processor time: bare, µs | ours, µs | owserver, µs | rate / bare | rate / owserver |\n|---|";

/// The views in which each target is checked: the name, the index of the layout, and the time.
const VIEWS: [(&str, usize, Time); 3] = [
    ("processor time of the server", 0, SERVER),
    ("clients on the same processor", 0, TOTAL),
    ("clients on another processor", 1, TOTAL),
];

impl Report {
    pub(crate) fn new(rounds: usize, turn: Duration) -> Self {
        Self {
            rounds,
            turn,
            has_owserver: true,
            layouts: Vec::new(),
            memory: Vec::new(),
            targets: String::new(),
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
        println!("!!!!!!!! owserver is not installed: NOTHING WAS COMPARED WITH IT");
        self.has_owserver = false;
    }

    pub(crate) fn has_no_second_processor(&self) {
        println!("!!!!!!!! this process may use only one processor: NOTHING WAS MEASURED ON TWO");
    }

    /// Starts the cases of a layout.
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

    /// Prints which targets are met, and the memory of connections.
    pub(crate) fn compare(&mut self, targets: &[Target]) {
        let mut table = String::from("| rate | target |");
        // Writing to a string cannot fail.
        for (view, ..) in VIEWS {
            let _ = write!(table, " {view} |");
        }
        let _ = writeln!(table, "\n|---|---:|{}", "---|".repeat(VIEWS.len()));
        for Target { case, of, at_least } in targets {
            let _ = write!(table, "| {case} / {of} | {at_least} |");
            for (_, layout, time) in VIEWS {
                let found = self.cases(layout).iter().find(|found| found.name == *case);
                let ratio = |server| found.and_then(|case| case.ratio(server, of, time));
                let _ = match ratio("ours") {
                    Some(reached) if reached >= *at_least => write!(table, " {reached:.2}, met"),
                    Some(reached) => write!(table, " {reached:.2}, MISSED"),
                    None => write!(table, " NOT MEASURED"),
                };
                let _ = match ratio("bare") {
                    Some(bare) if *of != "bare" => write!(table, "; bare {bare:.2} |"),
                    _ => write!(table, " |"),
                };
            }
            table.push('\n');
        }
        println!("\n{table}\n{}", self.memory_table());
        self.targets = table;
    }

    fn memory_table(&self) -> String {
        let mut table = String::from(
            "| connections | heap per connection, bytes | resident memory per connection, bytes |\n|---:|---:|---:|\n",
        );
        for Memory { connections, heap, resident } in &self.memory {
            let _ = writeln!(table, "| {connections} | {heap} | {resident} |");
        }
        table
    }

    /// Writes `benchmarks-server.md` and `benchmarks-server.svg` to the folder of the package.
    pub(crate) fn write(&self) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut tables = String::new();
        for (layout, cases) in &self.layouts {
            let _ = writeln!(tables, "{}{}", head(layout), cases.iter().map(row).collect::<String>());
        }
        if self.layouts.len() < 2 {
            tables
                .push_str("**This process could use only one processor: nothing was measured on two.**\n\n");
        }
        let text = format!(
            "# How fast the server is\n\n\
             Written by `cargo bench -p owproto-std --features server --bench server -- --write`. All numbers are medians of {} \
             rounds, in each of which every server is measured for {} ms or a little longer. Servers and clients are separate \
             processes. *bare* is an epoll loop that knows the lengths of all requests and answers, and does not parse anything. \
             *One after the other*: the next connection sends its request after the answer to the one before. *Concurrently*: 100 \
             connections send their requests before the first answer is read.\n\n\
             By default owserver keeps at most 20 connections open; here it keeps all of them (`--clients_persistent_high`). It \
             cannot have 10,000: it has a thread for each, and exits at about 1015.\n\n\
             ## Three views of a rate\n\n\
             - **Processor time of the server**: the time of a processor that the server and all its threads use for a request, \
             including the kernel's work for them. This is what a faster server saves, and it limits the rate of a server that \
             never waits.\n\
             - **Clients on the same processor**: the time from one answer to the next. It includes the work of the client and \
             the kernel's work for it, which are the same with each server. With one connection they are half of the time with our \
             server.\n\
             - **Clients on another processor**: the same, with one processor for the server and one for the clients. With 100 \
             concurrent connections the server always has work, so this is the rate that it can sustain. With one connection, or one \
             after the other, each side mostly waits for the other, and waking a processor takes longer than answering a request, \
             in a virtual machine many times as long.\n\n\
             Each target is checked in all views. The rate of the bare loop is the upper bound for any server.\n\n\
             ![the rate of our server relative to another server](benchmarks-server.svg)\n\n\
             {}\n{tables}\
             The memory of a connection that waits for its next request: the heap, as counted by the allocator, and the resident \
             memory of the process, which the kernel counts in pages.\n\n{}",
            self.rounds,
            self.turn.as_millis(),
            self.targets,
            self.memory_table()
        );
        fs::write(folder.join("benchmarks-server.md"), text).expect("the package's folder can be written to");
        let title = "the rate of our server relative to another server, up to 12";
        chart::draw(&folder.join("benchmarks-server.svg"), title, &self.chart_rows(), 12.0)
            .expect("the picture can be drawn");
    }

    /// All ratios on one processor.
    fn chart_rows(&self) -> Vec<chart::Row> {
        let mut rows = Vec::new();
        for (number, case) in self.cases(0).iter().enumerate() {
            for of in ["bare", "owserver"] {
                for (what, time) in [("processor time", SERVER), ("clients", TOTAL)] {
                    if let Some(ratio) = case.ratio("ours", of, time) {
                        rows.push((format!("{} / {of}, {what}", case.name), ratio, number));
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
    for time in [TOTAL, SERVER] {
        let times = ["bare", "ours", "owserver"].map(|server| case.time(server, time));
        let ratios = ["bare", "owserver"].map(|of| case.ratio("ours", of, time));
        for number in times.into_iter().chain(ratios) {
            // Writing to a string cannot fail.
            let _ = match number {
                Some(number) => write!(row, " {number:.2} |"),
                None => write!(row, " - |"),
            };
        }
    }
    row + "\n"
}

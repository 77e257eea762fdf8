//! Tables, a chart, and whether the required rates are reached.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::Duration;

use owproto_tests::side_by_side::{Measured, SideBySide};

use super::common::chart;

/// A required ratio of two rates.
pub(crate) struct Bar {
    pub(crate) case: &'static str,
    pub(crate) way: &'static str,
    pub(crate) at_least: f64,
    pub(crate) of: &'static str,
}

/// The measurements.
pub(crate) struct Report {
    rounds: usize,
    turn: Duration,
    /// Only cases are measured whose names contain this.
    only: Option<String>,
    cases: Vec<(String, Vec<Measured>)>,
    markdown: String,
}

impl Report {
    pub(crate) fn new(rounds: usize, turn: Duration, only: Option<String>) -> Self {
        Self { rounds, turn, only, cases: Vec::new(), markdown: String::new() }
    }

    pub(crate) fn measure(&mut self, case: &str, ways: SideBySide<'_>) {
        if !self.only.as_ref().is_none_or(|only| case.contains(only)) {
            return;
        }
        let measured = ways.measure(self.rounds, self.turn);
        let mut table = format!("| {case} | µs | rate, of raw |\n|---|---:|---:|\n");
        for way in &measured {
            let rate = measured[0].ratio_to(way);
            // Writing to a string cannot fail.
            let _ = writeln!(table, "| {} | {:.2} | {rate:.3} |", way.name, way.nanos() / 1000.0);
        }
        println!("{table}");
        self.markdown += &table;
        self.markdown.push('\n');
        self.cases.push((case.to_owned(), measured));
    }

    fn find(&self, case: &str, way: &str) -> Option<&Measured> {
        let (_, measured) = self.cases.iter().find(|(name, _)| name == case)?;
        measured.iter().find(|measured| measured.name == way)
    }

    /// Prints which required rates are reached.
    pub(crate) fn judge(&mut self, bars: &[Bar]) {
        let mut table = String::from("| required rate | wanted | reached | |\n|---|---:|---:|---|\n");
        for Bar { case, way, at_least, of } in bars {
            let (reached, verdict) = match (self.find(case, way), self.find(case, of)) {
                (Some(way), Some(of)) => {
                    let reached = of.ratio_to(way);
                    (format!("{reached:.3}"), if reached >= *at_least { "met" } else { "MISSED" })
                }
                _ => ("-".to_owned(), "NOT MEASURED"),
            };
            let _ = writeln!(table, "| {case}: {way}, of {of} | {at_least} | {reached} | {verdict} |");
        }
        println!("{table}");
        self.markdown = format!("{table}\n{}", self.markdown);
    }

    /// Writes `benchmarks.md` and `benchmarks.svg` into the package's folder.
    pub(crate) fn write(&self) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let text = format!(
            "# How fast the clients are\n\n\
             Written by `cargo bench -p owproto-std --features tokio --bench clients -- --write`: medians \
             of {} rounds. In a round each client runs for about {} ms, one after the other, and everything shares one \
             processor. A rate is a ratio to the rate of another client in the same round. In the tables that is *raw*: plain \
             sockets, with everything known about the reply in advance.\n\n\
             In listings, raw splits the reply into slices. `dir` returns a `Listing`, which owns its entries in one piece of \
             memory; *dir, owned* copies each entry into a `Vec<u8>`, which is one allocation per entry. libownet returns one \
             piece of memory, which is split in place; it does not accept replies above 100,050 bytes.\n\n\
             ![rates as ratios to the rate of raw sockets](benchmarks.svg)\n\n{}",
            self.rounds,
            self.turn.as_millis(),
            self.markdown.trim_end()
        );
        fs::write(folder.join("benchmarks.md"), text + "\n").expect("the package's folder can be written to");
        self.draw(&folder.join("benchmarks.svg")).expect("the chart can be drawn");
    }

    /// Draws a bar for each client except raw, which is the line at 1.
    fn draw(&self, path: &Path) -> Result<(), Box<dyn std::error::Error>> {
        let rows: Vec<chart::Row> = self
            .cases
            .iter()
            .enumerate()
            .flat_map(|(number, (case, measured))| {
                let ours = measured.iter().skip(1);
                ours.map(move |way| (format!("{case}: {}", way.name), measured[0].ratio_to(way), number))
            })
            .collect();
        chart::draw(path, "rates as ratios to the rate of raw sockets", &rows, 1.2)
    }
}

//! Tables, a picture, and whether the bars are met.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::Duration;

use owproto_tests::side_by_side::{Measured, SideBySide};

use super::common::chart;

/// A share of another way's rate that must be reached.
pub(crate) struct Bar {
    pub(crate) case: &'static str,
    pub(crate) way: &'static str,
    pub(crate) at_least: f64,
    pub(crate) of: &'static str,
}

/// All that was measured.
pub(crate) struct Report {
    rounds: usize,
    turn: Duration,
    /// What the names of the cases that are measured have in them.
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

    /// Prints which bars are met.
    pub(crate) fn judge(&mut self, bars: &[Bar]) {
        let mut table = String::from("| bar | wanted | reached | |\n|---|---:|---:|---|\n");
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
             of {} rounds, in which all ways have a turn of about {} ms, one after the other, and everything shares one \
             processor. A rate is given as a share of that of another way, the median of the shares in each round; in \
             the tables of that of *raw*: sockets and no more, with all that is known of the answer beforehand.\n\n\
             In the listings raw cuts the answer into slices. `dir` gives a `Listing`, which owns all its entries, in one \
             piece of memory; *dir, owned* makes a `Vec<u8>` of each, one allocation more for every entry. libownet gives one \
             piece of memory too, which is cut into strings in place; it takes no answer above 100,050 bytes.\n\n\
             ![rates as shares of the rate of raw sockets](benchmarks.svg)\n\n{}",
            self.rounds,
            self.turn.as_millis(),
            self.markdown.trim_end()
        );
        fs::write(folder.join("benchmarks.md"), text + "\n").expect("the package's folder can be written to");
        self.draw(&folder.join("benchmarks.svg")).expect("the picture can be drawn");
    }

    /// A bar for each way but raw, which is the line at 1.
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
        chart::draw(path, "rates as shares of the rate of raw sockets", &rows, 1.2)
    }
}

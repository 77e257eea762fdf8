//! Several ways to do the same, measured in turns, so that other load on the machine affects all of them alike.
//!
//! The results are medians: of the times, and of the ratios of two times in the same round.

use std::env;
use std::time::{Duration, Instant};

/// Rounds of a measurement.
const ROUNDS: usize = 51;

/// How long one way runs in a round.
const TURN: Duration = Duration::from_millis(2);

/// One way, run this number of times.
type Calls<'a> = Box<dyn FnMut(u32) + 'a>;

/// A benchmark of several ways. The others are compared with the first one.
pub struct SideBySide<'a> {
    title: &'a str,
    unit: &'a str,
    units: u32,
    ways: Vec<(&'a str, Calls<'a>)>,
}

/// The result of one way.
#[derive(Clone, Debug)]
pub struct Measured {
    /// The way's name.
    pub name: String,
    /// The time of a unit in each round, in nanoseconds.
    times: Vec<f64>,
}

impl Measured {
    /// The time of a unit in nanoseconds: the median of the rounds.
    #[must_use]
    pub fn nanos(&self) -> f64 {
        median(self.times.clone())
    }

    /// Its time divided by that of another way: the median of the ratios in each round.
    #[must_use]
    pub fn ratio_to(&self, other: &Self) -> f64 {
        median(self.times.iter().zip(&other.times).map(|(time, other)| time / other).collect())
    }
}

impl<'a> SideBySide<'a> {
    /// A benchmark in which each call handles this number of units: headers, entries, calls.
    #[must_use]
    pub fn new(title: &'a str, unit: &'a str, units: u32) -> Self {
        Self { title, unit, units, ways: Vec::new() }
    }

    /// Adds a way.
    #[must_use]
    pub fn way(self, name: &'a str, mut call: impl FnMut() + 'a) -> Self {
        self.way_many(name, move |calls| (0..calls).for_each(|_| call()))
    }

    /// Adds a way that makes a number of calls by itself, if the beginning and the end of a series cost time too.
    #[must_use]
    pub fn way_many(mut self, name: &'a str, calls: impl FnMut(u32) + 'a) -> Self {
        self.ways.push((name, Box::new(calls)));
        self
    }

    /// The title of the benchmark.
    #[must_use]
    pub fn title(&self) -> &'a str {
        self.title
    }

    /// How many units a call handles.
    #[must_use]
    pub fn units(&self) -> u32 {
        self.units
    }

    /// The ways, to be measured by other means.
    pub fn ways(&mut self) -> impl Iterator<Item = (&'a str, impl FnMut())> {
        self.ways.iter_mut().map(|(name, calls)| (*name, || calls(1)))
    }

    /// Measures and prints a table: the time of a unit, and its ratio to that of the first way. Under `cargo test` each
    /// way is only called once.
    pub fn print(mut self) {
        if !env::args().any(|argument| argument == "--bench") {
            self.ways().for_each(|(_, mut call)| call());
            return;
        }
        println!("\n| {} | ns per {} | ratio |\n|---|---:|---:|", self.title, self.unit);
        let measured = self.measure(ROUNDS, TURN);
        for way in &measured {
            println!("| {} | {:.2} | {:.3} |", way.name, way.nanos(), way.ratio_to(&measured[0]));
        }
    }

    /// Measures in `rounds` rounds, in which each way runs for about the time `turn`.
    ///
    /// # Panics
    ///
    /// If `rounds` is 0.
    #[must_use]
    pub fn measure(mut self, rounds: usize, turn: Duration) -> Vec<Measured> {
        let calls: Vec<u32> = self.ways.iter_mut().map(|(_, way)| calls_in_a_turn(way, turn)).collect();
        let named = |(name, _): &(&str, _)| Measured { name: (*name).to_owned(), times: Vec::new() };
        let mut measured: Vec<Measured> = self.ways.iter().map(named).collect();
        for round in 0..rounds {
            // Each round begins with another way, since a slow way leaves cold caches for the next one.
            for turn in 0..self.ways.len() {
                let number = (round + turn) % self.ways.len();
                let (_, way) = &mut self.ways[number];
                let time = time(way, calls[number]);
                measured[number].times.push(time / f64::from(calls[number]) / f64::from(self.units));
            }
        }
        measured
    }
}

fn calls_in_a_turn(way: &mut dyn FnMut(u32), turn: Duration) -> u32 {
    let mut calls = 1;
    while calls < 1 << 28 && time(way, calls) < turn.as_nanos() as f64 {
        calls *= 2;
    }
    calls
}

fn time(way: &mut dyn FnMut(u32), calls: u32) -> f64 {
    let start = Instant::now();
    way(calls);
    start.elapsed().as_nanos() as f64
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

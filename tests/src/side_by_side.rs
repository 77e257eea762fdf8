//! Several ways to do the same, measured in turns, so that all of them meet the same disturbances. What counts is the
//! median: that of the times, and that of the ratios of two times in the same round.

use std::env;
use std::time::{Duration, Instant};

/// Rounds of a measurement.
const ROUNDS: usize = 51;

/// How long one way is at work in a round.
const TURN: Duration = Duration::from_millis(2);

/// One way to do it, so many times.
type Calls<'a> = Box<dyn FnMut(u32) + 'a>;

/// A measurement to be: the first way is the bound that the others are compared with.
pub struct SideBySide<'a> {
    title: &'a str,
    unit: &'a str,
    units: u32,
    ways: Vec<(&'a str, Calls<'a>)>,
}

/// What was measured of one way.
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

    /// How many times as long it takes as another way: the median of the ratios in each round.
    #[must_use]
    pub fn ratio_to(&self, other: &Self) -> f64 {
        median(self.times.iter().zip(&other.times).map(|(time, other)| time / other).collect())
    }
}

impl<'a> SideBySide<'a> {
    /// A measurement in which each call does something to that many units: headers, entries, calls.
    #[must_use]
    pub fn new(title: &'a str, unit: &'a str, units: u32) -> Self {
        Self { title, unit, units, ways: Vec::new() }
    }

    /// One more way.
    #[must_use]
    pub fn way(self, name: &'a str, mut call: impl FnMut() + 'a) -> Self {
        self.way_many(name, move |calls| (0..calls).for_each(|_| call()))
    }

    /// One more way, that is told how many calls to make, where to begin and to end costs time too.
    #[must_use]
    pub fn way_many(mut self, name: &'a str, calls: impl FnMut(u32) + 'a) -> Self {
        self.ways.push((name, Box::new(calls)));
        self
    }

    /// The measurement's name.
    #[must_use]
    pub fn title(&self) -> &'a str {
        self.title
    }

    /// How many units a call does.
    #[must_use]
    pub fn units(&self) -> u32 {
        self.units
    }

    /// The ways, for another way to measure.
    pub fn ways(&mut self) -> impl Iterator<Item = (&'a str, impl FnMut())> {
        self.ways.iter_mut().map(|(name, calls)| (*name, || calls(1)))
    }

    /// Measures and prints a table: the time of a unit, and its ratio to that of the bound. Under `cargo test` each way is only called.
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

    /// Measures, in so many rounds in which each way has a turn of about that length.
    ///
    /// # Panics
    /// Without rounds.
    #[must_use]
    pub fn measure(mut self, rounds: usize, turn: Duration) -> Vec<Measured> {
        let calls: Vec<u32> = self.ways.iter_mut().map(|(_, way)| calls_in_a_turn(way, turn)).collect();
        let named = |(name, _): &(&str, _)| Measured { name: (*name).to_owned(), times: Vec::new() };
        let mut measured: Vec<Measured> = self.ways.iter().map(named).collect();
        for round in 0..rounds {
            // Each round begins with another way, since what comes behind a slow one finds the caches cold.
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

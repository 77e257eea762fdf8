//! Several ways to do the same, measured in turns, so that all of them meet the same disturbances. Of each way's rounds
//! the lower quartile counts: what others do on the machine only ever adds to a time.

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
    /// The time of a unit in nanoseconds, the lower quartile of the rounds.
    pub nanos: f64,
    /// Its ratio to that of the bound.
    pub ratio: f64,
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
        for Measured { name, nanos, ratio } in self.measure(ROUNDS, TURN) {
            println!("| {name} | {nanos:.2} | {ratio:.3} |");
        }
    }

    /// Measures, in so many rounds in which each way has a turn of about that length.
    ///
    /// # Panics
    /// Without rounds.
    #[must_use]
    pub fn measure(mut self, rounds: usize, turn: Duration) -> Vec<Measured> {
        let calls: Vec<u32> = self.ways.iter_mut().map(|(_, way)| calls_in_a_turn(way, turn)).collect();
        let mut times = vec![Vec::with_capacity(rounds); self.ways.len()];
        for _ in 0..rounds {
            for (((_, way), calls), times) in self.ways.iter_mut().zip(&calls).zip(&mut times) {
                times.push(time(way, *calls) / f64::from(*calls) / f64::from(self.units));
            }
        }
        let times: Vec<f64> = times.into_iter().map(lower_quartile).collect();
        let measured = |((name, _), &nanos): (&(&str, Calls<'_>), &f64)| Measured {
            name: (*name).to_owned(),
            nanos,
            ratio: nanos / times[0],
        };
        self.ways.iter().zip(&times).map(measured).collect()
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

fn lower_quartile(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 4]
}

//! Several ways to do the same, measured in turns: what disturbs one round disturbs all of them alike, so their ratios
//! can be trusted where the times themselves vary.

use std::env;
use std::time::{Duration, Instant};

/// Rounds of a measurement. Odd, so that a median is a round.
const ROUNDS: usize = 51;

/// How long one way is at work in a round.
const TURN: Duration = Duration::from_millis(2);

/// One way to do it.
type Call<'a> = Box<dyn FnMut() + 'a>;

/// A measurement to be: the first way is the bound that the others are compared with.
pub struct SideBySide<'a> {
    title: &'a str,
    unit: &'a str,
    units: u32,
    ways: Vec<(&'a str, Call<'a>)>,
}

impl<'a> SideBySide<'a> {
    /// A measurement in which each call does something to that many units: headers, entries, calls.
    #[must_use]
    pub fn new(title: &'a str, unit: &'a str, units: u32) -> Self {
        Self { title, unit, units, ways: Vec::new() }
    }

    /// One more way.
    #[must_use]
    pub fn way(mut self, name: &'a str, call: impl FnMut() + 'a) -> Self {
        self.ways.push((name, Box::new(call)));
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
    pub fn ways(&mut self) -> impl Iterator<Item = (&'a str, &mut (dyn FnMut() + 'a))> {
        self.ways.iter_mut().map(|(name, call)| (*name, &mut **call))
    }

    /// Measures and prints a table: the median time of a unit, and the median of its ratio to the bound in the same
    /// round. Under `cargo test` each way is only called.
    pub fn print(mut self) {
        if !env::args().any(|argument| argument == "--bench") {
            self.ways().for_each(|(_, call)| call());
            return;
        }
        let calls: Vec<u32> = self.ways().map(|(_, call)| calls_in_a_turn(call)).collect();
        let mut times = vec![Vec::with_capacity(ROUNDS); self.ways.len()];
        for _ in 0..ROUNDS {
            for (((_, call), calls), times) in self.ways.iter_mut().zip(&calls).zip(&mut times) {
                times.push(time(call, *calls) / f64::from(*calls) / f64::from(self.units));
            }
        }
        println!("\n| {} | ns per {} | ratio |\n|---|---:|---:|", self.title, self.unit);
        for ((name, _), of_way) in self.ways.iter().zip(&times) {
            let ratios = of_way.iter().zip(&times[0]).map(|(time, bound)| time / bound).collect();
            println!("| {name} | {:.2} | {:.3} |", median(of_way.clone()), median(ratios));
        }
    }
}

fn calls_in_a_turn(call: &mut dyn FnMut()) -> u32 {
    let mut calls = 1;
    while calls < 1 << 28 && time(call, calls) < TURN.as_nanos() as f64 {
        calls *= 2;
    }
    calls
}

fn time(call: &mut dyn FnMut(), calls: u32) -> f64 {
    let start = Instant::now();
    for _ in 0..calls {
        call();
    }
    start.elapsed().as_nanos() as f64
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

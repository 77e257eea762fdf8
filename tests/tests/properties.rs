//! The properties of the fuzz targets, on stable Rust and without a fuzzer: with every captured exchange, whole and damaged,
//! with words of the protocol in any order, and with random bytes.
//!
//! The environment variable `PROPTEST_CASES` sets the number of inputs for each target. Proptest shrinks an input that fails
//! and stores it in `properties.proptest-regressions`; it then becomes a named test, here or beside the code that it broke.

use owproto_fuzz::{TARGETS, seeds};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, FileFailurePersistence, TestRunner};

/// A change of a seed.
#[derive(Clone, Debug)]
enum Damage {
    Truncate(Index),
    Insert(Index, Vec<u8>),
    Remove(Index),
    Flip(Index, u8),
}

fn damage(words: Vec<Vec<u8>>) -> impl Strategy<Value = Damage> {
    let at = any::<Index>;
    prop_oneof![
        1 => at().prop_map(Damage::Truncate),
        1 => (at(), vec(any::<u8>(), 1..4)).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        3 => (at(), vec(0..24_u8, 1..4)).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        2 => (at(), select(words)).prop_map(|(at, word)| Damage::Insert(at, word)),
        2 => at().prop_map(Damage::Remove),
        4 => (at(), 0..8_u8).prop_map(|(at, bit)| Damage::Flip(at, bit)),
    ]
}

fn damaged(mut seed: Vec<u8>, damages: &[Damage]) -> Vec<u8> {
    for damage in damages {
        match damage {
            Damage::Truncate(at) => seed.truncate(at.index(seed.len() + 1)),
            Damage::Insert(at, bytes) => {
                let at = at.index(seed.len() + 1);
                seed.splice(at..at, bytes.iter().copied());
            }
            Damage::Remove(at) if !seed.is_empty() => drop(seed.remove(at.index(seed.len()))),
            Damage::Flip(at, bit) if !seed.is_empty() => {
                let at = at.index(seed.len());
                seed[at] ^= 1 << bit;
            }
            Damage::Remove(_) | Damage::Flip(..) => {}
        }
    }
    seed
}

/// Input for a target. Small bytes are frequent, since they are numbers of operations.
fn input(target: &str) -> impl Strategy<Value = Vec<u8>> + use<> {
    let words = seeds::dictionary();
    let seeds: Vec<Vec<u8>> =
        seeds::of(target).map(|(_, seed)| seed).filter(|seed| seed.len() < 2000).collect();
    let piece = prop_oneof![
        4 => vec(0..24_u8, 1..8),
        2 => select(words.clone()),
        1 => vec(any::<u8>(), 1..16),
        1 => select(seeds.clone()),
    ];
    prop_oneof![
        2 => (select(seeds), vec(damage(words), 1..6)).prop_map(|(seed, damages)| damaged(seed, &damages)),
        2 => vec(piece, 0..24).prop_map(|pieces| pieces.concat()),
        1 => vec(any::<u8>(), 0..400),
    ]
}

/// Checks one target with generated inputs.
fn check_target(target: &str) {
    let check = TARGETS.iter().find(|(name, _)| *name == target).expect("a target has this name").1;
    let persistence = FileFailurePersistence::WithSource("proptest-regressions");
    let config = Config {
        failure_persistence: Some(Box::new(persistence)),
        source_file: Some(file!()),
        ..Config::default()
    };
    let result = TestRunner::new(config).run(&input(target), |input| {
        check(&input);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{target}: {error}");
    }
}

macro_rules! targets {
    ($($target:ident)*) => {
        $(
            #[test]
            fn $target() {
                check_target(stringify!($target));
            }
        )*

        #[test]
        fn every_target_has_a_test() {
            assert!(TARGETS.iter().map(|(name, _)| *name).eq([$(stringify!($target)),*]));
        }
    };
}

targets! {
    reply_decoder
    request_decoder
    client_connection
    text
    round_trip
    server_connection
    tree
    network
}

#[test]
fn every_seed_passes() {
    for (target, check) in TARGETS {
        let mut count = 0;
        for (name, seed) in seeds::of(target) {
            println!("{target} {name}");
            check(&seed);
            count += 1;
        }
        assert!(count > 100, "{target} has {count} seeds");
    }
}

#[test]
fn all_short_inputs_pass() {
    for (_, check) in TARGETS {
        check(&[]);
        for first in 0..=255 {
            check(&[first]);
            check(&[first; 64]);
        }
    }
}

/// Inputs that fuzzing has found. The tests beside the code check the same in a readable form.
#[test]
fn inputs_that_once_failed_pass() {
    let found: [(&str, &str, &[u8]); 1] = [(
        "tree",
        "an entry that disappears before all of it was sent",
        b"\xff\xff\0\xff\0\x03\0\x80\0\x04\x04\xff\x80\0\x04\x04\x04\x04",
    )];
    for (target, what, input) in found {
        println!("{target}: {what}");
        TARGETS.iter().find(|(name, _)| *name == target).unwrap().1(input);
    }
}

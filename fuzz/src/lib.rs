//! What the fuzz targets check, as ordinary functions: each takes bytes and panics if a property does not hold.
//!
//! The targets in `fuzz_targets` call them, and so do the tests here, with every seed and with damaged ones.
#![forbid(unsafe_code)]

pub mod client_connection;
mod frames;
pub mod network;
pub mod reply_decoder;
pub mod request_decoder;
pub mod round_trip;
pub mod seeds;
pub mod server_connection;
pub mod text;
pub mod tree;

/// What a target checks.
pub type Check = fn(&[u8]);

/// The targets by name.
pub const TARGETS: [(&str, Check); 8] = [
    ("reply_decoder", reply_decoder::check),
    ("request_decoder", request_decoder::check),
    ("client_connection", client_connection::check),
    ("text", text::check),
    ("round_trip", round_trip::check),
    ("server_connection", server_connection::check),
    ("tree", tree::check),
    ("network", network::check),
];

/// Reads settings off the front of a fuzzer's input; zeros when it has come to its end.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or_default()
    }

    fn word(&mut self) -> usize {
        usize::from(self.byte()) << 8 | usize::from(self.byte())
    }

    /// Four bytes.
    fn long(&mut self) -> u32 {
        u32::from_be_bytes([(); 4].map(|()| self.byte()))
    }

    /// At most `n` bytes.
    fn take(&mut self, n: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(n.min(self.0.len()));
        self.0 = rest;
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_seed_holds() {
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
    fn damaged_seeds_hold() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % u64::try_from(below.max(1)).unwrap()).unwrap()
        };
        for (target, check) in TARGETS {
            for (name, seed) in seeds::of(target).filter(|(_, seed)| seed.len() < 2000) {
                for _ in 0..10 {
                    let mut damaged = seed.clone();
                    for _ in 0..=random(3) {
                        let at = random(damaged.len());
                        match random(4) {
                            0 => damaged.truncate(at),
                            1 => damaged.insert(at, u8::try_from(random(256)).unwrap()),
                            _ if at < damaged.len() => damaged[at] ^= 1 << random(8),
                            _ => {}
                        }
                    }
                    println!("{target} {name} {damaged:02x?}");
                    check(&damaged);
                }
            }
        }
    }

    #[test]
    fn short_inputs_hold() {
        for (_, check) in TARGETS {
            check(&[]);
            for first in 0..=255 {
                check(&[first]);
                check(&[first; 64]);
            }
        }
    }
}

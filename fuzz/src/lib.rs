//! The properties of the fuzz targets, as functions. Each takes bytes and panics if a property does not hold.
//!
//! The targets in `fuzz_targets` call them, and so does `tests/tests/properties.rs`, on stable Rust.
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

/// The function of a target.
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

/// Reads settings from the front of the input; zeros after its end.
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

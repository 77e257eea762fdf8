//! The board that the firmware runs on: QEMU's `mps2-an385`, a Cortex-M3 with 25 MHz and a LAN9118 network interface.
//!
//! | part | what it gives |
//! |---|---|
//! | [`Lan9118`] | Ethernet, as a device of smoltcp |
//! | [`Clock`] | microseconds, and sleep until a moment or a frame |
//! | [`Pin`], [`Delay`] | a 1-Wire bus, by `embedded-hal` |
//! | [`Network`] | smoltcp's interface over both, in turns that end |
//! | [`host`] | with the feature of this name: QEMU's terminal, command line and exit status |
//! | [`stack`] | how deep the stack has been |
//!
//! All that is `unsafe` in the firmware is here, because registers are memory to the compiler. Whoever takes the
//! firmware to another board writes this crate anew.
#![no_std]

mod clock;
#[cfg(feature = "host")]
pub mod host;
#[cfg(target_arch = "arm")]
mod intrinsics;
mod lan9118;
mod network;
#[cfg(not(feature = "host"))]
mod panic;
mod pin;
mod registers;
pub mod stack;

pub use clock::Clock;
pub use cortex_m_rt::entry;
pub use lan9118::Lan9118;
pub use network::{Address, Network};
pub use pin::{Delay, Pin};

use lan9118::Frames;
use static_cell::ConstStaticCell;

/// What the board has, each part once.
#[derive(Debug)]
pub struct Board {
    /// The network interface.
    pub ethernet: Lan9118,
    /// The clock.
    pub clock: Clock,
    /// The pin for a 1-Wire bus.
    pub pin: Pin,
    /// Short pauses, for the pin.
    pub delay: Delay,
}

impl Board {
    /// Starts the board.
    ///
    /// # Panics
    /// If it is called twice: two owners would disturb each other.
    #[must_use]
    pub fn start() -> Self {
        #[cfg(all(feature = "host", target_arch = "arm"))]
        intrinsics::check();
        static FRAMES: ConstStaticCell<Frames> = ConstStaticCell::new(Frames::new());
        let frames = FRAMES.take();
        let clock = Clock::start();
        Self { ethernet: Lan9118::start(frames), clock, pin: Pin::start(), delay: Delay(()) }
    }
}

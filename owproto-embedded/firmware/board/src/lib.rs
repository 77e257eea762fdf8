//! The board of the firmware: QEMU's `mps2-an385`, a Cortex-M3 at 25 MHz with a LAN9118 network interface.
//!
//! | item | |
//! |---|---|
//! | [`Lan9118`] | Ethernet, as a device of smoltcp |
//! | [`Clock`] | microseconds, and sleep until a time or a frame |
//! | [`Pin`], [`Delay`] | a pin for a 1-Wire bus, and a delay, for `embedded-hal` |
//! | [`Network`] | smoltcp's interface over Ethernet and clock, with limited work for each poll |
//! | [`host`] | with the feature `host`: QEMU's terminal, command line and exit status |
//! | [`stack`] | the high-water mark of the stack |
//!
//! All `unsafe` code of the firmware is here, because registers are memory for the compiler. To port the firmware to
//! another board, rewrite this crate.
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

/// The parts of the board, each of which exists once.
#[derive(Debug)]
pub struct Board {
    /// The network interface.
    pub ethernet: Lan9118,
    /// The clock.
    pub clock: Clock,
    /// The pin for a 1-Wire bus.
    pub pin: Pin,
    /// Short delays, for the pin.
    pub delay: Delay,
}

impl Board {
    /// Starts the board.
    ///
    /// # Panics
    /// If it is called twice, because the parts can have one owner only.
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

//! Reports on the terminal. Without the feature `host` nothing is reported.

use owproto_embedded::owproto_core::ServerError;
use owproto_embedded::smoltcp::DisconnectReason;
use smoltcp::time::Duration;

/// The result of a round.
pub(crate) struct Round {
    pub(crate) number: u32,
    pub(crate) devices: usize,
    pub(crate) omitted: usize,
    pub(crate) temperatures: usize,
    pub(crate) time: Duration,
}

#[cfg(feature = "host")]
mod terminal {
    use core::str;

    use owproto_board::{Network, host, println, stack};

    use super::*;

    fn text(bytes: &[u8]) -> &str {
        str::from_utf8(bytes.trim_ascii()).unwrap_or("?")
    }

    pub(crate) fn temperature(device: &[u8], value: &[u8]) {
        println!("{} {}", text(device), text(value));
    }

    pub(crate) fn no_temperature(device: &[u8], error: ServerError) {
        println!("{}: {error}", text(device));
    }

    pub(crate) fn no_listing(error: ServerError) {
        println!("cannot list the bus: {error}");
    }

    pub(crate) fn connected() {
        println!("connected");
    }

    pub(crate) fn disconnected(reason: DisconnectReason) {
        println!("disconnected: {reason}");
    }

    pub(crate) fn round(round: &Round) {
        let Round { number, devices, temperatures, omitted, time } = round;
        println!(
            "round {number}: {temperatures} temperatures of {devices} devices, in {} us",
            time.total_micros()
        );
        if *omitted > 0 {
            println!("{omitted} devices omitted: too many");
        }
    }

    pub(crate) fn finish(network: &mut Network) -> ! {
        let now = network.now().total_micros();
        let asleep = network.micros_asleep();
        println!("done after {now} us, {asleep} us of them asleep; stack {} bytes", stack::high_water_mark());
        host::exit(host::Outcome::Success)
    }
}

#[cfg(not(feature = "host"))]
mod silence {
    use super::*;

    pub(crate) fn temperature(_: &[u8], _: &[u8]) {}
    pub(crate) fn no_temperature(_: &[u8], _: ServerError) {}
    pub(crate) fn no_listing(_: ServerError) {}
    pub(crate) fn connected() {}
    pub(crate) fn disconnected(_: DisconnectReason) {}

    /// A product would use the result here.
    pub(crate) fn round(round: &Round) {
        let Round { number, devices, omitted, temperatures, time } = round;
        core::hint::black_box((number, devices, omitted, temperatures, time));
    }
}

#[cfg(not(feature = "host"))]
pub(crate) use silence::*;
#[cfg(feature = "host")]
pub(crate) use terminal::*;

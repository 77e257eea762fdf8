//! A simulated 1-Wire bus, for demonstrations and for tests of programs that use an owserver.
//!
//! [`Simulator`] makes devices and steers them while others use them; its [`bus`](Simulator::bus) goes under a
//! [`Tree`](owproto_core::tree::Tree). `sim::Server` (features `sim` and `server`) is a whole owserver of it, in the
//! background of a test:
//!
//! ```
//! # #[cfg(feature = "server")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use owproto_std::owproto_core::text::Value;
//! use owproto_std::{Client, sim};
//!
//! let server = sim::Server::start("28=kitchen,1D".parse()?)?;
//! let client = Client::new(&server.local_addr().to_string())?;
//!
//! let kitchen = server.simulator().device("kitchen").unwrap();
//! kitchen.set("temperature", Value::Float(21.5))?;
//! assert_eq!(client.read_number("/kitchen/temperature")?, 21.5);
//!
//! kitchen.set_presence(sim::Presence::Absent);
//! assert!(!client.present("/kitchen")?);
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "server"))]
//! # fn main() {}
//! ```
//!
//! # Devices
//!
//! A [`Spec`] says which there are: family codes in a comma list. Each has the properties that owserver gives its
//! family; a family that nobody knows has its address, as with owserver.
//!
//! # Values
//!
//! They follow from a seed, the device and the time since the start, so that two simulators with the same spec and the
//! same seed agree at any moment. Temperatures, pressures, humidities and voltages are smooth curves; counters count;
//! inputs change; clocks run. Memory keeps its bytes, and all that can be written keeps what was written. What belongs
//! together agrees: the scratchpad of a thermometer with its temperature, the pages of a memory with the whole, `.BYTE`
//! with its bits. While a request is being answered time stands still for it.
//!
//! After `tester:` in the spec, values are those of owserver's option `--tester`, for comparisons with the real one.
//!
//! # Trouble
//!
//! Each [`Device`] can be [slow](Device::set_latency), [fail](Device::set_errors) now and then, [come and
//! go](Device::set_presence), be [in alarm](Device::set_alarm), or say the [85 degrees](Device::set_power_on) that
//! thermometers say before their first conversion.

mod bus;
mod curve;
mod device;
#[cfg(feature = "server")]
mod server;
mod simulator;
mod sleepers;
mod spec;
mod state;
mod values;

pub use bus::SimulatedBus;
pub use device::{Alarm, Device, Occurrence, Presence, SetError};
#[cfg(feature = "server")]
pub use server::{Builder as ServerBuilder, Server};
pub use simulator::{Builder, Simulator};
pub use spec::{Spec, SpecError, SpecErrorKind};

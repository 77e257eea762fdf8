//! A simulated 1-Wire bus, for demonstrations and for tests of programs that use an owserver.
//!
//! A [`Simulator`] has the devices, and a test controls them through it while clients use them. Its
//! [`bus`](Simulator::bus) is the bus of a [`Tree`](owproto_core::tree::Tree). `sim::Server` (features `sim` and `server`) is
//! a complete owserver with these devices, in a thread of the test:
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
//! A [`Spec`] lists the devices, as family codes or addresses. Each device has the properties that owserver gives its
//! family. A device of an unknown family has only the common ones, such as its address, as with owserver.
//!
//! # Values
//!
//! Values follow from a seed, the device and the time since the start: two simulators with the same spec and seed have the
//! same values at the same time. Temperatures, pressures, humidities and voltages are smooth curves; counters count, inputs
//! change, clocks run. Memories and all other writable properties keep what was written. Related values agree: the
//! scratchpad of a thermometer with its temperature, the pages of a memory with the whole, `.BYTE` with its bits. All values
//! in one answer belong to the same moment.
//!
//! After the prefix `tester:` in the spec, values are those of owserver's option `--tester`, for comparisons with owserver.
//!
//! # Faults
//!
//! Each [`Device`] can be [slow](Device::set_latency), [fail](Device::set_errors) some or all requests, [disappear and come
//! back](Device::set_presence), be [in alarm](Device::set_alarm), or read the [85 degrees](Device::set_power_on) of a
//! thermometer before its first conversion.

mod bus;
mod clock;
mod device;
mod device_state;
mod faults;
mod generate;
mod operations;
#[cfg(feature = "server")]
mod server;
mod simulator;
mod spec;
mod state;
mod stored;
mod timers;
mod values;

pub use bus::SimulatedBus;
pub use device::{Device, Reading, SetError};
pub use faults::{Alarm, Occurrence, Presence};
#[cfg(feature = "server")]
pub use server::{Builder as ServerBuilder, Server};
pub use simulator::{Builder, Simulator};
pub use spec::{Spec, SpecError, SpecErrorKind};

//! All drivers with a scripted peer, in virtual time: one set of scenarios for the four clients, one for the four servers,
//! and the tests of what only one of them promises.

mod asynchronous;
mod blocking;
mod breaking_off;
mod dropped;
#[cfg(feature = "embedded-nal-async")]
mod network;
#[cfg(feature = "embedded-nal-async")]
mod reconnecting;
mod scenarios;
mod server_scenarios;
mod servers;
mod services;
mod wire;

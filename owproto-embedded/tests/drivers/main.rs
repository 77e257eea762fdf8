//! All drivers on a scripted server, in virtual time: one table of scenarios for the four clients and one for the
//! four servers, and what only one
//! of them promises.

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

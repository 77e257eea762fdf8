//! All drivers on a scripted server, in virtual time: one table of scenarios for the four of them, and what only one
//! of them promises.

mod asynchronous;
mod blocking;
mod scenarios;
mod wire;

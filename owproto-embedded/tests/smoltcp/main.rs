//! The smoltcp drivers on two machines with a cable between them, in virtual time.

mod breaking_off;
mod client;
mod memory;
mod peer;
mod server;
mod together;
mod world;

//! The drivers for smoltcp on two machines and a cable between them, in virtual time.

mod client;

mod peer;

mod world;

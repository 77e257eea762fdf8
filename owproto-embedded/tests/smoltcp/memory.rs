//! How much memory the drivers take.

use std::mem::size_of;

use owproto_core::tree::Job;
use owproto_embedded::smoltcp::{Client, Server};

#[test]
fn a_driver_adds_little_memory_to_its_connections() {
    type Core<const DEPTH: usize> = owproto_core::client::Connection<[u8; 0], [u8; 0], DEPTH>;
    let client = size_of::<Client<[u8; 0], [u8; 0], 1>>();
    let core = size_of::<Core<1>>();
    println!("client {client}, of it the connection {core}");
    assert!(client <= core + 96, "{client}, {core}");

    type ServerCore = owproto_core::server::Connection<[u8; 0], [u8; 0]>;
    let one = size_of::<Server<[u8; 0], [u8; 0], 5>>() - size_of::<Server<[u8; 0], [u8; 0], 4>>();
    let (core, job) = (size_of::<ServerCore>(), size_of::<Job>());
    println!("a slot of the server {one}, of it the connection {core} and the job {job}");
    assert!(one <= core + job + 64, "{one}, {core}, {job}");
}

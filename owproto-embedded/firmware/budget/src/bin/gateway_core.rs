//! A gateway whose tree has devices to read and write, and nothing else.
#![no_std]
#![no_main]

use owproto_budget::gateway::{self, GatewayScope};
use owproto_core::tree::Scope;

struct Gateway;

impl GatewayScope for Gateway {
    const SCOPE: Scope = Scope::LEAST.with(Scope::WRITES);
}

#[unsafe(no_mangle)]
pub extern "C" fn _start() -> ! {
    gateway::run::<Gateway>()
}

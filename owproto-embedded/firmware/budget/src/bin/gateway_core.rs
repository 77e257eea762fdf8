//! A gateway with devices that can be read and written, and nothing else.
#![no_std]
#![no_main]

use owproto_budget::gateway::{self, Parts};
use owproto_core::tree::Scope;

struct Gateway;

impl Parts for Gateway {
    const SCOPE: Scope = Scope::LEAST.with(Scope::WRITES);
}

#[unsafe(no_mangle)]
pub extern "C" fn _start() -> ! {
    gateway::run::<Gateway>()
}

//! A gateway with all that an owserver has.
#![no_std]
#![no_main]

use owproto_budget::gateway::{self, Parts};
use owproto_core::tree::Scope;

struct Gateway;

impl Parts for Gateway {
    const SCOPE: Scope = Scope::FULL;
}

#[unsafe(no_mangle)]
pub extern "C" fn _start() -> ! {
    gateway::run::<Gateway>()
}

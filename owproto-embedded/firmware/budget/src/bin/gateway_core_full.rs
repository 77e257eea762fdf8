//! A gateway whose tree has everything that an owserver has.
#![no_std]
#![no_main]

use owproto_budget::gateway::{self, GatewayScope};
use owproto_core::tree::Scope;

struct Gateway;

impl GatewayScope for Gateway {
    const SCOPE: Scope = Scope::FULL;
}

#[unsafe(no_mangle)]
pub extern "C" fn _start() -> ! {
    gateway::run::<Gateway>()
}

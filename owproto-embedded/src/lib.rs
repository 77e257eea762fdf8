//! Drivers for microcontrollers.
#![no_std]

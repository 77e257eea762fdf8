//! What the measured programs share: a wire that needs almost no code, and a panic handler that cannot be linked.
#![no_std]

pub mod gateway;
pub mod socket;

use core::panic::PanicInfo;
use core::ptr;

use owproto_core::time::Instant;
use owproto_core::{client, server};

// The limit of what a connection takes besides its buffers. Nothing here compiles if it is exceeded.
const _: () = assert!(size_of::<client::Connection<[u8; 0], [u8; 0]>>() <= 256);
const _: () = assert!(size_of::<server::Connection<[u8; 0], [u8; 0]>>() <= 320);

/// Registers of a device that transfers bytes. The addresses are arbitrary: these programs are linked, but never run.
const DATA: *mut u8 = 0x4000_0000 as *mut u8;
const LENGTH: *const u32 = 0x4000_0004 as *const u32;
const CLOCK: *const u32 = 0x4000_0008 as *const u32;

/// Sends bytes, and returns how many.
#[inline(never)]
pub fn send(bytes: &[u8]) -> usize {
    for byte in bytes {
        // SAFETY: a device register, which no Rust object shares.
        unsafe { ptr::write_volatile(DATA, *byte) };
    }
    bytes.len()
}

/// Receives into a buffer, and returns how many bytes.
#[inline(never)]
pub fn receive(buffer: &mut [u8]) -> usize {
    // SAFETY: as above.
    let len = unsafe { ptr::read_volatile(LENGTH) } as usize;
    for byte in buffer.iter_mut().take(len) {
        // SAFETY: as above.
        *byte = unsafe { ptr::read_volatile(DATA) };
    }
    len
}

/// The current time.
#[inline(never)]
pub fn now() -> Instant {
    // SAFETY: as above.
    Instant::from_micros(u64::from(unsafe { ptr::read_volatile(CLOCK) }))
}

/// Serves one client until it has disconnected. `work` continues with the answer to a request; the service never waits.
pub fn serve<const T: usize, const R: usize>(
    server: &mut server::Connection<[u8; T], [u8; R]>,
    mut work: impl FnMut(&mut server::Connection<[u8; T], [u8; R]>),
) {
    let mut buffer = [0; 128];
    loop {
        match server.step() {
            server::Step::Close => return,
            server::Step::Write => {
                let sent = send(server.poll_transmit());
                server.handle_transmitted(sent, now());
            }
            server::Step::Read => {
                let len = receive(&mut buffer);
                if len == 0 {
                    server.handle_eof();
                }
                server.handle_timeout(now());
                let mut input = buffer.get(..len).unwrap_or_default();
                while server.handle_input(&mut input, now()) == server::Event::Request {
                    work(server);
                }
            }
            server::Step::Answer => work(server),
        }
    }
}

unsafe extern "C" {
    /// This is not defined. A program that can panic does not link, and the linker names the function that panics.
    fn owproto_core_can_panic() -> !;
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    // SAFETY: never runs, because it cannot be linked.
    unsafe { owproto_core_can_panic() }
}

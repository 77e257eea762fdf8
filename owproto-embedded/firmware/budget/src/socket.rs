//! The wire as a transport of embedded-io.

use core::future::poll_fn;
use core::hint::black_box;
use core::task::Poll;

use embedded_hal_async::delay::DelayNs;
use embedded_io::{ErrorKind, ErrorType, Read, ReadReady, Write};

use crate::{receive, send};

/// What the clients read.
pub const PATHS: [&str; 2] = ["/10.67C6697351FF/temperature", "/28.4AEC29CDBAAB/temperature"];

/// A connected socket.
pub struct Socket;

impl ErrorType for Socket {
    type Error = ErrorKind;
}

impl ReadReady for Socket {
    fn read_ready(&mut self) -> Result<bool, ErrorKind> {
        Ok(black_box(true))
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
        black_box(Ok(receive(buffer)))
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        black_box(Ok(send(bytes)))
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

impl embedded_io_async::Read for Socket {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
        until_ready().await;
        black_box(Ok(receive(buffer)))
    }
}

impl embedded_io_async::Write for Socket {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        until_ready().await;
        black_box(Ok(send(bytes)))
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

/// A timer that expires at some time.
pub struct Delay;

impl DelayNs for Delay {
    async fn delay_ns(&mut self, _: u32) {
        until_ready().await;
    }
}

/// Waits for something that the compiler does not know, so that it has to keep the code that waits.
async fn until_ready() {
    poll_fn(|_| if black_box(true) { Poll::Ready(()) } else { Poll::Pending }).await;
}

//! The machine that runs QEMU, by semihosting: its terminal, the command line, the exit status.

use core::fmt::{self, Write};

use cortex_m_semihosting::{debug, hio, nr};

/// Ends the program. QEMU's exit status is 0 for success and 1 for failure.
pub fn exit(outcome: Outcome) -> ! {
    debug::exit(match outcome {
        Outcome::Success => debug::EXIT_SUCCESS,
        Outcome::Failure => debug::EXIT_FAILURE,
    });
    // In case the host does not end it.
    loop {
        cortex_m::asm::wfi();
    }
}

/// Whether a program succeeded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It succeeded.
    Success,
    /// It failed.
    Failure,
}

/// Prints to the terminal in one call, so that lines do not mix. Text after the first 256 bytes is cut.
pub fn print(text: fmt::Arguments<'_>) {
    let mut line = Line { text: [0; 256], len: 0 };
    // Without a terminal nothing is printed.
    let _ = line.write_fmt(text);
    if let (Ok(mut terminal), Some(text)) = (hio::hstdout(), line.text.get(..line.len)) {
        let _ = terminal.write_all(text);
    }
}

struct Line {
    text: [u8; 256],
    len: usize,
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.text.get_mut(self.len..).unwrap_or_default();
        let len = room.len().min(text.len());
        room.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
        self.len += len;
        Ok(())
    }
}

/// Prints a line to the terminal.
#[macro_export]
macro_rules! println {
    ($($text:tt)*) => { $crate::host::print(format_args!("{}\n", format_args!($($text)*))) };
}

/// The command line from `-semihosting-config arg=...`, starting with the name of the program. Empty if it does not fit
/// into `buffer`, or if there is no host.
pub fn command_line(buffer: &mut [u8]) -> &str {
    let mut block = [buffer.as_mut_ptr().expose_provenance(), buffer.len()];
    // SAFETY: the host writes to the address and at most the number of bytes in the block, which are those of `buffer`, and
    // writes the length into the block.
    let status =
        unsafe { cortex_m_semihosting::syscall1(nr::GET_CMDLINE, (&raw mut block).expose_provenance()) };
    let [_, len] = block;
    if status != 0 {
        return "";
    }
    buffer.get(..len).and_then(|text| str::from_utf8(text).ok()).unwrap_or_default()
}

/// Seconds since 1970, from the clock of the host.
#[must_use]
pub fn seconds() -> u32 {
    // SAFETY: this call takes no argument.
    let seconds = unsafe { cortex_m_semihosting::syscall1(nr::TIME, 0) };
    u32::try_from(seconds).unwrap_or(0)
}

/// Prints why the program panicked, and ends it.
#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    print(format_args!("{info}\n"));
    exit(Outcome::Failure)
}

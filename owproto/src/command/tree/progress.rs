use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::printable::printable;
use crate::session::Session;

/// A line on standard error that shows the progress, if that is a terminal.
pub(super) struct Progress {
    bar: ProgressBar,
    entries: usize,
}

impl Progress {
    pub(super) fn new(session: &Session) -> Self {
        // Frames on standard error would break the line up.
        let bar = if session.is_verbose { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
            bar.set_style(style);
        }
        if !bar.is_hidden() {
            bar.enable_steady_tick(Duration::from_millis(100));
        }
        Self { bar, entries: 0 }
    }

    /// Shows that a directory is being listed.
    pub(super) fn show(&self, path: &[u8]) {
        self.bar.set_message(format!("{} entries, listing {}", self.entries, printable(path)));
    }

    pub(super) fn add(&mut self, entries: usize) {
        self.entries += entries;
    }

    /// Hides the line while a function prints something.
    pub(super) fn suspend<T>(&self, print: impl FnOnce() -> T) -> T {
        self.bar.suspend(print)
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}

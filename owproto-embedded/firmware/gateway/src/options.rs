use owproto_board::{host, println};
use smoltcp::time::Duration;

/// What the command line says.
pub(crate) struct Options {
    /// How often to say how it goes.
    pub(crate) status: Option<Duration>,
    /// Frames that get lost on purpose, of a hundred.
    pub(crate) loss: u8,
}

impl Options {
    /// Ends the program if the command line is not to be understood.
    pub(crate) fn of_this_run() -> Self {
        let mut buffer = [0; 256];
        let mut options = Self { status: None, loss: 0 };
        for word in host::command_line(&mut buffer).split_ascii_whitespace().skip(1) {
            if options.understand(word).is_none() {
                println!("'{word}' is not understood");
                println!("usage: gateway [status=MILLISECONDS] [loss=PERCENT]");
                host::exit(host::Outcome::Failure);
            }
        }
        options
    }

    fn understand(&mut self, word: &str) -> Option<()> {
        match word.split_once('=')? {
            ("status", millis) => {
                let millis = millis.parse::<u32>().ok().filter(|millis| *millis > 0)?;
                self.status = Some(Duration::from_millis(u64::from(millis)));
            }
            ("loss", percent) => self.loss = percent.parse().ok().filter(|percent| *percent <= 100)?,
            _ => return None,
        }
        Some(())
    }
}

use owproto_board::{host, println};
use smoltcp::time::Duration;

/// The options of the gateway.
pub(crate) struct Options {
    /// How often to print the status.
    pub(crate) status: Option<Duration>,
    /// The percentage of frames to drop on purpose.
    pub(crate) loss: u8,
}

impl Options {
    /// The options from the command line. Ends the program if one is invalid.
    pub(crate) fn of_this_run() -> Self {
        let mut buffer = [0; 256];
        let mut options = Self { status: None, loss: 0 };
        for word in host::command_line(&mut buffer).split_ascii_whitespace().skip(1) {
            if options.parse(word).is_none() {
                println!("invalid option: '{word}'");
                println!("usage: gateway [status=MILLISECONDS] [loss=PERCENT]");
                host::exit(host::Outcome::Failure);
            }
        }
        options
    }

    fn parse(&mut self, word: &str) -> Option<()> {
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

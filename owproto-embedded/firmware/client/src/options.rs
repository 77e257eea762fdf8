use core::net::SocketAddrV4;

use owproto_board::Address;
use smoltcp::time::Duration;

/// The port of owservers.
const PORT: u16 = 4304;

/// The options of the client.
pub(crate) struct Options {
    /// The owserver.
    pub(crate) server: SocketAddrV4,
    /// How many rounds to make; `None` for no end.
    pub(crate) rounds: Option<u32>,
    /// The time between two rounds.
    pub(crate) pause: Duration,
    /// The percentage of frames to drop on purpose.
    #[cfg(feature = "host")]
    pub(crate) loss: u8,
    /// A number that should differ from one start to the next.
    pub(crate) seed: u64,
}

impl Options {
    /// An owserver on the gateway of the network, which in QEMU's network is the machine that runs QEMU; every second.
    const DEFAULT: Self = Self {
        server: SocketAddrV4::new(Address::QEMU.gateway, PORT),
        rounds: None,
        pause: Duration::from_secs(1),
        #[cfg(feature = "host")]
        loss: 0,
        seed: 0,
    };

    /// The defaults, because there is no command line. A product needs a random seed.
    #[cfg(not(feature = "host"))]
    pub(crate) fn of_this_run() -> Self {
        Self::DEFAULT
    }

    /// The options from the command line. Ends the program if one is invalid.
    #[cfg(feature = "host")]
    pub(crate) fn of_this_run() -> Self {
        use owproto_board::{host, println};

        let mut buffer = [0; 256];
        let line = host::command_line(&mut buffer);
        let mut options = Self { seed: u64::from(host::seconds()), ..Self::DEFAULT };
        for word in line.split_ascii_whitespace().skip(1) {
            if options.parse(word).is_none() {
                println!("invalid option: '{word}'");
                println!("usage: client [ADDRESS[:PORT]] [rounds=N] [pause=MILLISECONDS] [loss=PERCENT]");
                host::exit(host::Outcome::Failure);
            }
        }
        options
    }

    #[cfg(feature = "host")]
    fn parse(&mut self, word: &str) -> Option<()> {
        match word.split_once('=') {
            Some(("rounds", number)) => self.rounds = Some(number.parse().ok().filter(|rounds| *rounds > 0)?),
            Some(("pause", number)) => {
                self.pause = Duration::from_millis(u64::from(number.parse::<u32>().ok()?))
            }
            Some(("loss", number)) => self.loss = number.parse().ok().filter(|percent| *percent <= 100)?,
            Some(_) => return None,
            None if word.contains(':') => self.server = word.parse().ok()?,
            None => self.server = SocketAddrV4::new(word.parse().ok()?, PORT),
        }
        Some(())
    }
}

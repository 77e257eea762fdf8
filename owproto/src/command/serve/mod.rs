//! `ow serve`

mod signals;

use std::io::{self, IsTerminal};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use owproto_std::owproto_core::tree::Permission;
use owproto_std::server::{self, PersistentLimits, Timeouts};
use owproto_std::sim::Simulator;
use serde_json::json;
use tokio::runtime::Runtime;
use tracing_subscriber::filter::LevelFilter;

use crate::failure::{Failure, Reason, Status};
use crate::options::Options;
use crate::output::Output;
use crate::parse::{len_parser, seconds};
use signals::Signals;

/// Run an owserver with simulated devices.
///
/// The first line of output is 'listening on ADDR:PORT'. Events are logged to standard error, with -v in detail. SIGINT and
/// SIGTERM stop the server after it has answered the requests in progress.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  ow serve                                   devices of many kinds, on 127.0.0.1:4304
  ow --sim=10,28*3,26 serve --listen :0      five devices, on a free port
  ow --sim=28=kitchen,1D serve --latency 1500
                                             a thermometer 'kitchen' and a counter on a slow bus
  ow --sim=tester:10,28 serve                values of owserver's option --tester
  ow serve --listen 0.0.0.0:4304 --readonly  for the whole network, without writing

SPEC: devices separated by commas, and buses separated by '+'. A device is a family code
or an address. After a family code, '*N' stands for N devices; '=NAME' sets an alias.

S: seconds, such as 0.5. 0 means no limit; with --grace 0 the server stops immediately.")]
pub(crate) struct Serve {
    /// Listen on this address. Port 0 selects a free port; a port alone is one of 127.0.0.1 [default: 127.0.0.1:4304].
    #[arg(long, value_name = "ADDR:PORT", value_parser = socket_address)]
    listen: Option<SocketAddr>,

    /// Generate addresses and values from this number [default: 1].
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// Delay each access to a device by this many milliseconds. While a client waits, it gets a keepalive each second.
    #[arg(long, value_name = "MS", default_value_t = 0)]
    latency: u64,

    /// Refuse all writes.
    #[arg(long)]
    readonly: bool,

    /// Keep at most this many connections open; refuse more [default: 1000].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), allow_negative_numbers = true)]
    max_connections: Option<u32>,

    /// Keep at most this many connections open between requests; close others after each answer [default: 20].
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    max_persistent: Option<u32>,

    /// Close a connection that has been idle for this time [default: 3600].
    #[arg(long, value_name = "S", value_parser = seconds, allow_negative_numbers = true)]
    idle: Option<Duration>,

    /// Close it after this time instead while 10 or more are kept open, or the maximum if that is less [default: 600].
    #[arg(long, value_name = "S", value_parser = seconds, allow_negative_numbers = true)]
    idle_crowded: Option<Duration>,

    /// Close a connection when the client is silent within a request, or does not read its answer, for this time
    /// [default: 10 and 60].
    #[arg(long, value_name = "S", value_parser = seconds, allow_negative_numbers = true)]
    silence: Option<Duration>,

    /// Close a connection when the client takes longer than this to send a request [default: 60].
    #[arg(long, value_name = "S", value_parser = seconds, allow_negative_numbers = true)]
    request_time: Option<Duration>,

    /// Close a connection when the client takes longer than this to read 16 KiB of its answer, or all of a shorter one
    /// [default: 120].
    #[arg(long, value_name = "S", value_parser = seconds, allow_negative_numbers = true)]
    answer_time: Option<Duration>,

    /// Refuse requests with more than this many bytes after the header [default: 100050].
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = len_parser())]
    max_request: Option<u32>,

    /// Use at most this many bytes for the requests and answers in progress of all connections. The first 512 bytes of
    /// each do not count [default: 16777216].
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    max_memory: Option<u32>,

    /// When the server is stopped, wait this long for the requests in progress [default: 5].
    #[arg(long, value_name = "S", value_parser = seconds, allow_negative_numbers = true)]
    grace: Option<Duration>,

    /// Send a keepalive before every answer, to test clients.
    #[arg(long)]
    pingcrazy: bool,
}

impl Serve {
    /// Serves until a signal arrives.
    pub(crate) fn run(&self, options: &Options, mut output: Output) -> Result<Status, Failure> {
        if options.server.is_some() {
            let message = "'serve' is a server itself: --server cannot be used with it";
            return Err(Failure::Usage(message.to_owned()));
        }
        log_to_stderr(options.verbose);
        let mut simulator = Simulator::builder(options.sim.clone().unwrap_or_default())
            .latency(Duration::from_millis(self.latency));
        if let Some(seed) = self.seed {
            simulator = simulator.seed(seed);
        }
        let tree = simulator.build().tree();
        let failed =
            |what: &str, error: &io::Error| Failure::Connection(format!("{what}: {}", Reason(error)));
        let runtime = Runtime::new().map_err(|error| failed("cannot start the server", &error))?;
        runtime.block_on(async {
            // Before the first line of output, whose reader may send a signal immediately.
            let mut signals = Signals::new().map_err(|error| failed("cannot receive signals", &error))?;
            let server = self.settings().start(tree).await;
            let server = server.map_err(|error| self.cannot_listen(&error))?;
            let address = server.local_addr();
            if output.is_json() {
                output.object(&json!({ "listening": address.to_string() }))?;
            } else {
                output.line(format_args!("listening on {address}"))?;
            }
            output.flush()?;
            signals.next().await;
            server.shutdown().await;
            Ok(Status::Success)
        })
    }

    fn address(&self) -> SocketAddr {
        self.listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], owproto_std::DEFAULT_PORT)))
    }

    fn cannot_listen(&self, error: &io::Error) -> Failure {
        let advice = match error.kind() {
            io::ErrorKind::AddrInUse => "; stop the other server, or choose another port with --listen",
            io::ErrorKind::PermissionDenied => "; choose a port of 1024 or more with --listen",
            _ => "",
        };
        let address = self.address();
        Failure::Connection(format!("cannot listen on {address}: {}{advice}", Reason(error)))
    }

    /// The settings of the server.
    fn settings(&self) -> server::Builder {
        let mut builder = server::Builder::new().listen(self.address());
        if self.readonly {
            builder = builder.permission(Permission::ReadOnly);
        }
        if let Some(connections) = self.max_connections {
            builder = builder.max_connections(connections as usize);
        }
        if let Some(high) = self.max_persistent {
            let high = high as usize;
            let low = PersistentLimits::DEFAULT.low.min(high);
            builder = builder.persistent_limits(PersistentLimits::new(high, low));
        }
        let mut timeouts = Timeouts::DEFAULT;
        for (given, limits) in [
            (self.idle, &mut [&mut timeouts.idle_high][..]),
            (self.idle_crowded, &mut [&mut timeouts.idle_low]),
            (self.silence, &mut [&mut timeouts.request, &mut timeouts.send]),
            (self.request_time, &mut [&mut timeouts.request_total]),
            (self.answer_time, &mut [&mut timeouts.send_total]),
        ] {
            if let Some(time) = given {
                limits.iter_mut().for_each(|limit| **limit = time.into());
            }
        }
        builder = builder.timeouts(timeouts);
        if let Some(bytes) = self.max_request {
            builder = builder.request_limit(bytes as usize);
        }
        if let Some(bytes) = self.max_memory {
            builder = builder.memory_limit(bytes as usize);
        }
        if let Some(grace) = self.grace {
            builder = builder.shutdown_grace(grace);
        }
        if self.pingcrazy {
            builder = builder.keepalives(server::Keepalives::BeforeEveryAnswer);
        }
        builder
    }
}

/// Parses an address to listen on. A port alone is one of the loopback interface.
fn socket_address(text: &str) -> Result<SocketAddr, String> {
    let port = text.strip_prefix(':').unwrap_or(text);
    if let Ok(port) = port.parse() {
        return Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    }
    text.parse()
        .map_err(|_| format!("{text:?} is not of the form ADDR:PORT, such as 127.0.0.1:4304 or [::1]:4304"))
}

fn log_to_stderr(is_verbose: bool) {
    tracing_subscriber::fmt()
        .with_max_level(if is_verbose { LevelFilter::TRACE } else { LevelFilter::INFO })
        .with_target(false)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr)
        .init();
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct ServeOnly {
        #[command(flatten)]
        serve: Serve,
    }

    fn settings_of(line: &str) -> String {
        let args = ServeOnly::try_parse_from(line.split(' ')).ok().unwrap();
        format!("{:?}", args.serve.settings())
    }

    #[test]
    fn each_option_changes_its_setting_and_the_others_keep_their_defaults() {
        assert_eq!(settings_of("serve"), format!("{:?}", server::Builder::new()));
        let line = "serve --listen 4305 --readonly --pingcrazy --max-connections 11 --max-persistent 12 --idle 13 \
                    --idle-crowded 14 --silence 15 --request-time 16 --answer-time 0 --max-request 18 --max-memory 19 \
                    --grace 20";
        let second = |seconds: u64| Duration::from_secs(seconds).into();
        let timeouts = Timeouts::DEFAULT
            .with_request(second(15))
            .with_request_total(second(16))
            .with_idle_low(second(14))
            .with_idle_high(second(13))
            .with_send(second(15))
            .with_send_total(second(0));
        let expected = server::Builder::new()
            .port(4305)
            .permission(Permission::ReadOnly)
            .keepalives(server::Keepalives::BeforeEveryAnswer)
            .max_connections(11)
            .persistent_limits(PersistentLimits::new(12, 10))
            .timeouts(timeouts)
            .request_limit(18)
            .memory_limit(19)
            .shutdown_grace(Duration::from_secs(20));
        assert_eq!(settings_of(line), format!("{expected:?}"));
    }
}

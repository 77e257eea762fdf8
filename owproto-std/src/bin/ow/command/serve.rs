//! `ow serve`

use std::io::{self, IsTerminal};
use std::net::SocketAddr;
use std::time::Duration;

use owproto_std::owproto_core::tree::Permission;
use owproto_std::server::{self, PersistentLimits, Timeouts};
use owproto_std::sim::Simulator;
use serde_json::json;
use tokio::runtime::Runtime;
use tracing_subscriber::filter::LevelFilter;

use crate::args::{Options, Serve};
use crate::exit::{End, Reason, Status};
use crate::output::Output;

/// Serves until a signal says that it is enough.
pub(crate) fn run(args: &Serve, options: &Options, mut output: Output) -> Result<Status, End> {
    if options.server.is_some() {
        return Err(End::Usage("'serve' is a server and asks none: --server cannot be given".to_owned()));
    }
    log(options.verbose);
    let mut simulator = Simulator::builder(options.sim.clone().unwrap_or_default())
        .latency(Duration::from_millis(args.latency));
    if let Some(seed) = args.seed {
        simulator = simulator.seed(seed);
    }
    let tree = simulator.build().tree();
    let failed = |what: &str, error: &io::Error| End::Failed(format!("{what}: {}", Reason(error)));
    let runtime = Runtime::new().map_err(|error| failed("the server does not start", &error))?;
    runtime.block_on(async {
        // Before it says that it listens: whoever reads that may send a signal at once.
        let mut signals = Signals::new().map_err(|error| failed("signals cannot be waited for", &error))?;
        let address = args.address();
        let server = settings(args).start(tree).await;
        let server = server.map_err(|error| failed(&format!("cannot listen on {address}"), &error))?;
        let address = server.local_addr();
        if output.is_json() {
            output.object(&json!({ "listening": address.to_string() }))?;
        } else {
            output.line(format_args!("listening on {address}"))?;
        }
        output.flush()?;
        signals.next().await;
        server.shutdown().await;
        Ok(Status::Done)
    })
}

impl Serve {
    fn address(&self) -> SocketAddr {
        self.listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], owproto_std::DEFAULT_PORT)))
    }
}

/// The server's settings, as the command line has them.
fn settings(args: &Serve) -> server::Builder {
    let mut builder = server::Builder::new().listen(args.address());
    if args.readonly {
        builder = builder.permission(Permission::ReadOnly);
    }
    if let Some(connections) = args.max_connections {
        builder = builder.max_connections(connections as usize);
    }
    if let Some(high) = args.max_persistent {
        let default = PersistentLimits::default();
        let high = high as usize;
        builder = builder.persistent_limits(PersistentLimits::new(high, default.low.min(high)));
    }
    let mut timeouts = Timeouts::DEFAULT;
    for (given, limits) in [
        (args.idle, &mut [&mut timeouts.idle_high][..]),
        (args.idle_crowded, &mut [&mut timeouts.idle_low]),
        (args.silence, &mut [&mut timeouts.request, &mut timeouts.send]),
        (args.request_time, &mut [&mut timeouts.request_total]),
        (args.answer_time, &mut [&mut timeouts.send_total]),
    ] {
        if let Some(time) = given {
            limits.iter_mut().for_each(|limit| **limit = time.into());
        }
    }
    builder = builder.timeouts(timeouts);
    if let Some(bytes) = args.max_request {
        builder = builder.request_limit(bytes as usize);
    }
    if let Some(bytes) = args.max_memory {
        builder = builder.memory_limit(bytes as usize);
    }
    if let Some(grace) = args.grace {
        builder = builder.shutdown_grace(grace);
    }
    if args.pingcrazy {
        builder = builder.keepalives(server::Keepalives::BeforeEveryAnswer);
    }
    builder
}

/// Has what happens written to standard error.
fn log(is_verbose: bool) {
    tracing_subscriber::fmt()
        .with_max_level(if is_verbose { LevelFilter::TRACE } else { LevelFilter::INFO })
        .with_target(false)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr)
        .init();
}

/// The signals that end the server.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// The signals that end the server.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        // Where it cannot be waited for, the process ends without us.
        let _ = tokio::signal::ctrl_c().await;
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::{Args, Command};

    fn settings_of(line: &str) -> String {
        let args = Args::try_parse_from(line.split(' ')).unwrap();
        let Command::Serve(args) = args.command else { panic!("{line}") };
        format!("{:?}", settings(&args))
    }

    #[test]
    fn each_option_is_a_setting_and_without_there_are_the_defaults() {
        assert_eq!(settings_of("ow serve"), format!("{:?}", server::Builder::new()));
        let line = "ow serve --listen 4305 --readonly --pingcrazy --max-connections 11 --max-persistent 12 --idle 13 \
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

//! Our server with the shell tools and pyownet: their output is the same as with a real owserver with the same devices.

use std::net::SocketAddr;

use owproto_std::sim;
use owproto_tests::owserver::{Owserver, VECTOR_DEVICES};
use owproto_tests::process::{self, Finished};
use owproto_tests::tools::{Tool, pyownet};

fn ours() -> sim::Server {
    sim::Server::start(format!("tester:{VECTOR_DEVICES}").parse().unwrap()).unwrap()
}

fn real() -> Owserver {
    Owserver::builder().tester(VECTOR_DEVICES).start()
}

/// The exit status and output of a program, without the address of its server.
fn outcome(finished: Finished, server: SocketAddr) -> (Option<i32>, String, String) {
    let without = |text: String| {
        text.replace(&server.to_string(), "SERVER").replace(&format!("port {}", server.port()), "PORT")
    };
    (finished.status, without(finished.stdout_text()), without(finished.stderr_text()))
}

/// Runs of the shell tools.
const RUNS: [(Tool, &[&str]); 49] = [
    (Tool::Owdir, &[]),
    (Tool::Owdir, &["/"]),
    (Tool::Owdir, &["--dir", "/"]),
    (Tool::Owdir, &["-F", "--format=fic", "/"]),
    (Tool::Owdir, &["--format=f.ic", "/28.000028D70100"]),
    (Tool::Owdir, &["/28.000028D70100"]),
    (Tool::Owdir, &["--dir", "/28.000028D70100"]),
    (Tool::Owdir, &["/28.000028D70100/errata/"]),
    (Tool::Owdir, &["/29.000029D60500", "/20.000020DF0400"]),
    (Tool::Owdir, &["/21.000021DE0F00"]),
    (Tool::Owdir, &["/bus.0"]),
    (Tool::Owdir, &["/bus.0/interface"]),
    (Tool::Owdir, &["/bus.0/interface/statistics"]),
    (Tool::Owdir, &["/uncached"]),
    (Tool::Owdir, &["/alarm"]),
    (Tool::Owdir, &["/simultaneous"]),
    (Tool::Owdir, &["/settings", "/settings/timeout", "/system", "/statistics", "/statistics/errors"]),
    (Tool::Owdir, &["/structure"]),
    (Tool::Owdir, &["/structure/29", "/structure/10/errata"]),
    (Tool::Owdir, &["/no/such/place"]),
    (Tool::Owdir, &["/28.000028D70100/temperature"]),
    (Tool::Owread, &["/28.000028D70100/temperature"]),
    (Tool::Owread, &["-F", "/28.000028D70100/temperature"]),
    (Tool::Owread, &["-K", "28.000028D70100/temperature", "28.000028D70100/templow"]),
    (Tool::Owread, &["-R", "/uncached/10.000010EF0000/temperature"]),
    (Tool::Owread, &["--psi", "/26.000026D90200/B1-R1-A/pressure"]),
    (Tool::Owread, &["/20.000020DF0400/volt.A", "/20.000020DF0400/volt.ALL", "/20.000020DF0400/PIO.D"]),
    (Tool::Owread, &["/29.000029D60500/PIO.BYTE", "/29.000029D60500/sensed.ALL", "/29.000029D60500/PIO.7"]),
    (Tool::Owread, &["/28.000028D70100/type", "/28.000028D70100/address", "/28.000028D70100/family"]),
    (Tool::Owread, &["/21.000021DE0F00/clock/date", "/21.000021DE0F00/about/version"]),
    (Tool::Owread, &["/26.000026D90200/pages/page.3"]),
    (Tool::Owread, &["--hex", "/26.000026D90200/pages/page.ALL"]),
    (Tool::Owread, &["--size=5", "--offset=8", "/28.000028D70100/temperature"]),
    (Tool::Owread, &["/structure/28/temperature", "/structure/29/PIO.BYTE", "/structure/20/volt.ALL"]),
    (Tool::Owread, &["/settings/units/temperature_scale", "/settings/timeout/volatile"]),
    (Tool::Owread, &["/28.000028D70100"]),
    (Tool::Owread, &["/28.000028D70100/nothing"]),
    (Tool::Owread, &["/28.000028D70100/volt.0"]),
    (Tool::Owwrite, &["/28.000028D70100/temphigh", "30"]),
    (Tool::Owwrite, &["/28.000028D70100/temphigh", "warm"]),
    (Tool::Owwrite, &["/28.000028D70100/temperature", "30"]),
    (Tool::Owwrite, &["/29.000029D60500/PIO.ALL", "1,0,1,0,1,0,1,0", "/29.000029D60500/PIO.BYTE", "7"]),
    (Tool::Owwrite, &["--hex", "/26.000026D90200/pages/page.3", "0102030405060708"]),
    (Tool::Owpresent, &["/28.000028D70100", "/28.000028D7FF00"]),
    (Tool::Owpresent, &["/10.000010EF0000/temperature"]),
    (Tool::Owget, &["/"]),
    (Tool::Owget, &["/28.000028D70100"]),
    (Tool::Owget, &["/28.000028D70100/temperature"]),
    (Tool::Owget, &["/no/such/place"]),
];

/// Runs whose output differs, and why.
const DIFFERENT: [(&str, &str); 0] = [];

#[test]
fn shell_tools_print_the_same_with_both_servers() {
    let ours = ours();
    compare_shell_tools(ours.local_addr());
}

/// Runs the shell tools on our server with the standard devices, and on the real one, and compares.
pub(crate) fn compare_shell_tools(ours: SocketAddr) {
    let real = real();
    let mut different = Vec::new();
    for (tool, args) in RUNS {
        let name = format!("{} {}", tool.program(), args.join(" "));
        let to_ours = outcome(tool.run(ours, args), ours);
        let to_real = outcome(tool.run(real.address(), args), real.address());
        if DIFFERENT.iter().any(|(known, _)| *known == name) {
            assert_ne!(to_ours, to_real, "{name} does not differ");
        } else if to_ours != to_real {
            different.push(format!("{name}\n  real: {to_real:?}\n  ours: {to_ours:?}"));
        }
    }
    println!("{} runs of shell tools, {} of them known to differ", RUNS.len(), DIFFERENT.len());
    assert!(different.is_empty(), "{}", different.join("\n"));
    assert_eq!(Tool::Owexist.run(ours, [""; 0]).status, Some(0));
}

/// Calls each method of pyownet, and prints the results.
const PYOWNET: &str = r#"
import sys
from pyownet import protocol

def attempt(what, call):
    try:
        print(what, repr(call()))
    except Exception as error:
        print(what, type(error).__name__, str(error).replace(sys.argv[1], 'PORT'))

device = '/28.000028D70100'
for persistent in (False, True):
    for flags in (0, protocol.FLG_TEMP_F, protocol.FLG_FORMAT_FIC, protocol.FLG_UNCACHED, protocol.FLG_BUS_RET):
        proxy = protocol.proxy('127.0.0.1', int(sys.argv[1]), flags=flags, persistent=persistent)
        attempt('ping', proxy.ping)
        for path in ('/', device, device + '/errata', '/bus.0', '/settings', '/structure/10', '/nothing',
                     device + '/temperature', '/uncached', '/alarm'):
            for slash in (True, False):
                for bus in (True, False):
                    attempt(('dir', path, slash, bus), lambda: proxy.dir(path, slash=slash, bus=bus))
        for path in (device + '/temperature', device + '/type', '/20.000020DF0400/volt.ALL',
                     '/29.000029D60500/PIO.BYTE', '/26.000026D90200/pages/page.ALL', device, '/', '/nothing',
                     '/settings/return_codes/text.5', '/structure/28/temperature'):
            attempt(('read', path), lambda: proxy.read(path))
            # An offset into all elements is answered in ways that nobody should rely on.
            if not path.endswith('ALL'):
                attempt(('read', path, 'part'), lambda: proxy.read(path, size=24, offset=3))
        for path in (device, device + '/temperature', '/28.000028D7FF00', '/nothing', '/'):
            attempt(('present', path), lambda: proxy.present(path))
        for path, data in ((device + '/temphigh', b'12'), (device + '/temphigh', b'x'), (device + '/type', b'x'),
                           ('/nothing', b'1'), (device, b'1')):
            attempt(('write', path, data), lambda: proxy.write(path, data))
        attempt('missing type', lambda: proxy.sendmess(5, b''))
"#;

#[test]
fn pyownet_returns_the_same_with_both_servers() {
    let ours = ours();
    compare_pyownet(ours.local_addr());
}

/// Makes the calls of pyownet to our server with the standard devices, and to the real one, and compares.
pub(crate) fn compare_pyownet(ours: SocketAddr) {
    let real = real();
    let run = |server: SocketAddr| {
        let finished = process::run(pyownet().args(["-c", PYOWNET, &server.port().to_string()]));
        assert_eq!(finished.status, Some(0), "{}", finished.stderr_text());
        finished.stdout_text().replace(&server.port().to_string(), "PORT")
    };
    let (to_ours, to_real) = (run(ours), run(real.address()));
    let lines = to_real.lines().count();
    assert!(lines >= 700, "{lines} lines: {to_real}");
    let different: Vec<_> = to_ours
        .lines()
        .zip(to_real.lines())
        .filter(|(ours, real)| ours != real)
        .map(|(ours, real)| format!("real: {real}\nours: {ours}"))
        .collect();
    println!("{lines} calls of pyownet");
    assert!(different.is_empty(), "{} of {lines}:\n{}", different.len(), different.join("\n"));
    assert_eq!(to_ours, to_real);
}

#[test]
fn an_owserver_shows_the_same_with_either_server_as_its_bus() {
    let (ours, real) = (ours(), real());
    let before_ours = Owserver::builder().behind(ours.local_addr()).start();
    let before_real = Owserver::builder().behind(real.address()).start();
    let runs: [(Tool, &[&str]); 14] = [
        (Tool::Owdir, &["/"]),
        (Tool::Owdir, &["--dir", "/"]),
        (Tool::Owdir, &["/28.000028D70100"]),
        (Tool::Owdir, &["/bus.0", "/bus.0/settings", "/bus.0/structure/10"]),
        (Tool::Owdir, &["/uncached/20.000020DF0400"]),
        (Tool::Owdir, &["/alarm"]),
        (Tool::Owread, &["/28.000028D70100/temperature"]),
        (Tool::Owread, &["-F", "/10.000010EF0000/temperature", "/10.000010EF0000/templow"]),
        (Tool::Owread, &["/20.000020DF0400/volt.ALL", "/29.000029D60500/PIO.BYTE"]),
        (Tool::Owread, &["--hex", "/26.000026D90200/pages/page.ALL"]),
        (Tool::Owread, &["/28.000028D7FF00/temperature"]),
        (Tool::Owwrite, &["/28.000028D70100/temphigh", "30"]),
        (Tool::Owpresent, &["/28.000028D70100", "/28.000028D7FF00", "/nothing"]),
        (Tool::Owget, &["/bus.0/28.000028D70100/type"]),
    ];
    for _ in 0..2 {
        for (tool, args) in runs {
            let name = format!("{} {}", tool.program(), args.join(" "));
            let of_ours = outcome(tool.run(before_ours.address(), args), before_ours.address());
            let of_real = outcome(tool.run(before_real.address(), args), before_real.address());
            assert_eq!(of_ours, of_real, "{name}");
        }
    }
    let statistics = ours.statistics();
    assert!(statistics.requests > 0 && statistics.malformed == 0 && statistics.loops == 0, "{statistics:?}");
}

/// The clients time out after 2 s of silence. Keepalives come in time for that.
#[test]
fn keepalives_keep_the_clients_waiting_for_slow_devices() {
    let ours = sim::Server::start("tester:28".parse().unwrap()).unwrap();
    ours.simulator().device("28").unwrap().set_latency(std::time::Duration::from_millis(3300));
    let path = "/28.000028D70000/temperature";
    assert_eq!(Tool::Owread.output(ours.local_addr(), [path]), b"           4");
    let script = "import sys; from pyownet import protocol; \
                  print(protocol.proxy('127.0.0.1', int(sys.argv[1])).read(sys.argv[2]))";
    let finished = process::run(pyownet().args(["-c", script, &ours.local_addr().port().to_string(), path]));
    assert_eq!(finished.stdout_text().trim(), "b'           4'", "{}", finished.stderr_text());
    let front = Owserver::builder().behind(ours.local_addr()).start();
    assert_eq!(Tool::Owread.output(front.address(), [path]), b"           4");
}

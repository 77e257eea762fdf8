//! The command line.

use std::ffi::{OsStr, OsString};
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{OsStringValueParser, PossibleValuesParser, TypedValueParser};
use clap::{Parser, Subcommand, ValueEnum};
use owproto_std::Address;
use owproto_std::owproto_core::message::{MAX_BODY_LEN, MAX_PATH_LEN};
use owproto_std::owproto_core::wire::{DeviceFormat, Flags, PressureScale, TemperatureScale};
use owproto_std::sim::{Spec, SpecError};

use crate::exit::End;
use crate::server;

const AFTER_HELP: &str = "\
Examples:
  ow --sim tree --values                       a simulated bus; no server is needed
  ow dir                                       the devices
  ow tree --values                             the devices with all their values
  ow read /28.000028D70100/temperature         a value
  ow -s cellar -F read /28.000028D70100/temperature
                                               from another machine, in Fahrenheit
  ow write /28.000028D70100/temphigh 30        set a property
  ow read --help                               more about one command

Exit status:
  0  done
  1  the server said no to at least one path
  2  wrong usage
  3  no connection, a timeout, or a broken reply
  4  decode: the input ends within a frame

With --json each result is an object on a line of its own. What the server refuses
is {\"path\":..,\"error\":{\"code\":N,\"text\":..}} there, with a number that 'ow errors'
explains. A path that is no UTF-8 has its bytes in \"path_hex\" too.";

/// Lists, reads and writes 1-Wire devices through an owserver (OWFS).
#[derive(Parser, Debug)]
#[command(name = "ow", version, after_help = AFTER_HELP, max_term_width = 110)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) options: Options,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of all commands. They may stand before and after the command.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Options of all commands")]
pub(crate) struct Options {
    /// The owserver to ask, by name, IPv4 or IPv6 address, or port alone [default: $OWSERVER, else localhost:4304].
    #[arg(short, long, global = true, value_name = "HOST[:PORT]", value_parser = server::address)]
    pub(crate) server: Option<Address>,

    /// Starts an owserver with simulated devices in this process, and asks that one. SPEC names the devices, see
    /// 'ow serve --help' [default: something of everything].
    #[arg(long, global = true, value_name = "SPEC", num_args = 0..=1, require_equals = true,
          default_missing_value = "", value_parser = spec)]
    pub(crate) sim: Option<Spec>,

    /// Temperatures in degrees Celsius, as without an option.
    #[arg(short = 'C', long, alias = "Celsius", global = true)]
    celsius: bool,

    /// Temperatures in degrees Fahrenheit.
    #[arg(short = 'F', long, alias = "Fahrenheit", global = true)]
    fahrenheit: bool,

    /// Temperatures in Kelvin.
    #[arg(short = 'K', long, alias = "Kelvin", global = true)]
    kelvin: bool,

    /// Temperatures in degrees Rankine.
    #[arg(short = 'R', long, alias = "Rankine", global = true)]
    rankine: bool,

    /// The unit of pressures [default: mbar].
    #[arg(long, global = true, value_name = "UNIT", ignore_case = true)]
    pressure: Option<Pressure>,

    /// How devices are spelled in listings: f is the family code, i the id, c the checksum [default: f.i].
    #[arg(short, long, global = true, value_name = "FORMAT", value_parser = format_parser(), ignore_case = true)]
    format: Option<DeviceFormat>,

    /// Asks the devices themselves, not the server's cache.
    #[arg(long, global = true)]
    uncached: bool,

    /// Numbers without the blanks in front.
    #[arg(long, global = true)]
    trim: bool,

    /// The longest time for a request and its answer, in seconds; reads of many paths count as one. 0 is no limit
    /// [default: 0].
    #[arg(long, global = true, value_name = "S", value_parser = seconds, allow_negative_numbers = true)]
    pub(crate) timeout: Option<Duration>,

    /// The longest silence of the server, in seconds. It says each second that it is still at work. 0 is no limit
    /// [default: 2].
    #[arg(long, global = true, value_name = "S", value_parser = seconds, allow_negative_numbers = true)]
    pub(crate) inactivity: Option<Duration>,

    /// A connection for each request, instead of one for all.
    #[arg(long, global = true)]
    pub(crate) no_persistence: bool,

    /// Prints objects of JSON, one a line.
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Shows each frame that is sent and received, on standard error.
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
}

impl Options {
    /// The control flags of all requests.
    ///
    /// # Errors
    /// [`End::Usage`] for more than one temperature scale. (clap would overlook one before and one after the command.)
    pub(crate) fn flags(&self) -> Result<Flags, End> {
        let scales = [
            (self.celsius, TemperatureScale::Celsius),
            (self.fahrenheit, TemperatureScale::Fahrenheit),
            (self.kelvin, TemperatureScale::Kelvin),
            (self.rankine, TemperatureScale::Rankine),
        ];
        let mut scales = scales.into_iter().filter_map(|(is_set, scale)| is_set.then_some(scale));
        let scale = scales.next().unwrap_or_default();
        if scales.next().is_some() {
            return Err(End::Usage("only one of -C, -F, -K and -R can be given".to_owned()));
        }
        let uncached = if self.uncached { Flags::UNCACHED } else { Flags::NONE };
        let trim = if self.trim { Flags::TRIM } else { Flags::NONE };
        Ok((uncached | trim)
            .with_temperature_scale(scale)
            .with_pressure_scale(self.pressure.map_or(PressureScale::Millibar, Pressure::scale))
            .with_device_format(self.format.unwrap_or_default()))
    }
}

/// A unit of pressure.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
enum Pressure {
    Mbar,
    Atm,
    Mmhg,
    Inhg,
    Psi,
    Pa,
}

impl Pressure {
    const fn scale(self) -> PressureScale {
        match self {
            Self::Mbar => PressureScale::Millibar,
            Self::Atm => PressureScale::Atmosphere,
            Self::Mmhg => PressureScale::MillimetreOfMercury,
            Self::Inhg => PressureScale::InchOfMercury,
            Self::Psi => PressureScale::Psi,
            Self::Pa => PressureScale::Pascal,
        }
    }
}

/// A spelling of devices, by the name that owserver has for it.
fn format_parser() -> impl TypedValueParser<Value = DeviceFormat> {
    let names = DeviceFormat::ALL.map(DeviceFormat::name);
    PossibleValuesParser::new(names).map(|name| {
        let same = |format: &DeviceFormat| format.name().eq_ignore_ascii_case(&name);
        DeviceFormat::ALL.into_iter().find(same).unwrap_or_default()
    })
}

/// What to do.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    Dir(Dir),
    Read(Read),
    Write(Write),
    Present(Present),
    Get(Get),
    /// Sees whether the server answers, and how fast.
    #[command(after_help = "Example:\n  ow -s cellar ping\n\n\
        JSON: {\"server\":\"HOST:PORT\",\"milliseconds\":N}")]
    Ping,
    Tree(Tree),
    Serve(Serve),
    Decode(Decode),
    Errors(Errors),
}

/// Lists directories, one entry a line.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  ow dir                             the devices
  ow dir --bus                       and the buses and special directories, as owdir shows them
  ow dir --slash /10.67C6697351FF    the properties of a device; subdirectories end with a slash
  ow -f fic dir /uncached            the devices anew, with their checksums

JSON: {\"path\":..,\"entries\":[..]}")]
pub(crate) struct Dir {
    /// The directories to list [default: /].
    #[arg(value_name = "PATH", value_parser = path_parser())]
    pub(crate) paths: Vec<Path>,

    /// Puts a slash behind each entry that is a directory.
    #[arg(long, alias = "dir")]
    pub(crate) slash: bool,

    /// Lists buses and special directories too.
    #[arg(long)]
    pub(crate) bus: bool,

    /// Prints each entry as soon as the server has found it.
    #[arg(long)]
    pub(crate) stream: bool,
}

/// Reads the values of properties.
///
/// The value of one path is printed byte for byte as the server sends it, so that it can be piped into anything. Of
/// several paths each value ends with a line end, as on a terminal, where a value that is no text is shown in
/// hexadecimal.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  ow read /28.000028D70100/temperature
  ow --trim -F read /28.000028D70100/temperature /10.67C6697351FF/temperature
  ow read --hex --size 8 --offset 24 /23.000023DC0800/memory
  ow read --raw /23.000023DC0800/memory > memory.bin
  ow --uncached --json read /26.000026D90200/VAD

JSON: {\"path\":..,\"value\":TEXT OR null,\"hex\":..}; the value is null if it is no UTF-8.")]
pub(crate) struct Read {
    /// The properties to read.
    #[arg(value_name = "PATH", required = true, value_parser = path_parser())]
    pub(crate) paths: Vec<Path>,

    /// Reads at most this many bytes of each: 1 to 100050 [default: 65536].
    #[arg(long, value_name = "N", value_parser = size_parser(), allow_negative_numbers = true)]
    pub(crate) size: Option<u32>,

    /// Begins at this byte [default: 0].
    #[arg(long, value_name = "N", value_parser = offset_parser(), allow_negative_numbers = true)]
    pub(crate) offset: Option<u32>,

    /// Prints the bytes in hexadecimal.
    #[arg(long, conflicts_with = "raw")]
    pub(crate) hex: bool,

    /// Prints nothing but the bytes, also for several paths and on a terminal.
    #[arg(long)]
    pub(crate) raw: bool,
}

/// Sets properties.
///
/// Nothing is printed if the server took it. Pairs are written in their order; where the server refuses one, the others
/// are written nevertheless.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  ow write /28.000028D70100/temphigh 30 /28.000028D70100/templow -5
  ow -F write /28.000028D70100/temphigh 86
  ow write /29.000029D60400/PIO.ALL 1,0,0,0,0,0,0,1
  ow write --hex --offset 8 /23.000023DC0800/memory '0a 0b 0c'
  ow write /28.000028D70100/alias -- -x         a value that looks like an option

JSON: {\"path\":..,\"written\":N}")]
pub(crate) struct Write {
    /// Properties and their new values, in turn.
    #[arg(value_name = "PATH VALUE", required = true, allow_negative_numbers = true)]
    pub(crate) pairs: Vec<OsString>,

    /// Begins at this byte of the property [default: 0].
    #[arg(long, value_name = "N", value_parser = offset_parser(), allow_negative_numbers = true)]
    pub(crate) offset: Option<u32>,

    /// Takes the values in hexadecimal; blanks in them do not count.
    #[arg(long)]
    pub(crate) hex: bool,
}

/// Tells whether something is there: prints 1 or 0.
///
/// Devices, properties and directories can be asked for. The exit status is 1 if one of them is not there.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  ow present /28.000028D70100
  if ow present /kitchen >/dev/null; then ow read /kitchen/temperature; fi

JSON: {\"path\":..,\"present\":true OR false}")]
pub(crate) struct Present {
    /// What to look for.
    #[arg(value_name = "PATH", required = true, value_parser = path_parser())]
    pub(crate) paths: Vec<Path>,
}

/// Lists directories and reads properties, whichever a path is.
///
/// Entries are printed one a line, buses and special directories included; values as 'ow read' prints them.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  ow get /
  ow get /28.000028D70100 /28.000028D70100/temperature

JSON: as of 'dir' or as of 'read'.")]
pub(crate) struct Get {
    /// What to list or read.
    #[arg(value_name = "PATH", required = true, value_parser = path_parser())]
    pub(crate) paths: Vec<Path>,
}

/// Shows devices and their properties as a tree.
///
/// Buses and special directories are shown only if PATH names them, since they repeat the devices. A value that cannot
/// be read is shown as the reason in brackets, and is no error; a directory that cannot be listed is one.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  ow tree --depth 1                       the devices
  ow tree --values                        everything
  ow tree --values /28.000028D70100       one device
  ow tree /settings

JSON: an object as of 'dir --slash' for each directory and, with --values, as of 'read' for each property.")]
pub(crate) struct Tree {
    /// Where to begin.
    #[arg(value_name = "PATH", default_value = "/", value_parser = path_parser())]
    pub(crate) path: Path,

    /// Reads and shows the values.
    #[arg(long)]
    pub(crate) values: bool,

    /// Shows all elements of an array; otherwise of more than 16 only the first 4. JSON has always all.
    #[arg(long)]
    pub(crate) all: bool,

    /// Goes down this many levels [default: all].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), allow_negative_numbers = true)]
    pub(crate) depth: Option<u32>,
}

/// Offers simulated devices as an owserver on the network.
///
/// The first line of its output is 'listening on ADDR:PORT', once it does. What happens is logged to standard error,
/// with -v in detail. SIGINT and SIGTERM stop it when the requests under way are answered.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  ow serve                                   something of everything, at 127.0.0.1:4304
  ow --sim=10,28*3,26 serve --listen :0      five devices, at a free port
  ow --sim=28=kitchen,1D serve --latency 1500
                                             a named thermometer and a counter on a slow bus
  ow --sim=tester:10,28 serve                the values of owserver's option --tester
  ow serve --listen 0.0.0.0:4304 --readonly  for the whole network, which may not write

SPEC: devices in a comma list, buses joined by '+'. A device is a family code or an
address, then perhaps '*' and how many, or '=' and an alias.

S: seconds, such as 0.5. With 0 there is no such limit; --grace 0 waits for nobody.")]
pub(crate) struct Serve {
    /// Where to listen. Port 0 picks a free one, and a port alone is one of this machine's own
    /// [default: 127.0.0.1:4304].
    #[arg(long, value_name = "ADDR:PORT", value_parser = socket_address)]
    pub(crate) listen: Option<SocketAddr>,

    /// The number from which addresses and values are made; the same gives the same.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,

    /// How long each access to a device takes, in milliseconds. Clients get a keepalive each second.
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub(crate) latency: u64,

    /// Refuses all writes.
    #[arg(long)]
    pub(crate) readonly: bool,

    /// The most connections at once; more are closed as they come [default: 1000].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), allow_negative_numbers = true)]
    pub(crate) max_connections: Option<u32>,

    /// The most connections that are kept between requests [default: 20].
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) max_persistent: Option<u32>,

    /// How long a connection may be idle, in seconds [default: 3600].
    #[arg(long, value_name = "S", value_parser = seconds, allow_negative_numbers = true)]
    pub(crate) idle: Option<Duration>,

    /// The same while ten or more are kept, or as many as may be [default: 600].
    #[arg(long, value_name = "S", value_parser = seconds, allow_negative_numbers = true)]
    pub(crate) idle_crowded: Option<Duration>,

    /// How long a client may be silent within a request, or take nothing of its answer [default: 10 and 60].
    #[arg(long, value_name = "S", value_parser = seconds, allow_negative_numbers = true)]
    pub(crate) silence: Option<Duration>,

    /// How long a client may take to send a request [default: 60].
    #[arg(long, value_name = "S", value_parser = seconds, allow_negative_numbers = true)]
    pub(crate) request_time: Option<Duration>,

    /// How long a client may take for 16 KiB of its answer, or less if it is shorter [default: 120].
    #[arg(long, value_name = "S", value_parser = seconds, allow_negative_numbers = true)]
    pub(crate) answer_time: Option<Duration>,

    /// The most bytes of a request behind its header [default: 100050].
    #[arg(long, value_name = "N", allow_negative_numbers = true,
          value_parser = clap::value_parser!(u32).range(1..=MAX_BODY_LEN as i64))]
    pub(crate) max_request: Option<u32>,

    /// The most bytes for requests and answers under way, of all connections together. 512 for each do not count
    /// [default: 16777216].
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) max_memory: Option<u32>,

    /// How long requests under way have to be answered when the server is stopped, in seconds [default: 5].
    #[arg(long, value_name = "S", value_parser = seconds, allow_negative_numbers = true)]
    pub(crate) grace: Option<Duration>,

    /// Sends a keepalive in front of every answer, to test clients.
    #[arg(long)]
    pub(crate) pingcrazy: bool,
}

/// Simulated devices; nothing stands for something of everything.
fn spec(text: &str) -> Result<Spec, String> {
    if text.is_empty() {
        Ok(Spec::default())
    } else {
        text.parse().map_err(|error: SpecError| error.to_string())
    }
}

/// An address to listen on; a port alone is one of the loopback interface.
fn socket_address(text: &str) -> Result<SocketAddr, String> {
    let port = text.strip_prefix(':').unwrap_or(text);
    if let Ok(port) = port.parse() {
        return Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    }
    text.parse()
        .map_err(|_| format!("{text:?} is not of the form ADDR:PORT, such as 127.0.0.1:4304 or [::1]:4304"))
}

/// Decodes frames of the protocol from hexadecimal text. Needs no server.
///
/// Blanks and line ends in the text do not count. An input that ends within a frame gives exit status 4; bytes that
/// are no frame give 3.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  echo 00000000 00000003 00000003 00000004 00000003 00000000 342e31 | ow decode
  xxd -p captured.bin | ow --json decode --chunk 1
  ow decode --requests requests.hex

JSON, one object a frame:
  {\"kind\":\"reply\",\"version\":..,\"payload\":..,\"ret\":..,\"flags\":..,\"size\":..,\"offset\":..,\"payload_hex\":\"..\"}
  {\"kind\":\"keepalive\"}
  {\"kind\":\"request\",\"version\":..,\"payload\":..,\"type\":..,\"flags\":..,\"size\":..,\"offset\":..,\"payload_hex\":\"..\",
   \"tokens\":[\"..\"]}
  {\"kind\":\"incomplete\",\"have\":N,\"need\":M}
have: bytes of a last frame that is not whole; need: how many more complete its header, payload or tokens.")]
pub(crate) struct Decode {
    /// Takes the bytes for requests of a client, not for replies of a server.
    #[arg(long)]
    pub(crate) requests: bool,

    /// Feeds the parser this many bytes at a time [default: all at once].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(NonZeroUsize), allow_negative_numbers = true)]
    pub(crate) chunk: Option<NonZeroUsize>,

    /// The most bytes behind a header [default: 65536 in replies, 100050 in requests].
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) limit: Option<u32>,

    /// The file to read; - is standard input.
    #[arg(value_name = "FILE", default_value = "-")]
    pub(crate) file: PathBuf,
}

/// Lists the return codes: number, name, owserver's own text, and what it means. Needs no server.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  ow errors
  ow errors 21
  ow --json errors -42

JSON: {\"code\":N,\"name\":TEXT OR null,\"text\":..,\"sentence\":TEXT OR null}")]
pub(crate) struct Errors {
    /// The code to explain: 0 to 210, with or without its sign.
    #[arg(value_name = "CODE", value_parser = clap::value_parser!(i32).range(-210..=210), allow_negative_numbers = true)]
    pub(crate) code: Option<i32>,
}

/// A path, as bytes that a request can carry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Path(Vec<u8>);

impl Path {
    /// Takes an argument.
    ///
    /// # Errors
    /// A sentence.
    pub(crate) fn new(argument: OsString) -> Result<Self, String> {
        let path = into_bytes(argument)?;
        if path.len() > MAX_PATH_LEN {
            let len = path.len();
            return Err(format!("a path has at most {MAX_PATH_LEN} bytes, this one has {len}"));
        }
        Ok(Self(path))
    }

    /// The path as bytes.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for Path {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// The bytes of an argument: on Unix any, elsewhere those of its text.
///
/// # Errors
/// A sentence, if there are none.
#[allow(clippy::unnecessary_wraps)] // it can fail elsewhere
pub(crate) fn into_bytes(argument: OsString) -> Result<Vec<u8>, String> {
    #[cfg(unix)]
    {
        Ok(std::os::unix::ffi::OsStringExt::into_vec(argument))
    }
    #[cfg(not(unix))]
    {
        argument.into_string().map(String::into_bytes).map_err(|_| "it is no text".to_owned())
    }
}

fn path_parser() -> impl TypedValueParser<Value = Path> {
    OsStringValueParser::new().try_map(Path::new)
}

fn size_parser() -> impl TypedValueParser<Value = u32> {
    clap::value_parser!(u32).range(1..=MAX_BODY_LEN as i64)
}

fn offset_parser() -> impl TypedValueParser<Value = u32> {
    clap::value_parser!(u32).range(0..=i64::from(i32::MAX))
}

/// A time in seconds.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "it is not a number of seconds".to_owned())?;
    let time = Duration::try_from_secs_f64(seconds).map_err(|_| "it is not a time in seconds".to_owned())?;
    // Zero is no limit, so that what is next to nothing must not become it.
    Ok(if seconds > 0.0 { time.max(Duration::from_micros(1)) } else { time })
}

/// The name of an argument in a message.
pub(crate) fn quoted(argument: &OsStr) -> String {
    format!("'{}'", crate::bytes::printable(argument.as_encoded_bytes()))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
        assert!(AFTER_HELP.lines().all(|line| line.chars().count() <= 84));
        assert!(Args::command().render_long_help().to_string().contains(&Address::default().to_string()));
    }

    #[test]
    fn times_are_seconds() {
        assert_eq!(seconds("2"), Ok(Duration::from_secs(2)));
        assert_eq!(seconds("0.25"), Ok(Duration::from_millis(250)));
        assert_eq!(seconds("0"), Ok(Duration::ZERO));
        assert_eq!(seconds("1e-12"), Ok(Duration::from_micros(1)));
        for text in ["", "x", "-1", "nan", "inf", "1e30", "2s"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn options_become_flags() {
        let try_flags = |args: &[&str]| Args::try_parse_from(args).unwrap().options.flags();
        let flags = |args: &[&str]| try_flags(args).unwrap();
        assert_eq!(flags(&["ow", "ping"]), Flags::NONE);
        assert_eq!(flags(&["ow", "-F", "ping"]).bits(), 0x0001_0000);
        assert_eq!(flags(&["ow", "ping", "-K"]).bits(), 0x0002_0000);
        assert!(try_flags(&["ow", "-F", "ping", "-K"]).is_err());
        assert!(try_flags(&["ow", "-C", "-R", "ping"]).is_err());
        assert_eq!(flags(&["ow", "--Rankine", "ping"]).bits(), 0x0003_0000);
        assert_eq!(flags(&["ow", "ping", "--pressure", "mmHg"]).bits(), 0x0008_0000);
        assert_eq!(flags(&["ow", "-f", "fi.c", "--uncached", "--trim", "ping"]).bits(), 0x0400_0060);
    }

    #[test]
    fn values_may_be_negative_numbers() {
        let args = Args::try_parse_from(["ow", "write", "/a", "-5", "/b", "-0.5", "--hex"]).unwrap();
        let Command::Write(write) = args.command else { panic!("{args:?}") };
        assert_eq!(write.pairs, ["/a", "-5", "/b", "-0.5"]);
        assert!(write.hex);
    }
}

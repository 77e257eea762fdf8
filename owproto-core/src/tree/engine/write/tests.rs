use core::task::{Context, Poll};
use std::string::{String, ToString};
use std::vec::Vec;

use super::*;
use crate::message::Request;
use crate::text::RomId;
use crate::tree::tests::serve;
use crate::tree::{AliasTable, Conversion, ConversionCommand, Element};

const THERMOMETER: RomId = RomId::new(0x28, [1, 0, 0, 0, 0, 0]);
const SWITCH: RomId = RomId::new(0x29, [2, 0, 0, 0, 0, 0]);
const MEMORY: RomId = RomId::new(0x2d, [3, 0, 0, 0, 0, 0]);

/// A bus that records writes and conversions. Each call is ready the second time.
#[derive(Default)]
struct Recorder {
    writes: Vec<String>,
    conversions: Vec<(Option<u16>, Conversion, ConversionCommand)>,
    has_waited: bool,
}

impl Recorder {
    fn second_time(&mut self, record: impl FnOnce(&mut Self)) -> Poll<Result<(), ReturnCode>> {
        self.has_waited = !self.has_waited;
        if self.has_waited {
            return Poll::Pending;
        }
        record(self);
        Poll::Ready(Ok(()))
    }
}

impl Bus for Recorder {
    fn device(&mut self, _: u16, n: usize, _: &mut Context<'_>) -> Poll<Result<Option<RomId>, ReturnCode>> {
        Poll::Ready(Ok([THERMOMETER, SWITCH, MEMORY].get(n).copied()))
    }

    fn read<'a>(
        &'a mut self,
        _: &Access<'_>,
        _: &'a mut [u8],
        _: &mut Context<'_>,
    ) -> Poll<Result<Value<'a>, ReturnCode>> {
        Poll::Ready(Err(ReturnCode::IO))
    }

    fn write(
        &mut self,
        access: &Access<'_>,
        value: Value<'_>,
        _: &mut Context<'_>,
    ) -> Poll<Result<(), ReturnCode>> {
        assert!(access.is_uncached);
        let element = match access.element {
            Element::Number(n) => n.to_string(),
            other => std::format!("{other:?}"),
        };
        let line = std::format!("{} {element} {} {value}", access.property.name, access.offset);
        self.second_time(|recorder| recorder.writes.push(line))
    }

    fn convert(
        &mut self,
        bus: Option<u16>,
        what: Conversion,
        command: ConversionCommand,
        _: &mut Context<'_>,
    ) -> Poll<Result<(), ReturnCode>> {
        self.second_time(|recorder| recorder.conversions.push((bus, what, command)))
    }

    fn is_converted(&self, _: Option<u16>, what: Conversion) -> bool {
        what == Conversion::Voltage
    }
}

type TestTree = Tree<Recorder, AliasTable<4>>;

fn tree() -> TestTree {
    Tree::new(Recorder::default()).with_aliases(AliasTable::new())
}

/// Serves a request, and returns the return word and the size word of its reply.
fn answer(tree: &mut TestTree, request: &Request<'_>) -> (i32, i32) {
    let sent = serve::serve::<64, _, _>(tree, request, |_| ()).sent;
    let word = |at: usize| i32::from_be_bytes(sent[at..at + 4].try_into().unwrap());
    (word(8), word(16))
}

#[test]
fn each_value_is_written_to_its_element_once() {
    let bytes: Vec<u8> = (0..128).collect();
    for (path, offset, data, expected) in [
        ("/28.010000000000/temphigh", 0, &b"30"[..], &["temphigh Only 0 30"][..]),
        ("/29.020000000000/PIO.3", 0, b"yes", &["PIO 3 0 yes"]),
        ("/29.020000000000/PIO.ALL", 0, b"1,0,1,0,1,0,1,0", &["PIO Byte 0 85"]),
        ("/2D.030000000000/memory", 5, b"abc", &["memory Only 5 616263"]),
        ("/2D.030000000000/memory", 126, b"abc", &["memory Only 126 6162"]),
        ("/2D.030000000000/memory", 128, b"abc", &[]),
        ("/2D.030000000000/memory", 0, b"", &["memory Only 0 "]),
    ] {
        let mut tree = tree();
        let request = Request::write(path, data).unwrap().with_offset(offset).unwrap();
        let (ret, size) = answer(&mut tree, &request);
        let accepted =
            if path.ends_with("memory") { data.len().min(128 - offset as usize) } else { data.len() };
        assert_eq!((ret, size), (0, i32::try_from(accepted).unwrap()), "{path}");
        assert_eq!(tree.bus().writes, expected, "{path}");
    }
    let mut tree = tree();
    let request = Request::write("/2D.030000000000/pages/page.ALL", &bytes).unwrap();
    assert_eq!(answer(&mut tree, &request), (0, 128));
    let elements: Vec<&str> = tree.bus().writes.iter().map(|line| &line[..14]).collect();
    assert_eq!(elements, ["pages/page 0 0", "pages/page 1 0", "pages/page 2 0", "pages/page 3 0"]);
}

#[test]
fn a_conversion_is_started_on_one_bus_or_all() {
    let mut tree = tree();
    for (path, data) in [
        ("/simultaneous/temperature", b"1"),
        ("/bus.0/simultaneous/voltage", b"1"),
        ("/simultaneous/voltage", b"0"),
        ("/simultaneous/iblss", b"1"),
    ] {
        assert_eq!(answer(&mut tree, &Request::write(path, data).unwrap()), (0, 1), "{path}");
    }
    let (temperature, voltage) = (Conversion::Temperature, Conversion::Voltage);
    let (start, forget) = (ConversionCommand::Start, ConversionCommand::Forget);
    let expected = [(None, temperature, start), (Some(0), voltage, start), (None, voltage, forget)];
    assert_eq!(tree.bus().conversions, expected);
    for (path, expected) in [("/simultaneous/temperature", b"0"), ("/simultaneous/voltage", b"1")] {
        let sent = serve::serve::<64, _, _>(&mut tree, &Request::read(path).unwrap(), |_| ()).sent;
        assert_eq!(&sent[24..], expected, "{path}");
    }
}

#[test]
fn a_write_without_effect_is_refused_or_ignored_as_owserver_does() {
    let mut tree = tree();
    let wrong = ReturnCode::INVALID_VALUE.to_ret();
    let unsupported = ReturnCode::OPERATION_NOT_SUPPORTED.to_ret();
    for (path, offset, data, expected) in [
        ("/settings/units/pressure_scale", 0, "psi", (0, 3)),
        ("/settings/units/pressure_scale", 1, "psi", (wrong, 0)),
        ("/settings/units/temperature_scale", 1, "K", (0, 0)),
        ("/settings/timeout/volatile", 1, "7", (0, 1)),
        ("/thermostat/temphigh", 0, "7", (ReturnCode::DEVICE_LOCKED.to_ret(), 0)),
        ("/bus.0/interface/settings/overdrive", 0, "1", (unsupported, 0)),
        ("/28.010000000000/temperature", 0, "1", (unsupported, 0)),
        ("/28.010000000000/alias", 0, "cellar", (0, 6)),
    ] {
        let request = Request::write(path, data.as_bytes()).unwrap().with_offset(offset).unwrap();
        assert_eq!(answer(&mut tree, &request), expected, "{path} {offset}");
    }
    assert_eq!(tree.settings.timeout("volatile"), Some(7));
    assert_eq!(tree.aliases().of(THERMOMETER), Some(&b"cellar"[..]));
    assert_eq!(tree.bus().writes, [""; 0]);
}

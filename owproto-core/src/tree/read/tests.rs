use core::task::{Context, Poll};
use std::vec::Vec;

use super::*;
use crate::request::Request;
use crate::server::End;
use crate::text::RomId;
use crate::tree::{AliasTable, serving};

const SWITCH: RomId = RomId::new(0x29, [1, 0, 0, 0, 0, 0]);
const MEMORY: RomId = RomId::new(0x2d, [2, 0, 0, 0, 0, 0]);

/// A switch and a memory, and which element, from which byte on, was read from the devices or not.
#[derive(Default)]
struct Devices(Vec<(Option<u32>, usize, bool)>);

impl Bus for Devices {
    fn device(&mut self, _: u16, n: usize, _: &mut Context<'_>) -> Poll<Result<Option<RomId>, ReturnCode>> {
        Poll::Ready(Ok([SWITCH, MEMORY].get(n).copied()))
    }

    fn read<'a>(
        &'a mut self,
        access: &Access<'_>,
        scratch: &'a mut [u8],
        _: &mut Context<'_>,
    ) -> Poll<Result<Value<'a>, ReturnCode>> {
        let element = match access.element {
            Element::Number(n) => Some(n),
            _ => None,
        };
        self.0.push((element, access.offset, access.is_uncached));
        Poll::Ready(Ok(match access.device {
            SWITCH => Value::YesNo(element.is_some_and(|n| n % 2 == 1)),
            _ => {
                let start = element.unwrap_or_default() as usize * 32 + access.offset;
                for (at, byte) in (start..).zip(scratch.iter_mut()) {
                    *byte = u8::try_from(at).unwrap();
                }
                Value::Bytes(scratch)
            }
        }))
    }
}

type Served = Tree<Devices, AliasTable<4>>;

fn tree() -> Served {
    Tree::new(Devices::default()).with_aliases(AliasTable::new())
}

/// Serves a request through so much room. Gives all that was sent behind the header, and how the connection ended.
fn serve<const ROOM: usize>(
    tree: &mut Served,
    request: &Request<'_>,
    change: impl FnOnce(&mut Served),
) -> (Vec<u8>, Option<End>) {
    let mut served = serving::serve::<ROOM, _, _>(tree, request, change);
    assert_eq!(served.waits, 0);
    (served.sent.split_off(24.min(served.sent.len())), served.end)
}

fn read(path: &str) -> Request<'_> {
    Request::read(path).unwrap()
}

#[test]
fn the_bus_is_told_what_is_read_and_whether_from_the_device() {
    for (request, is_uncached) in [
        (read("/29.010000000000/sensed.3"), false),
        (read("/uncached/29.010000000000/sensed.3"), true),
        (read("/29.010000000000/sensed.3").with_flags(Flags::UNCACHED), true),
    ] {
        let mut tree = tree();
        let (value, end) = serve::<64>(&mut tree, &request, |_| ());
        assert_eq!((&value[..], end), (&b"1"[..], Some(End::Answered)));
        assert_eq!(tree.bus().0, [(Some(3), 0, is_uncached)]);
    }
}

#[test]
fn an_array_is_read_from_the_device_once_and_then_again_as_it_is_remembered() {
    let mut tree = tree();
    let (value, _) = serve::<128>(&mut tree, &read("/uncached/29.010000000000/sensed.ALL"), |_| ());
    assert_eq!(value, b"0,1,0,1,0,1,0,1");
    let pass = |is_uncached| (0..8).map(move |n| (Some(n), 0, is_uncached));
    assert_eq!(tree.bus().0, pass(true).chain(pass(false)).collect::<Vec<_>>());
}

#[test]
fn bytes_come_from_where_they_are_in_their_element() {
    let all: Vec<u8> = (0..128).collect();
    for path in ["/2D.020000000000/memory", "/2D.020000000000/pages/page.ALL"] {
        let (value, end) = serve::<60>(&mut tree(), &read(path), |_| ());
        assert_eq!((&value, end), (&all, Some(End::Answered)), "{path}");
    }
    let part = read("/2D.020000000000/memory").with_offset(70).unwrap().with_size(40).unwrap();
    let (value, _) = serve::<60>(&mut tree(), &part, |_| ());
    assert_eq!(value, all[70..110]);
}

#[test]
fn a_list_of_aliases_that_changes_while_it_is_sent_ends_the_connection() {
    let aliased = || {
        let mut tree = tree();
        tree.aliases_mut().set(SWITCH, b"a-first-alias").unwrap();
        tree.aliases_mut().set(MEMORY, b"second").unwrap();
        tree
    };
    let list = read("/settings/alias/list");
    let (whole, end) = serve::<40>(&mut aliased(), &list, |_| ());
    assert_eq!(end, Some(End::Answered));
    let line = |device: RomId, alias: &str| {
        let digits: std::string::String =
            device.to_bytes().iter().map(|byte| std::format!("{byte:02X}")).collect();
        std::format!("{digits}={alias}\r\n")
    };
    assert_eq!(whole, (line(SWITCH, "a-first-alias") + &line(MEMORY, "second")).as_bytes());
    for other in [&b"longer than before"[..], b"short"] {
        let change = |tree: &mut Served| tree.aliases_mut().set(MEMORY, other).unwrap();
        let (sent, end) = serve::<40>(&mut aliased(), &list, change);
        assert_eq!(end, Some(End::AnswerBroken), "{other:?}");
        // What was sent is what was announced, up to where it changed.
        assert!(whole.starts_with(&sent), "{sent:?}");
    }
}

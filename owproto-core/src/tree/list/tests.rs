use core::task::{Context, Poll};

use super::*;
use crate::request::Request;
use crate::server::End;
use crate::text::Value;
use crate::tree::{Access, serving};

/// One device, which may be taken away or replaced.
struct One(Option<RomId>);

impl Bus for One {
    fn device(&mut self, _: u16, n: usize, _: &mut Context<'_>) -> Poll<Result<Option<RomId>, ReturnCode>> {
        Poll::Ready(Ok(self.0.filter(|_| n == 0)))
    }

    fn read<'a>(
        &'a mut self,
        _: &Access<'_>,
        _: &'a mut [u8],
        _: &mut Context<'_>,
    ) -> Poll<Result<Value<'a>, ReturnCode>> {
        Poll::Ready(Err(ReturnCode::IO))
    }
}

fn device(n: u8) -> RomId {
    RomId::new(0x28, [n, 0, 0, 0, 0, 0])
}

/// Lists a bus with room for 30 bytes, so that an entry goes out in pieces; after the first one the bus has changed.
/// Gives how the connection ended.
fn list(request: &Request<'_>, change: impl FnOnce(&mut One)) -> Option<End> {
    let mut tree = Tree::new(One(Some(device(1))));
    let served = serving::serve::<30, _, _>(&mut tree, request, |tree| change(tree.bus_mut()));
    assert_eq!(served.waits, 0);
    served.end
}

#[test]
fn an_entry_that_is_gone_before_all_of_it_was_sent_ends_the_connection() {
    for request in [Request::dir("/").unwrap(), Request::dirall("/").unwrap()] {
        assert_eq!(list(&request, |_| ()), Some(End::Answered));
        assert_eq!(list(&request, |bus| bus.0 = None), Some(End::AnswerBroken));
    }
}

#[test]
fn an_entry_is_not_made_of_two_devices() {
    for request in [Request::dir("/").unwrap(), Request::dirall("/").unwrap()] {
        assert_eq!(list(&request, |bus| bus.0 = Some(device(2))), Some(End::AnswerBroken));
    }
}

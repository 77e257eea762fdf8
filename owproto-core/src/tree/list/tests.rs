use core::task::{Context, Poll, Waker};

use super::*;
use crate::request::Request;
use crate::server::{Connection, End, Event, Step};
use crate::text::Value;
use crate::time::Instant;
use crate::tree::Access;

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
    let (mut connection, mut job) = (Connection::new([0; 30], [0; 64]), Job::new());
    let mut context = Context::from_waker(Waker::noop());
    let mut buffer = [0; 64];
    let mut input = request.encode(&mut buffer).unwrap();
    assert_eq!(connection.handle_input(&mut input, Instant::ZERO), Event::Request);
    let mut change = Some(change);
    for _ in 0..20 {
        match connection.step() {
            Step::Work => {
                assert!(tree.serve(&mut connection, &mut job, Instant::ZERO, &mut context).is_ready());
            }
            Step::Write => {
                connection.handle_transmitted(usize::MAX, Instant::ZERO);
                if let Some(change) = change.take() {
                    change(tree.bus_mut());
                }
            }
            Step::Read | Step::Close => return connection.end(),
        }
    }
    panic!("neither an answer nor an end");
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

//! The values of owserver's option `--tester`, from the core's [`Tester`].

use std::task::{Context, Poll, Waker};

use owproto_core::ReturnCode;
use owproto_core::text::Value;
use owproto_core::tree::tester::Tester;
use owproto_core::tree::{Access, Bus, Element, Property};

use crate::sim::device_state::DeviceState;
use crate::sim::stored::{Found, Stored};

/// Bytes of a value for which no heap is used.
const STACK_LEN: usize = 512;

/// The value of an element. `families` are those of each bus, in the order of its devices.
pub(in crate::sim) fn value<'a>(
    families: &[Vec<u8>],
    device: &DeviceState,
    property: &'static Property,
    element: Element<'_>,
    offset: usize,
    scratch: &'a mut [u8],
) -> Result<Value<'a>, ReturnCode> {
    let access = Access::new(device.id, device.bus, device.family, property, element).with_offset(offset);
    // The value may borrow from the tester, which is dropped at the end; so it is read into a second buffer and copied.
    let (mut on_stack, mut on_heap) = ([0; STACK_LEN], Vec::new());
    let buffer = match on_stack.get_mut(..scratch.len()) {
        Some(buffer) => buffer,
        None => {
            on_heap.resize(scratch.len(), 0);
            &mut on_heap
        }
    };
    let buses: Vec<&[u8]>;
    let mut tester = match families {
        [families] => Tester::new(families),
        all => {
            buses = all.iter().map(Vec::as_slice).collect();
            Tester::with_buses(&buses)
        }
    };
    let mut context = Context::from_waker(Waker::noop());
    match tester.read(&access, buffer, &mut context) {
        // A tester is always ready.
        Poll::Pending => Err(ReturnCode::IO),
        Poll::Ready(Err(code)) => Err(code),
        Poll::Ready(Ok(value)) => Found::Value(Stored::new(value)).copy_to(0, scratch).ok_or(ReturnCode::IO),
    }
}

//! A gateway without its network and its 1-Wire bus: the core's server connection, and a tree of two families.

use core::hint::black_box;
use core::marker::PhantomData;
use core::task::{Context, Poll, Waker};

use owproto_core::ReturnCode;
use owproto_core::server::Connection;
use owproto_core::text::{RomId, Value};
use owproto_core::tree::families::{FAMILY_3A, FAMILY_28};
use owproto_core::tree::{Access, Bus, Family, Job, Scope, Tree};

use crate::{now, serve};

/// What the tree of a gateway has besides devices.
pub trait GatewayScope {
    const SCOPE: Scope;
}

/// The families that this gateway supports.
static FAMILIES: [&Family; 2] = [&FAMILY_28, &FAMILY_3A];

/// Serves one client after the other.
pub fn run<P: GatewayScope>() -> ! {
    loop {
        let mut tree = Tree::with_families(Sensors::<P>(PhantomData), &FAMILIES);
        let mut job = Job::new();
        serve(&mut Connection::new([0; 256], [0; 128]).accepted_at(now()), |server| {
            let _ = tree.serve(server, &mut job, now(), &mut Context::from_waker(Waker::noop()));
        });
        tree.cancel(&mut job);
    }
}

/// Devices whose values need no code.
struct Sensors<P>(PhantomData<P>);

impl<P: GatewayScope> Bus for Sensors<P> {
    const SCOPE: Scope = P::SCOPE;

    fn device(&mut self, _: u16, n: usize, _: &mut Context<'_>) -> Poll<Result<Option<RomId>, ReturnCode>> {
        Poll::Ready(Ok(black_box((n < 8).then_some(RomId::new(0x28, [0; 6])))))
    }

    fn is_in_alarm(&mut self, _: RomId, _: &mut Context<'_>) -> Poll<Result<bool, ReturnCode>> {
        black_box(Poll::Ready(Ok(false)))
    }

    fn read<'a>(
        &'a mut self,
        access: &Access<'_>,
        scratch: &'a mut [u8],
        _: &mut Context<'_>,
    ) -> Poll<Result<Value<'a>, ReturnCode>> {
        black_box(access);
        black_box(match black_box(0) {
            0 => Poll::Ready(Ok(Value::Float(21.5))),
            1 => Poll::Ready(Ok(Value::Unsigned(12))),
            2 => Poll::Ready(Ok(Value::YesNo(true))),
            3 => Poll::Ready(Ok(Value::Bytes(scratch))),
            4 => Poll::Ready(Ok(Value::Text(b"12"))),
            5 => Poll::Pending,
            _ => Poll::Ready(Err(ReturnCode::IO)),
        })
    }

    fn write(
        &mut self,
        access: &Access<'_>,
        value: Value<'_>,
        _: &mut Context<'_>,
    ) -> Poll<Result<(), ReturnCode>> {
        black_box((access, value));
        black_box(Poll::Ready(Ok(())))
    }
}

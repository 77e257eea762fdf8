//! The server's connection and tree without a heap: 10,000 devices through 512 bytes.

use std::task::{Context, Poll, Waker};

use allocation_counter::measure;
use owproto_core::server::{Connection, Event, Step};
use owproto_core::text::{RomId, Value};
use owproto_core::time::Instant;
use owproto_core::tree::{Access, AliasTable, Bus, Job, Tree};
use owproto_core::wire::Flags;
use owproto_core::{Request, ReturnCode};

const DEVICES: usize = 10_000;

/// A bus with many thermometers.
struct ManyThermometers;

impl ManyThermometers {
    fn id(n: usize) -> RomId {
        let [a, b, ..] = n.to_le_bytes();
        RomId::new(0x28, [a, b, 0, 0, 0, 0])
    }
}

impl Bus for ManyThermometers {
    fn device(&mut self, _: u16, n: usize, _: &mut Context<'_>) -> Poll<Result<Option<RomId>, ReturnCode>> {
        Poll::Ready(Ok((n < DEVICES).then(|| Self::id(n))))
    }

    fn read<'a>(
        &'a mut self,
        access: &Access<'_>,
        _: &'a mut [u8],
        _: &mut Context<'_>,
    ) -> Poll<Result<Value<'a>, ReturnCode>> {
        let [low, high, ..] = access.device.id();
        Poll::Ready(match access.property.name {
            "temperature" => Ok(Value::Float(f64::from(u16::from_le_bytes([low, high])) / 100.0)),
            "scratchpad" => Ok(Value::Bytes(b"123456789")),
            _ => Err(ReturnCode::IO),
        })
    }
}

/// A summary of the answer to a request.
#[derive(Default)]
struct Summary {
    bytes: usize,
    largest_write: usize,
    writes: usize,
    /// A checksum over all bytes.
    sum: u64,
}

fn serve(tree: &mut Tree<ManyThermometers, AliasTable<2>>, request: &[u8]) -> Summary {
    let mut connection = Connection::new([0; 512], [0; 512]);
    let mut job = Job::new();
    let mut context = Context::from_waker(Waker::noop());
    let mut input = request;
    let mut summary = Summary::default();
    let now = Instant::ZERO;
    loop {
        match connection.step() {
            Step::Read => assert_eq!(connection.handle_input(&mut input, now), Event::Request),
            Step::Answer => assert!(tree.serve(&mut connection, &mut job, now, &mut context).is_ready()),
            Step::Write => {
                let bytes = connection.poll_transmit();
                for byte in bytes {
                    summary.sum = summary.sum.wrapping_mul(31).wrapping_add(u64::from(*byte));
                }
                let n = bytes.len();
                summary.bytes += n;
                summary.writes += 1;
                summary.largest_write = summary.largest_write.max(n);
                connection.handle_transmitted(n, now);
            }
            Step::Close => return summary,
        }
    }
}

fn sum(parts: impl Iterator<Item = Vec<u8>>) -> u64 {
    parts.flatten().fold(0, |sum: u64, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)))
}

#[test]
fn ten_thousand_devices_pass_through_512_bytes_without_an_allocation() {
    let kitchen = ManyThermometers::id(9_000);
    let device = format!("/{}/temperature", ManyThermometers::id(9_999));
    let mut tree = Tree::new(ManyThermometers).with_aliases(AliasTable::<2>::new());
    let requests = [
        Request::dir("/").unwrap(),
        Request::dirall("/").unwrap(),
        Request::dirallslash("/").unwrap().with_flags(Flags::BUS_LIST),
        Request::read(&device).unwrap(),
        Request::write("/28.282300000000/alias", "kitchen").unwrap(),
        Request::dirall("/kitchen").unwrap(),
        Request::read("/settings/alias/list").unwrap(),
        Request::read("/settings/return_codes/text.ALL").unwrap(),
        Request::read("/structure/28/temperature").unwrap(),
        Request::get("/structure").unwrap(),
        Request::presence("/kitchen/scratchpad").unwrap(),
        Request::read("/kitchen/scratchpad").unwrap(),
        Request::read("/nothing").unwrap(),
    ]
    .map(|request| {
        let mut bytes = vec![0; request.encoded_len()];
        request.encode(&mut bytes).unwrap();
        bytes
    });
    assert_eq!(kitchen.to_string(), "28.282300000000");
    let mut summary = [const { None }; 13];
    let info = measure(|| {
        for (request, summary) in requests.iter().zip(&mut summary) {
            *summary = Some(serve(&mut tree, request));
        }
    });
    assert_eq!(info.count_total, 0, "{} bytes were allocated", info.bytes_total);
    let summary = summary.map(Option::unwrap);
    assert!(summary.iter().all(|summary| summary.largest_write <= 512));

    // 16 characters a device; an entry of DIR has a header and a NUL, one of the list a comma.
    let dir = &summary[0];
    assert_eq!(dir.bytes, DEVICES * (24 + 17) + 24);
    let dirall = &summary[1];
    assert_eq!(dirall.bytes, 24 + DEVICES * 17);
    println!(
        "DIR {} bytes in {} writes, DIRALL {} in {}",
        dir.bytes, dir.writes, dirall.bytes, dirall.writes
    );
    let head = |payload: usize, offset: u32| {
        let mut head = [0; 24];
        head[4..8].copy_from_slice(&u32::try_from(payload).unwrap().to_be_bytes());
        head[16..20].copy_from_slice(&u32::try_from(payload - 1).unwrap().to_be_bytes());
        head[20..].copy_from_slice(&offset.to_be_bytes());
        head.to_vec()
    };
    let path = |n| format!("/{}", ManyThermometers::id(n));
    let list = (0..DEVICES).map(path).collect::<Vec<_>>().join(",") + "\0";
    assert_eq!(dirall.sum, sum([head(list.len(), 0x8002), list.into_bytes()].into_iter()));
    let mut last = head(1, 0x8002);
    last[4..8].fill(0);
    let entries = (0..DEVICES).map(|n| [head(17, 0), path(n).into_bytes(), vec![0]].concat());
    assert_eq!(dir.sum, sum(entries.chain([last])));
    assert_eq!(summary[3].bytes, 24 + 12);
    assert_eq!(summary[6].bytes, 24 + "2828230000000000=kitchen\r\n".len());
    assert_eq!(summary[7].bytes, 24 + 4983);
    assert_eq!((summary[10].bytes, summary[11].bytes, summary[12].bytes), (32, 33, 24));
}

#[test]
fn a_connection_takes_little_memory_besides_its_buffers() {
    let connection = size_of::<Connection<[u8; 512], [u8; 512]>>();
    let job = size_of::<Job>();
    println!("a connection takes {connection} bytes, its job {job}");
    assert!(connection <= 1024 + 320, "{connection}");
    assert!(job <= 128, "{job}");
}

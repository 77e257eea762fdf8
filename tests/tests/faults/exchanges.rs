//! The exchanges, recorded without faults.

use std::net::SocketAddr;

use owproto_core::wire::Header;
use owproto_tests::fault_proxy::{Direction, Proxy};

use crate::clients::{Call, CallResult, ClientKind};
use crate::{ENOUGH, FAMILIES};

const TEMPERATURE: &str = "/28.000028D70100/temperature";

/// The calls of each exchange.
pub(crate) const ALL: &[(&str, &[Call])] = &[
    ("READ", &[Call::Read(TEMPERATURE)]),
    ("WRITE", &[Call::Write("/28.000028D70100/temphigh", "30")]),
    ("DIR", &[Call::Dir]),
    ("DIRALL", &[Call::Dirall]),
    ("PRESENCE", &[Call::Present("/28.000028D70100")]),
    (
        "persistent",
        &[
            Call::Read(TEMPERATURE),
            Call::Write("/28.000028D70100/temphigh", "30"),
            Call::Present("/28.000028D70100"),
            Call::Read("/10.000010EF0000/type"),
        ],
    ),
    (
        "read_many",
        &[Call::ReadMany(&[
            "/10.000010EF0000/temperature",
            "/10.000010EF0000/type",
            TEMPERATURE,
            "/28.000028D70100/family",
        ])],
    ),
];

/// The call after each exchange. Its value differs from all values of the exchange.
pub(crate) const NEXT: (Call, &str) = (Call::Read("/28.000028D70100/address"), "28000028D70100D5");

/// Calls over one connection, with their right results and the bytes of both directions.
pub(crate) struct Exchange {
    pub(crate) name: &'static str,
    pub(crate) calls: &'static [Call],
    pub(crate) right: Vec<CallResult>,
    pub(crate) requests: Vec<u8>,
    pub(crate) answers: Vec<u8>,
    request_ends: Vec<usize>,
    answer_ends: Vec<usize>,
}

impl Exchange {
    /// Makes the calls once, without faults.
    pub(crate) fn record(
        client_kind: ClientKind,
        server: SocketAddr,
        name: &'static str,
        calls: &'static [Call],
    ) -> Self {
        let proxy = Proxy::start(server);
        let mut client = client_kind.client(proxy.address());
        let mut ends = Vec::new();
        let right: Vec<CallResult> = calls
            .iter()
            .map(|call| {
                let result = client.call(call, ENOUGH);
                let traffic = &proxy.traffic()[0];
                ends.push((traffic.to_server.len(), traffic.to_client.len()));
                result
            })
            .collect();
        let mut traffic = proxy.traffic();
        assert_eq!(traffic.len(), 1, "{name} uses one connection");
        let traffic = traffic.remove(0);
        let (mut request_ends, mut answer_ends): (Vec<_>, Vec<_>) = ends.into_iter().unzip();
        if let [Call::ReadMany(paths)] = calls {
            (request_ends, answer_ends) = (frame_ends(&traffic.to_server), frame_ends(&traffic.to_client));
            assert_eq!((request_ends.len(), answer_ends.len()), (paths.len(), paths.len()));
        }
        Self {
            name,
            calls,
            right,
            requests: traffic.to_server,
            answers: traffic.to_client,
            request_ends,
            answer_ends,
        }
    }

    /// How many bytes are sent in a direction.
    pub(crate) fn len(&self, direction: Direction) -> usize {
        match direction {
            Direction::ToServer => self.requests.len(),
            Direction::ToClient => self.answers.len(),
        }
    }

    /// Where each unit ends. A unit is a call, or one of many reads.
    pub(crate) fn ends(&self, direction: Direction) -> &[usize] {
        match direction {
            Direction::ToServer => &self.request_ends,
            Direction::ToClient => &self.answer_ends,
        }
    }

    pub(crate) fn start(&self, direction: Direction, unit: usize) -> usize {
        if unit == 0 { 0 } else { self.ends(direction)[unit - 1] }
    }

    pub(crate) fn unit(&self, direction: Direction, at: usize) -> usize {
        self.ends(direction).partition_point(|end| *end <= at)
    }
}

fn frame_ends(bytes: &[u8]) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut at = 0;
    while let Some(header) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        at += 24 + usize::try_from(Header::from_bytes(header).payload).unwrap();
        ends.push(at);
    }
    ends
}

/// Checks that the exchanges without faults return the values of the tester bus.
pub(crate) fn assert_right(exchange: &Exchange) {
    let value = |text: &str| CallResult::Value(text.as_bytes().to_vec());
    let devices: Vec<Vec<u8>> = vec![b"/10.000010EF0000".to_vec(), b"/28.000028D70100".to_vec()];
    assert_eq!(devices.len(), FAMILIES.split(',').count());
    let (temperature, present) = (value("         4.1"), CallResult::Present(true));
    let expected = match exchange.name {
        "READ" => vec![temperature],
        "WRITE" => vec![CallResult::Took(2)],
        "DIR" | "DIRALL" => vec![CallResult::Entries(devices)],
        "PRESENCE" => vec![present],
        "persistent" => vec![temperature, CallResult::Took(2), present, value("DS18S20")],
        "read_many" => {
            vec![CallResult::Many(vec![value("         1.6"), value("DS18S20"), temperature, value("28")])]
        }
        other => unreachable!("{other}"),
    };
    assert_eq!(exchange.right, expected);
}

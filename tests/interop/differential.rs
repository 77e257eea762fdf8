//! Replies of all kinds, valid and damaged, decoded by pyownet's own code and by ours. Both give the same, or the difference
//! is in a list with its reason.

use std::collections::BTreeMap;

use owproto_core::client::{Connection, ConnectionError, Event};
use owproto_core::message::Entries;
use owproto_core::time::Instant;
use owproto_core::wire::{HEADER_LEN, Header};
use owproto_core::{DecodeError, Request};
use owproto_tests::process;
use owproto_tests::tools::pyownet;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

const CASES: usize = 6_000;

/// The largest payload that pyownet reads.
const PYOWNET_LIMIT: i32 = 65_536;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Asked {
    Ping,
    Read,
    Dir,
}

#[derive(Clone, Debug)]
struct Case {
    asked: Asked,
    bytes: Vec<u8>,
    /// How many bytes arrive in one piece.
    most: usize,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Outcome {
    /// Return value, flags, data, and the number of bytes used.
    Reply(i32, u32, Vec<u8>, usize),
    Entries(Vec<Vec<u8>>, usize),
    /// The server returned an error with this code.
    ServerError(u32, usize),
    /// The version word is not 0.
    Version,
    TooLarge,
    /// The server closed too early.
    EndedEarly,
    /// An assertion of pyownet failed, so that it has no result.
    Assertion,
    /// pyownet decodes a listing as text, and it is not text.
    NotText,
}

/// Intended differences.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Difference {
    /// A keepalive after NOP: pyownet's assertion fails. We wait for the reply, since `owserver --pingcrazy` sends both.
    KeepaliveToNop,
    /// A size above the payload: pyownet's assertion fails. We return the whole payload.
    SizeAbovePayload,
    /// A negative size: pyownet leaves out that many bytes at the end. We return the whole payload.
    NegativeSize,
    /// A size smaller than the list: pyownet cuts the list. We return all entries.
    SizeCutsList,
    /// A list above 64 KiB: pyownet refuses it. We return it entry by entry.
    LongList,
    /// A list that is not ASCII: pyownet has no result. Our names are bytes, since an alias may contain any.
    NotAscii,
    /// A comma in a name, an empty entry, a NUL: pyownet splits at all commas and nowhere else. We split at `,/` and at NULs,
    /// since aliases may contain commas, and leave out empty entries.
    Separators,
}

impl Difference {
    const ALL: [Self; 7] = [
        Self::KeepaliveToNop,
        Self::SizeAbovePayload,
        Self::NegativeSize,
        Self::SizeCutsList,
        Self::LongList,
        Self::NotAscii,
        Self::Separators,
    ];

    /// The first reason that explains a difference.
    fn of(case: &Case, ours: &Outcome, theirs: &Outcome) -> Option<Self> {
        let is_keepalive =
            case.bytes.first_chunk().is_some_and(|head| Header::from_bytes(head).is_keepalive());
        if case.asked == Asked::Ping && is_keepalive {
            return (*theirs == Outcome::Assertion).then_some(Self::KeepaliveToNop);
        }
        let (header, payload) = reply_in(&case.bytes)?;
        let cut = as_pyownet_cuts(&header, payload);
        let is_list = case.asked == Asked::Dir && header.code >= 0;
        let fits = |difference: &Self| match (difference, theirs) {
            (Self::SizeAbovePayload, Outcome::Assertion) => {
                header.size > header.payload && header.payload > 0
            }
            (Self::NegativeSize, Outcome::Reply(ret, flags, data, _)) => {
                let is_same = (*ret, *flags, &data[..]) == (header.code, header.flags.bits(), cut);
                header.size < 0 && is_same && matches!(ours, Outcome::Reply(.., ours, _) if ours == payload)
            }
            (Self::LongList, Outcome::TooLarge) => case.asked == Asked::Dir && header.payload > PYOWNET_LIMIT,
            (Self::NotAscii, Outcome::NotText) => is_list && !cut.is_ascii(),
            (Self::SizeCutsList | Self::Separators, Outcome::Entries(entries, _)) => {
                let is_cut = payload.strip_suffix(b"\0").unwrap_or(payload) != cut;
                let split = cut.split(|&byte| byte == b',').filter(|_| !cut.is_empty());
                let is_split = split.eq(entries.iter().map(Vec::as_slice));
                is_list && is_split && is_cut == (*difference == Self::SizeCutsList)
            }
            _ => false,
        };
        Self::ALL.into_iter().find(fits)
    }
}

/// The first frame that is not a keepalive, and as much of its payload as is present.
fn reply_in(mut bytes: &[u8]) -> Option<(Header, &[u8])> {
    loop {
        let (head, rest) = bytes.split_first_chunk()?;
        let header = Header::from_bytes(head);
        match usize::try_from(header.payload) {
            Ok(len) => return Some((header, &rest[..len.min(rest.len())])),
            Err(_) => bytes = rest,
        }
    }
}

/// `payload[:size]` in Python.
fn as_pyownet_cuts<'p>(header: &Header, payload: &'p [u8]) -> &'p [u8] {
    let len = i64::try_from(payload.len()).unwrap();
    let size = i64::from(header.size);
    let end = if size < 0 { len + size } else { size };
    &payload[..usize::try_from(end.clamp(0, len)).unwrap()]
}

fn word() -> BoxedStrategy<i32> {
    prop_oneof![-3..40_i32, any::<i32>(), Just(i32::MIN), Just(i32::MAX), 65_535..65_538_i32].boxed()
}

/// Text as in lists, with separators of all kinds; or bytes.
fn payload() -> BoxedStrategy<Vec<u8>> {
    let name = vec(prop::sample::select(&b"abc019."[..]), 1..13);
    let list = vec(name, 0..6).prop_map(|names| {
        let list: Vec<u8> = names.iter().flat_map(|name| [b",/", &name[..]].concat()).skip(1).collect();
        if list.is_empty() { list } else { [&list[..], b"\0"].concat() }
    });
    prop_oneof![
        4 => list,
        2 => vec(prop::sample::select(&b"/abc,0.\0 "[..]), 0..30),
        1 => vec(any::<u8>(), 0..60),
    ]
    .boxed()
}

/// A reply with this payload. Each word of its header is right, or arbitrary.
fn reply(payload: Vec<u8>) -> BoxedStrategy<Vec<u8>> {
    let len = i32::try_from(payload.len()).unwrap();
    let nul = i32::from(payload.ends_with(b"\0"));
    let or_any = |good: i32| prop_oneof![12 => Just(good), 1 => word(), 1 => -4..70_i32].boxed();
    let version = prop_oneof![30 => Just(0), 1 => word()].boxed();
    let ret = prop_oneof![6 => Just(0), 2 => Just(len), 2 => -120..0_i32, 1 => word()].boxed();
    (version, or_any(len), ret, any::<i32>(), or_any(len - nul), word())
        .prop_map(move |(version, len, code, flags, size, offset)| {
            let words = [version, len, code, flags, size, offset];
            [&words.map(i32::to_be_bytes).concat()[..], &payload].concat()
        })
        .boxed()
}

/// A regular keepalive, or one with arbitrary words, a negative payload, and mostly version 0.
fn keepalive() -> BoxedStrategy<Vec<u8>> {
    let odd = (any::<[u8; HEADER_LEN]>(), prop_oneof![9 => Just(0), 1 => any::<u8>()]);
    let odd = odd.prop_map(|(mut bytes, version)| {
        bytes[..4].fill(version);
        bytes[4] |= 0x80;
        bytes.to_vec()
    });
    prop_oneof![5 => Just(Header::KEEPALIVE.to_bytes().to_vec()), 1 => odd].boxed()
}

fn case() -> BoxedStrategy<Case> {
    let asked = prop::sample::select(&[Asked::Read, Asked::Read, Asked::Dir, Asked::Dir, Asked::Ping][..]);
    let large = (0..26_u8).prop_map(|letter| [b"/", &[b'a' + letter; 1000][..], b","].concat().repeat(70));
    let frame = prop_oneof![250 => payload(), 1 => large].prop_flat_map(reply).boxed();
    let keepalives = prop_oneof![3 => Just(Vec::new()), 1 => vec(keepalive(), 1..4)].boxed();
    let behind = prop_oneof![3 => Just(Vec::new()), 1 => vec(any::<u8>(), 0..40)].boxed();
    let whole = (keepalives, frame, behind)
        .prop_map(|(keepalives, frame, behind)| [&keepalives.concat()[..], &frame, &behind].concat())
        .boxed();
    let damage = (any::<prop::sample::Index>(), any::<u8>(), 0..9_u8);
    // Most stay undamaged.
    let bytes = (whole, damage).prop_map(|(mut bytes, (at, byte, how))| {
        let at = at.index(bytes.len());
        match how {
            0 => bytes.truncate(at),
            1 => bytes[at] = byte,
            2 => bytes.insert(at, byte),
            _ => {}
        }
        bytes
    });
    let most = prop_oneof![Just(1), Just(7), Just(1 << 20), 1..50_usize];
    (asked, bytes, most).prop_map(|(asked, bytes, most)| Case { asked, bytes, most }).boxed()
}

/// Our client's outcome.
fn by_us(case: &Case) -> Outcome {
    let mut client: Connection<_, _> = Connection::new(Vec::new(), Vec::new());
    let request = match case.asked {
        Asked::Ping => Request::nop(),
        Asked::Read => Request::read("/").unwrap(),
        Asked::Dir => Request::dirallslash("/").unwrap(),
    };
    client.request(&request, Instant::ZERO).unwrap();
    client.handle_transmitted(usize::MAX, Instant::ZERO);
    let mut entries = Vec::new();
    let mut used = 0;
    for piece in case.bytes.chunks(case.most) {
        let mut input = piece;
        loop {
            match client.handle_input(&mut input, Instant::ZERO) {
                Ok(Event::NeedMore(_)) => break,
                Ok(Event::Keepalive) => {}
                Ok(Event::Entries(_, some)) => entries.extend(some.map(<[u8]>::to_vec)),
                Ok(Event::Reply(_, reply)) => {
                    let used = used + piece.len() - input.len();
                    return match (case.asked, reply.into_result()) {
                        (Asked::Dir, Err(error)) => Outcome::ServerError(error.code().code(), used),
                        (Asked::Dir, Ok(_)) => Outcome::Entries(entries, used),
                        _ => Outcome::Reply(reply.ret(), reply.flags().bits(), reply.data().to_vec(), used),
                    };
                }
                Err(ConnectionError::Decode(DecodeError::UnexpectedVersion { .. })) => {
                    return Outcome::Version;
                }
                Err(ConnectionError::Decode(DecodeError::PayloadTooLarge { .. })) => {
                    return Outcome::TooLarge;
                }
                Err(error) => panic!("{error}"),
            }
        }
        used += piece.len();
    }
    match client.handle_eof() {
        Err(ConnectionError::Truncated | ConnectionError::Closed) => Outcome::EndedEarly,
        other => panic!("{other:?}"),
    }
}

/// The outcomes of pyownet for all cases.
fn by_pyownet(cases: &[Case]) -> Vec<Outcome> {
    let cases: Vec<Value> = cases
        .iter()
        .map(|case| {
            let asked = match case.asked {
                Asked::Ping => "ping",
                Asked::Read => "read",
                Asked::Dir => "dir",
            };
            json!([asked, hex(&case.bytes), case.most])
        })
        .collect();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/interop/pyownet_replies.py");
    let finished = process::run_with_input(pyownet().arg(script), json!(cases).to_string().as_bytes());
    assert_eq!(finished.status, Some(0), "{}", finished.stderr_text());
    let answers: Vec<Value> = serde_json::from_slice(&finished.stdout).unwrap();
    answers.iter().map(outcome).collect()
}

fn outcome(answer: &Value) -> Outcome {
    let used = || usize::try_from(answer["used"].as_u64().unwrap()).unwrap();
    let word = |value: &Value| i32::try_from(value.as_i64().unwrap()).unwrap();
    match answer["error"].as_str() {
        Some("version") => return Outcome::Version,
        Some("large") => return Outcome::TooLarge,
        Some("short") => return Outcome::EndedEarly,
        Some("not text") => return Outcome::NotText,
        Some("assertion") => return Outcome::Assertion,
        Some(other) => panic!("{other}"),
        None => {}
    }
    if let Some(errno) = answer["errno"].as_u64() {
        return Outcome::ServerError(u32::try_from(errno).unwrap(), used());
    }
    if let Some(entries) = answer["entries"].as_array() {
        let entries = entries.iter().map(|entry| entry.as_str().unwrap().as_bytes().to_vec());
        return Outcome::Entries(entries.collect(), used());
    }
    let [ret, flags, data] = &answer["reply"].as_array().unwrap()[..] else { panic!("{answer}") };
    let data = data.as_str().unwrap();
    let bytes = (0..data.len()).step_by(2).map(|at| u8::from_str_radix(&data[at..at + 2], 16).unwrap());
    Outcome::Reply(word(ret), word(flags).cast_unsigned(), bytes.collect(), used())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn pyownet_and_our_client_decode_every_reply_alike_but_for_listed_differences() {
    // The same cases in every run, so that a failure can be repeated.
    let mut runner = TestRunner::deterministic();
    let strategy = case();
    let cases: Vec<Case> = (0..CASES).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect();
    let mut same: BTreeMap<&str, usize> = BTreeMap::new();
    let mut differences: BTreeMap<Difference, usize> = BTreeMap::new();
    for (case, theirs) in cases.iter().zip(by_pyownet(&cases)) {
        let ours = by_us(case);
        if ours == theirs {
            let name = match ours {
                Outcome::Reply(..) => "a reply",
                Outcome::Entries(..) => "entries",
                Outcome::ServerError(..) => "an error of the server",
                Outcome::Version => "not version 0",
                Outcome::TooLarge => "too large",
                Outcome::EndedEarly => "ended too early",
                Outcome::Assertion | Outcome::NotText => unreachable!(),
            };
            *same.entry(name).or_default() += 1;
            continue;
        }
        let Some(difference) = Difference::of(case, &ours, &theirs) else {
            panic!("{case:02x?}\npyownet: {theirs:?}\nhere:    {ours:?}");
        };
        if let (Some((header, payload)), Outcome::Entries(entries, _)) = (reply_in(&case.bytes), &ours) {
            assert!(header.code >= 0 && Entries::list(payload).eq(entries.iter().map(Vec::as_slice)));
        }
        *differences.entry(difference).or_default() += 1;
    }
    println!("{CASES} cases; the same: {same:?}; different: {differences:?}");
    assert_eq!(same.len(), 6, "a kind of outcome did not occur");
    for difference in Difference::ALL {
        assert!(differences.contains_key(&difference), "{difference:?} did not occur");
    }
}

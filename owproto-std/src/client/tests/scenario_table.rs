//! The table of scenarios, by subject.

use std::time::Duration;

use owproto_core::DecodeError;
use owproto_core::client::ConnectionError;
use owproto_core::wire::{MessageType, Version};
use owproto_tests::frames::*;
use owproto_tests::peer::Script;

use super::scenario::*;
use crate::DirOptions;

const ID: [u8; 8] = [0x10, 0x67, 0xc6, 0x69, 0x73, 0x51, 0xff, 0x8d];

/// A timeout that tests can wait for, and that is long enough on a busy machine.
const SHORT: Duration = Duration::from_millis(700);

pub(super) fn all() -> Vec<Scenario> {
    let mut all = answers();
    all.extend(keepalives());
    all.extend(persistence());
    all.extend(stale_connections());
    all.extend(writes());
    all.extend(broken_peers());
    all.extend(timeouts());
    all.extend(fall_backs());
    all.extend(listings());
    all.extend(many_reads());
    all.extend(variants());
    all
}

fn answers() -> Vec<Scenario> {
    vec![
        Scenario::new("all calls over one connection")
            .connection(
                Script::new()
                    .exchange("NOP+", done())
                    .exchange("PRESENCE+ /a", rom_id(ID))
                    .exchange("PRESENCE+ /b", server_error(1))
                    .exchange("PRESENCE+ /a", rom_id(ID))
                    .exchange("PRESENCE+ /settings", rom_id([0; 8]))
                    .exchange("PRESENCE+ /b", server_error(1))
                    .exchange("READ+ /a/temperature", value("       21.25"))
                    .exchange("READ+ /a/temperature [3] @9", value(".25"))
                    .exchange("READ+ /a/temperature [100]", value("       21.25"))
                    .exchange("READ+ /a/temperature", value("       21.25"))
                    .exchange("WRITE+ /a/PIO=1", written(1))
                    .exchange("WRITE+ /a/memory=xyz @7", written(3))
                    .exchange("DIRALL+ /", list("/a,/b"))
                    .exchange("DIRALLSLASH+ (bus) /", list("/a/,/bus.0/"))
                    .exchange("DIR+ (bus) /", entries(&["/a", "/bus.0"]))
                    .exchange("DIR+ /", entries(&["/a", "/b"]))
                    .exchange("DIR+ /", entries(&["/a", "/b"]))
                    .exchange("GET+ /", list("/a,/b"))
                    .exchange("GET+ /a/type", value("DS18S20"))
                    .expect_request("READ+ /x [100]")
                    .reply(server_error(1))
                    .stall(),
            )
            .call(Call::Ping, Outcome::Done)
            .call(Call::Present("/a"), Outcome::Bool(true))
            .call(Call::Present("/b"), Outcome::Bool(false))
            .call(Call::RomId("/a"), Outcome::RomId(Some("10.67C6697351FF".into())))
            .call(Call::RomId("/settings"), Outcome::RomId(None))
            .call(Call::RomId("/b"), Outcome::RomId(None))
            .call(Call::Read("/a/temperature"), gives("       21.25"))
            .call(Call::ReadAt("/a/temperature", 3, 9), gives(".25"))
            .call(Call::ReadInto("/a/temperature", 100), gives("       21.25"))
            .call(Call::ReadNumber("/a/temperature"), Outcome::Number(21.25))
            .call(Call::Write("/a/PIO", "1"), Outcome::Count(1))
            .call(Call::WriteAt("/a/memory", "xyz", 7), Outcome::Count(3))
            .call(Call::Dir("/"), lists(&["/a", "/b"]))
            .call(Call::DirWith("/", DirOptions::new().slash().bus_list()), lists(&["/a/", "/bus.0/"]))
            .call(Call::DirWith("/", DirOptions::new().streamed().bus_list()), lists(&["/a", "/bus.0"]))
            .call(Call::DirEach("/"), lists(&["/a", "/b"]))
            .call(Call::DirIter("/", 9), lists(&["/a", "/b"]))
            .call(Call::Get("/"), lists(&["/a", "/b"]))
            .call(Call::Get("/a/type"), gives("DS18S20"))
            .call(
                Call::SendMessage(MessageType::READ, "/x"),
                Outcome::Raw { ret: -1, size: 0, payload: String::new() },
            ),
        Scenario::new("each call of a non-persistent client has a connection")
            .client(|b| b.persistent(false))
            .connection(Script::new().exchange_nonpersistent("NOP", done()))
            .connection(Script::new().exchange_nonpersistent("READ /a", value("21")))
            .connection(Script::new().exchange_nonpersistent("WRITE /a=22", written(2)))
            .connection(Script::new().exchange_nonpersistent("DIRALL /", list("/a")))
            .connection(Script::new().exchange_nonpersistent("DIR /", entries(&["/a"])))
            .connection(Script::new().exchange_nonpersistent("PRESENCE /a", rom_id(ID)))
            .connection(Script::new().exchange_nonpersistent("GET /a", value("22")))
            .connection(Script::new().exchange_nonpersistent("READ /b", server_error(1)))
            .call(Call::Ping, Outcome::Done)
            .call(Call::Read("/a"), gives("21"))
            .call(Call::Write("/a", "22"), Outcome::Count(2))
            .call(Call::Dir("/"), lists(&["/a"]))
            .call(Call::DirIter("/", 9), lists(&["/a"]))
            .call(Call::Present("/a"), Outcome::Bool(true))
            .call(Call::Get("/a"), gives("22"))
            .call(Call::Read("/b"), fails_with_code(1)),
        Scenario::new("the connection is kept after an error of the server")
            .connection(
                Script::new()
                    .exchange("READ+ /x", server_error(1))
                    .exchange("PRESENCE+ /x", server_error(5))
                    .exchange("WRITE+ /x=1", server_error(30))
                    .exchange("DIRALL+ /x", server_error(20))
                    .exchange("READ+ /a", value("21"))
                    .stall(),
            )
            .call(Call::Read("/x"), fails_with_code(1))
            .call(Call::Present("/x"), fails_with_code(5))
            .call(Call::Write("/x", "1"), fails_with_code(30))
            .call(Call::Dir("/x"), fails_with_code(20))
            .call(Call::Read("/a"), gives("21")),
        Scenario::new("the payload of an error is consumed")
            .connection(
                Script::new()
                    .expect_request("READ+ /x")
                    .send(
                        [&[0, 0, 0, 0, 0, 0, 0, 3, 255, 255, 255, 254, 0, 0, 0, 4][..], &[0; 8], b"why"]
                            .concat(),
                    )
                    .exchange("READ+ /a", value("21"))
                    .stall(),
            )
            .call(Call::Read("/x"), fails_with_code(2))
            .call(Call::Read("/a"), gives("21")),
        Scenario::new("an empty value is returned as an empty value")
            .connection(
                Script::new().exchange("READ+ /a", value("")).exchange("READ+ /a [8]", value("")).stall(),
            )
            .call(Call::Read("/a"), gives(""))
            .call(Call::ReadInto("/a", 8), gives("")),
        Scenario::new("a value longer than the buffer is cut")
            .connection(Script::new().exchange("READ+ /a [4]", value("123456")).stall())
            .call(Call::ReadInto("/a", 4), gives("1234")),
        Scenario::new("a value that is not a number is an error of read_number")
            .connection(Script::new().exchange("READ+ /a", value("warm")).stall())
            .call(Call::ReadNumber("/a"), fails(Failure::NotANumber)),
        Scenario::new("an old server replies to PRESENCE without a ROM id")
            .connection(
                Script::new().exchange("PRESENCE+ /a", done()).exchange("PRESENCE+ /a", done()).stall(),
            )
            .call(Call::Present("/a"), Outcome::Bool(true))
            .call(Call::RomId("/a"), Outcome::RomId(None)),
        Scenario::new("an invalid request is an error and is not sent")
            .connection(Script::new().exchange("NOP+", done()).stall())
            .call(Call::Read("/a\0b"), fails(Failure::Request))
            .call(Call::ReadAt("/a", 0, 0), fails(Failure::Request))
            .call(Call::ReadInto("/a", 0), fails(Failure::Request))
            .call(Call::Write("/a\0b", "1"), fails(Failure::Request))
            .call(Call::DirIter("/\0", 1), fails(Failure::Request))
            .call(Call::Ping, Outcome::Done),
    ]
}

fn keepalives() -> Vec<Scenario> {
    vec![
        Scenario::new("a keepalive comes before every frame")
            .connection(
                Script::new()
                    .exchange("NOP+", [keepalive(), done()])
                    .exchange("READ+ /a", [keepalive(), keepalive(), value("21")])
                    .exchange("WRITE+ /a=1", [keepalive(), written(1)])
                    .exchange("DIRALL+ /", [keepalive(), list("/a,/b")])
                    .exchange(
                        "DIR+ /",
                        [keepalive(), entry("/a"), keepalive(), entry("/b"), keepalive(), done()],
                    )
                    .exchange(
                        "DIR+ /",
                        [keepalive(), entry("/a"), keepalive(), entry("/b"), keepalive(), done()],
                    )
                    .exchange("PRESENCE+ /a", [keepalive(), rom_id(ID)])
                    .exchange("GET+ /a", [keepalive(), value("21")])
                    .stall(),
            )
            .call(Call::Ping, Outcome::Done)
            .call(Call::Read("/a"), gives("21"))
            .call(Call::Write("/a", "1"), Outcome::Count(1))
            .call(Call::Dir("/"), lists(&["/a", "/b"]))
            .call(Call::DirEach("/"), lists(&["/a", "/b"]))
            .call(Call::DirIter("/", 9), lists(&["/a", "/b"]))
            .call(Call::Present("/a"), Outcome::Bool(true))
            .call(Call::Get("/a"), gives("21")),
        Scenario::new("keepalives come between pipelined replies")
            .connection(
                Script::new()
                    .exchange("READ+ /a", [keepalive(), value("1")])
                    .expect_request("READ+ /b")
                    .expect_request("READ+ /c")
                    .reply([keepalive(), value("2"), keepalive(), value("3")])
                    .stall(),
            )
            .call(
                Call::ReadMany(vec!["/a", "/b", "/c"]),
                Outcome::Many(vec![gives("1"), gives("2"), gives("3")]),
            ),
        Scenario::new("every negative payload is a keepalive")
            .connection(
                Script::new()
                    .expect_request("READ+ /a")
                    .send(header_announcing(-7))
                    .send(header_announcing(i32::MIN))
                    .reply(value("21"))
                    .stall(),
            )
            .call(Call::Read("/a"), gives("21")),
        Scenario::new("keepalives restart the inactivity timeout")
            .connection(
                Script::new()
                    .expect_request("READ+ /a")
                    .pause_ms(1999)
                    .keepalive()
                    .pause_ms(1999)
                    .keepalive()
                    .pause_ms(1999)
                    .reply(value("21"))
                    .stall(),
            )
            .call(Call::Read("/a"), gives("21"))
            .takes_ms(5997)
            .in_virtual_time(),
        Scenario::new("entries restart the inactivity timeout")
            .connection(
                Script::new()
                    .expect_request("DIR+ /")
                    .pause_ms(1500)
                    .reply(entry("/a"))
                    .pause_ms(1500)
                    .reply(entry("/b"))
                    .pause_ms(1500)
                    .reply(done())
                    .stall(),
            )
            .call(Call::DirEach("/"), lists(&["/a", "/b"]))
            .takes_ms(4500)
            .in_virtual_time(),
        Scenario::new("each byte restarts the inactivity timeout")
            .connection(
                Script::new()
                    .expect_request("READ+ /a")
                    .send(vec![0; 7])
                    .pause_ms(1900)
                    .send([2])
                    .pause_ms(1900)
                    .send([0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0])
                    .pause_ms(1900)
                    .send(*b"21"),
            )
            .call(Call::Read("/a"), gives("21"))
            .takes_ms(5700)
            .in_virtual_time(),
        Scenario::new("the inactivity timeout ends a call 2 s after the last keepalive")
            .connection(Script::new().expect_request("READ+ /a").pause_ms(1500).keepalive().stall())
            .connection(Script::new().exchange("READ+ /b", value("b")).stall())
            .call(Call::Read("/a"), inactivity_timeout())
            .takes_ms(3500)
            .call(Call::Read("/b"), gives("b"))
            .in_virtual_time(),
    ]
}

fn persistence() -> Vec<Scenario> {
    vec![
        Scenario::new("persistence refused: each call opens a connection and asks for persistence")
            .connection(Script::new().exchange_nonpersistent("READ+ /a", value("1")))
            .connection(Script::new().exchange_nonpersistent("READ+ /b", value("2")))
            .connection(Script::new().exchange_nonpersistent("READ+ /c", server_error(1)))
            .connection(Script::new().exchange_nonpersistent("DIR+ /", entries(&["/a"])))
            .connection(Script::new().exchange_nonpersistent("WRITE+ /a=1", written(1)))
            .call(Call::Read("/a"), gives("1"))
            .call(Call::Read("/b"), gives("2"))
            .call(Call::Read("/c"), fails_with_code(1))
            .call(Call::DirIter("/", 9), lists(&["/a"]))
            .call(Call::Write("/a", "1"), Outcome::Count(1)),
        Scenario::new("persistence withdrawn: the next call opens a connection")
            .connection(
                Script::new().exchange("READ+ /a", value("1")).exchange_nonpersistent("READ+ /b", value("2")),
            )
            .connection(Script::new().exchange("READ+ /c", value("3")).stall())
            .call(Call::Read("/a"), gives("1"))
            .call(Call::Read("/b"), gives("2"))
            .call(Call::Read("/c"), gives("3")),
        Scenario::new("persistence granted to the second connection only")
            .connection(Script::new().exchange_nonpersistent("READ+ /a", value("1")))
            .connection(
                Script::new().exchange("READ+ /b", value("2")).exchange("READ+ /c", value("3")).stall(),
            )
            .call(Call::Read("/a"), gives("1"))
            .call(Call::Read("/b"), gives("2"))
            .call(Call::Read("/c"), gives("3")),
        Scenario::new("a keepalive does not withdraw persistence")
            .connection(
                Script::new()
                    .exchange("READ+ /a", [keepalive(), value("1")])
                    .exchange("READ+ /b", value("2"))
                    .stall(),
            )
            .call(Call::Read("/a"), gives("1"))
            .call(Call::Read("/b"), gives("2")),
        Scenario::new("the last frame of a listing decides about persistence")
            .connection(Script::new().expect_request("DIR+ /").reply(entry("/a")).reply_nonpersistent(done()))
            .connection(
                Script::new()
                    .expect_request("DIR+ /")
                    .reply_nonpersistent(entry("/a"))
                    .reply(done())
                    .exchange("NOP+", done())
                    .stall(),
            )
            .call(Call::DirEach("/"), lists(&["/a"]))
            .call(Call::DirEach("/"), lists(&["/a"]))
            .call(Call::Ping, Outcome::Done),
        Scenario::new("the client closes a connection for which it did not ask persistence")
            .client(|b| b.persistent(false))
            .connection(Script::new().expect_request("READ /a").reply(value("1")).stall())
            .connection(Script::new().expect_request("READ /b").reply(value("2")).stall())
            .call(Call::Read("/a"), gives("1"))
            .call(Call::Read("/b"), gives("2")),
    ]
}

fn stale_connections() -> Vec<Scenario> {
    vec![
        Scenario::new("a connection that was closed while idle is replaced")
            .connection(Script::new().exchange("READ+ /a", value("1")))
            .connection(Script::new().exchange("READ+ /b", value("2")).stall())
            .call(Call::Read("/a"), gives("1"))
            .call(Call::WaitUntilStale, Outcome::Done)
            .call(Call::Read("/b"), gives("2")),
        Scenario::new("a connection that was reset while idle is replaced")
            .connection(Script::new().exchange("READ+ /a", value("1")).reset())
            .connection(Script::new().exchange("DIR+ /", entries(&["/a"])).stall())
            .call(Call::Read("/a"), gives("1"))
            .call(Call::WaitUntilStale, Outcome::Done)
            .call(Call::DirIter("/", 9), lists(&["/a"])),
        Scenario::new("a connection that is closed after a request was sent is replaced")
            .connection(Script::new().exchange("READ+ /a", value("1")).expect_request("READ+ /b"))
            .connection(Script::new().exchange("READ+ /b", value("2")).expect_request("DIR+ /"))
            .connection(Script::new().exchange("DIR+ /", entries(&["/a"])).expect_request("DIR+ /"))
            .connection(Script::new().exchange("DIR+ /", entries(&["/a"])).expect_request("READ+ /c"))
            .connection(Script::new().exchange("READ+ /c", value("3")).stall())
            .call(Call::Read("/a"), gives("1"))
            .call(Call::Read("/b"), gives("2"))
            .call(Call::DirIter("/", 9), lists(&["/a"]))
            .call(Call::DirEach("/"), lists(&["/a"]))
            .call(Call::ReadMany(vec!["/c"]), Outcome::Many(vec![gives("3")])),
        Scenario::new("a connection that is reset after a request was sent is replaced")
            .connection(Script::new().exchange("READ+ /a", value("1")).expect_request("READ+ /b").reset())
            .connection(Script::new().exchange("READ+ /b", value("2")).stall())
            .call(Call::Read("/a"), gives("1"))
            .call(Call::Read("/b"), gives("2")),
        Scenario::new("a request is sent again only once")
            .connection(Script::new().exchange("READ+ /a", value("1")).expect_request("READ+ /b"))
            .connection(Script::new().expect_request("READ+ /b"))
            .connection(Script::new().exchange("READ+ /b", value("2")).stall())
            .call(Call::Read("/a"), gives("1"))
            .call(Call::Read("/b"), fails_with(ConnectionError::Closed))
            .call(Call::Read("/b"), gives("2")),
        Scenario::new("a new connection that is closed without a reply is an error")
            .connection(Script::new().expect_request("READ+ /a"))
            .connection(Script::new().exchange("READ+ /a", value("1")).stall())
            .call(Call::Read("/a"), fails_with(ConnectionError::Closed))
            .call(Call::Read("/a"), gives("1")),
        Scenario::new("an idle connection that is not stale is used again")
            .connection(
                Script::new()
                    .exchange("READ+ /a", value("1"))
                    .exchange("READ+ /b", value("2"))
                    .exchange("WRITE+ /b=3", written(1))
                    .expect_request("DIR+ /")
                    .pause_ms(20)
                    .reply(entries(&["/a"]))
                    .exchange("READ+ /c", value("3"))
                    .stall(),
            )
            .call(Call::Read("/a"), gives("1"))
            .call(Call::PassTime, Outcome::Done)
            .call(Call::Read("/b"), gives("2"))
            .call(Call::PassTime, Outcome::Done)
            .call(Call::Write("/b", "3"), Outcome::Count(1))
            .call(Call::PassTime, Outcome::Done)
            .call(Call::DirIter("/", 9), lists(&["/a"]))
            .takes_ms(20)
            .call(Call::PassTime, Outcome::Done)
            .call(Call::ReadMany(vec!["/c"]), Outcome::Many(vec![gives("3")])),
        Scenario::new("bytes that arrived while the connection was idle are not a reply")
            .connection(Script::new().exchange("READ+ /a", value("1")).reply(value("stray")).stall())
            .connection(Script::new().exchange("READ+ /b", value("2")).reply(value("stray")).stall())
            .connection(Script::new().exchange("DIR+ /", entries(&["/a"])).reply(value("stray")).stall())
            .connection(Script::new().exchange("READ+ /c", value("3")).reply(value("stray")).stall())
            .connection(Script::new().exchange("WRITE+ /d=4", written(1)).stall())
            .call(Call::Read("/a"), gives("1"))
            .call(Call::WaitUntilStale, Outcome::Done)
            .call(Call::Read("/b"), gives("2"))
            .call(Call::WaitUntilStale, Outcome::Done)
            .call(Call::DirIter("/", 9), lists(&["/a"]))
            .call(Call::WaitUntilStale, Outcome::Done)
            .call(Call::ReadMany(vec!["/c"]), Outcome::Many(vec![gives("3")]))
            .call(Call::WaitUntilStale, Outcome::Done)
            .call(Call::Write("/d", "4"), Outcome::Count(1)),
    ]
}

fn writes() -> Vec<Scenario> {
    vec![
        Scenario::new("a write is not sent over a connection that is known to be closed")
            .connection(Script::new().exchange("READ+ /a", value("1")))
            .connection(Script::new().exchange("WRITE+ /a=2", written(1)).stall())
            .call(Call::Read("/a"), gives("1"))
            .call(Call::WaitUntilStale, Outcome::Done)
            .call(Call::Write("/a", "2"), Outcome::Count(1)),
        Scenario::new("a write without a reply is not sent again")
            .connection(Script::new().exchange("READ+ /a", value("1")).expect_request("WRITE+ /a=2"))
            .connection(Script::new().exchange("READ+ /a", value("2")).stall())
            .call(Call::Read("/a"), gives("1"))
            .call(Call::Write("/a", "2"), fails_with(ConnectionError::Stale))
            .call(Call::Read("/a"), gives("2")),
        Scenario::new("neither a write that was reset nor an unknown message type is sent again")
            .connection(Script::new().exchange("READ+ /a", value("1")).expect_request("WRITE+ /a=2").reset())
            .connection(Script::new().exchange("READ+ /a", value("2")).expect_request("type 77+ /a").reset())
            .connection(Script::new().exchange("READ+ /a", value("2")).stall())
            .call(Call::Read("/a"), gives("1"))
            .call(Call::Write("/a", "2"), fails_with(ConnectionError::Stale))
            .call(Call::Read("/a"), gives("2"))
            .call(Call::SendMessage(MessageType(77), "/a"), fails_with(ConnectionError::Stale))
            .call(Call::Read("/a"), gives("2")),
        Scenario::new("a write returns how many bytes the server took")
            .connection(
                Script::new()
                    .exchange("WRITE+ /a=123456", written(4))
                    .exchange("WRITE+ /a=1", written(-1))
                    .stall(),
            )
            .call(Call::Write("/a", "123456"), Outcome::Count(4))
            .call(Call::Write("/a", "1"), Outcome::Count(0)),
    ]
}

fn broken_peers() -> Vec<Scenario> {
    let version = |text: [u8; 4]| {
        fails_with(ConnectionError::Decode(DecodeError::UnexpectedVersion {
            version: Version(i32::from_be_bytes(text)),
        }))
    };
    let too_large = |announced, limit| {
        fails_with(ConnectionError::Decode(DecodeError::PayloadTooLarge { announced, limit }))
    };
    vec![
        Scenario::new("the connection closes within a header")
            .connection(Script::new().expect_request("READ+ /a").send(&header_announcing(2)[..12]))
            .connection(Script::new().exchange("READ+ /b", value("b")).stall())
            .call(Call::Read("/a"), fails_with(ConnectionError::Truncated))
            .call(Call::Read("/b"), gives("b")),
        Scenario::new("a connection that had worked closes within a payload")
            .connection(
                Script::new()
                    .exchange("NOP+", done())
                    .expect_request("READ+ /a")
                    .send(header_announcing(2))
                    .send(*b"2"),
            )
            .connection(Script::new().exchange("READ+ /b", value("b")).stall())
            .call(Call::Ping, Outcome::Done)
            .call(Call::Read("/a"), fails_with(ConnectionError::Truncated))
            .call(Call::Read("/b"), gives("b")),
        Scenario::new("the connection closes after a keepalive")
            .connection(Script::new().expect_request("READ+ /a").keepalive())
            .connection(Script::new().exchange("READ+ /b", value("b")).stall())
            .call(Call::Read("/a"), fails_with(ConnectionError::Truncated))
            .call(Call::Read("/b"), gives("b")),
        Scenario::new("the connection closes within a listing")
            .connection(Script::new().expect_request("DIR+ /").reply([entry("/a"), entry("/b")]))
            .connection(Script::new().expect_request("DIRALL+ /").send(header_announcing(6)).send(*b"/a,"))
            .connection(Script::new().expect_request("DIR+ /").reply([entry("/a")]))
            .connection(Script::new().exchange("READ+ /b", value("b")).stall())
            .call(
                Call::DirEach("/"),
                Outcome::Many(vec![lists(&["/a", "/b"]), fails_with(ConnectionError::Truncated)]),
            )
            .call(Call::Dir("/"), fails_with(ConnectionError::Truncated))
            .call(
                Call::DirIter("/", 9),
                Outcome::Many(vec![lists(&["/a"]), fails_with(ConnectionError::Truncated)]),
            )
            .call(Call::Read("/b"), gives("b")),
        Scenario::new("the server is not an owserver")
            .connection(
                Script::new().expect_request("READ+ /a").send(*b"HTTP/1.1 400 Bad Request\r\n\r\n").stall(),
            )
            .connection(
                Script::new()
                    .expect_request("DIRALL+ /")
                    .send(*b"SSH-2.0-OpenSSH_9.2p1\r\n and so on")
                    .stall(),
            )
            .connection(Script::new().exchange("READ+ /b", value("b")).stall())
            .call(Call::Read("/a"), version(*b"HTTP"))
            .call(Call::Dir("/"), version(*b"SSH-"))
            .call(Call::Read("/b"), gives("b")),
        Scenario::new("a payload over the limit is refused at its header")
            .connection(Script::new().expect_request("READ+ /a").send(header_announcing(65537)).stall())
            .connection(Script::new().expect_request("GET+ /a").send(header_announcing(i32::MAX)).stall())
            .connection(
                Script::new()
                    .expect_request("DIR+ /")
                    .reply(entry("/a"))
                    .send(header_announcing(70000))
                    .stall(),
            )
            .connection(
                Script::new().expect_request("DIRALL+ /").send(header_announcing((16 << 20) + 1)).stall(),
            )
            .connection(Script::new().exchange("READ+ /b", value("b".repeat(65536))).stall())
            .call(Call::Read("/a"), too_large(65537, 65536))
            .call(Call::Get("/a"), too_large(0x7fff_ffff, 65536))
            .call(Call::DirEach("/"), Outcome::Many(vec![lists(&["/a"]), too_large(70000, 65536)]))
            .call(Call::Dir("/"), too_large((16 << 20) + 1, 16 << 20))
            .call(Call::Read("/b"), gives(&"b".repeat(65536))),
        Scenario::new("limits set by the caller")
            .client(|b| b.payload_limit(4).list_limit(8))
            .connection(Script::new().expect_request("READ+ /a").send(header_announcing(5)).stall())
            .connection(
                Script::new()
                    .exchange("READ+ /a", value("1234"))
                    .exchange("DIRALL+ /", list("/a,/bcd"))
                    .expect_request("DIRALL+ /")
                    .send(header_announcing(9))
                    .stall(),
            )
            .call(Call::Read("/a"), too_large(5, 4))
            .call(Call::Read("/a"), gives("1234"))
            .call(Call::Dir("/"), lists(&["/a", "/bcd"]))
            .call(Call::Dir("/"), too_large(9, 8)),
        Scenario::new("a streamed listing over the limit is refused")
            .client(|b| b.list_limit(9))
            .connection(Script::new().expect_request("DIR+ /").reply(entries(&["/a", "/b", "/c"])).stall())
            .connection(Script::new().expect_request("DIR+ /").reply(vec![entry("/a"); 4]).stall())
            .call(Call::DirEach("/"), lists(&["/a", "/b", "/c"]))
            .call(Call::CloseConnection, Outcome::Done)
            .call(
                Call::DirEach("/"),
                Outcome::Many(vec![lists(&["/a", "/a", "/a", "/a"]), too_large(12, 9)]),
            ),
        Scenario::new("bytes after a reply: the reply counts, and the connection is not used again")
            .connection(Script::new().expect_request("READ+ /a").reply([value("1"), value("stray")]).stall())
            .connection(Script::new().exchange("READ+ /b", value("2")).stall())
            .call(Call::Read("/a"), gives("1"))
            .call(Call::WaitUntilStale, Outcome::Done)
            .call(Call::Read("/b"), gives("2")),
        Scenario::new("bytes after the last of many replies: the connection is not used again")
            .connection(Script::new().expect_request("READ+ /a").reply([value("1"), value("stray")]).stall())
            .connection(Script::new().exchange("READ+ /b", value("2")).stall())
            .call(Call::ReadMany(vec!["/a"]), Outcome::Many(vec![gives("1")]))
            .call(Call::WaitUntilStale, Outcome::Done)
            .call(Call::ReadMany(vec!["/b"]), Outcome::Many(vec![gives("2")])),
    ]
}

fn timeouts() -> Vec<Scenario> {
    vec![
        Scenario::new("a silent server ends every call at the inactivity timeout")
            .client(|b| b.inactivity_timeout(SHORT))
            .connection(Script::new().expect_request("READ+ /a").stall())
            .connection(
                Script::new()
                    .exchange("READ+ /b", value("b"))
                    .expect_request("DIR+ /")
                    .reply(entry("/a"))
                    .stall(),
            )
            .connection(Script::new().expect_request("DIR+ /").stall())
            .connection(Script::new().expect_request("WRITE+ /a=1").stall())
            .connection(
                Script::new().expect_request("READ+ /a").send(header_announcing(4)).send(*b"21").stall(),
            )
            .connection(Script::new().exchange("READ+ /b", value("b")).stall())
            .call(Call::Read("/a"), inactivity_timeout())
            .takes_ms(700)
            .call(Call::Read("/b"), gives("b"))
            .call(Call::DirEach("/"), Outcome::Many(vec![lists(&["/a"]), inactivity_timeout()]))
            .takes_ms(700)
            .call(Call::DirIter("/", 1), inactivity_timeout())
            .takes_ms(700)
            .call(Call::Write("/a", "1"), inactivity_timeout())
            .takes_ms(700)
            .call(Call::Read("/a"), inactivity_timeout())
            .takes_ms(700)
            .call(Call::Read("/b"), gives("b")),
        Scenario::new("a request sent again has the same inactivity timeout")
            .client(|b| b.inactivity_timeout(SHORT))
            .connection(Script::new().exchange("READ+ /a", value("1")).expect_request("READ+ /b"))
            .connection(Script::new().expect_request("READ+ /b").stall())
            .call(Call::Read("/a"), gives("1"))
            .call(Call::Read("/b"), inactivity_timeout())
            .takes_ms(700),
        Scenario::new("a reply after the timeout is not matched to another request")
            .client(|b| b.inactivity_timeout(SHORT))
            .connection(Script::new().expect_request("READ+ /a").pause_ms(1000).reply(value("late")).stall())
            .connection(
                Script::new()
                    .expect_request("READ+ /b")
                    .pause_ms(400)
                    .reply(value("b"))
                    .exchange("READ+ /c", value("c"))
                    .stall(),
            )
            .call(Call::Read("/a"), inactivity_timeout())
            .takes_ms(700)
            .call(Call::Read("/b"), gives("b"))
            .takes_ms(400)
            .call(Call::Read("/c"), gives("c")),
        Scenario::new("keepalives do not extend the total timeout")
            .connection(
                Script::new()
                    .expect_request("READ+ /a")
                    .pause_ms(300)
                    .keepalive()
                    .pause_ms(300)
                    .keepalive()
                    .stall(),
            )
            .connection(Script::new().exchange("READ+ /b", value("b")).stall())
            .call_via(Via::WithTimeout(700), Call::Read("/a"), total_timeout())
            .takes_ms(700)
            .call(Call::Read("/b"), gives("b")),
        Scenario::new("a call with a timeout of its own")
            .connection(Script::new().expect_request("READ+ /a").stall())
            .connection(Script::new().expect_request("READ+ /b").pause_ms(1000).reply(value("b")).stall())
            .call_via(Via::WithTimeout(700), Call::Read("/a"), total_timeout())
            .takes_ms(700)
            .call(Call::Read("/b"), gives("b"))
            .takes_ms(1000),
        Scenario::new("a timeout of zero is no limit")
            .client(|b| b.total_timeout(SHORT))
            .connection(Script::new().expect_request("READ+ /a").pause_ms(1000).reply(value("1")).stall())
            .call_via(Via::WithTimeout(0), Call::Read("/a"), gives("1"))
            .takes_ms(1000),
        Scenario::new("a reply just before the total timeout counts, and one after it does not")
            .client(|b| b.total_timeout(Duration::from_secs(3)))
            .connection(
                Script::new()
                    .expect_request("READ+ /a")
                    .pause_ms(1999)
                    .keepalive()
                    .pause_ms(1000)
                    .reply(value("1"))
                    .stall(),
            )
            .connection(
                Script::new()
                    .expect_request("READ+ /a")
                    .pause_ms(1999)
                    .keepalive()
                    .pause_ms(1001)
                    .reply(value("1"))
                    .stall(),
            )
            .call(Call::Read("/a"), gives("1"))
            .takes_ms(2999)
            .call(Call::CloseConnection, Outcome::Done)
            .call(Call::Read("/a"), total_timeout())
            .takes_ms(3000)
            .in_virtual_time(),
        Scenario::new("the total timeout includes sending a request again")
            .client(|b| b.total_timeout(Duration::from_secs(3)))
            .connection(
                Script::new().exchange("READ+ /a", value("1")).expect_request("READ+ /b").pause_ms(1500),
            )
            .connection(
                Script::new()
                    .expect_request("READ+ /b")
                    .pause_ms(1000)
                    .keepalive()
                    .pause_ms(1000)
                    .reply(value("2"))
                    .stall(),
            )
            .call(Call::Read("/a"), gives("1"))
            .call(Call::Read("/b"), total_timeout())
            .takes_ms(3000)
            .in_virtual_time(),
        Scenario::new("a server that no longer reads")
            .connection(Script::new().zero_window())
            .connection(Script::new().zero_window())
            .call(Call::Write("/a", "1"), inactivity_timeout())
            .takes_ms(2000)
            .call_via(Via::WithTimeout(500), Call::Write("/a", "1"), total_timeout())
            .takes_ms(500)
            .in_virtual_time(),
        Scenario::new("without timeouts a call waits for more than a day")
            .client(|b| b.inactivity_timeout(Duration::ZERO))
            .connection(
                Script::new().expect_request("READ+ /a").pause_ms(100_000_000).reply(value("1")).stall(),
            )
            .call(Call::Read("/a"), gives("1"))
            .takes_ms(100_000_000)
            .in_virtual_time(),
    ]
}

fn fall_backs() -> Vec<Scenario> {
    vec![
        Scenario::new("DIRALL refused: the client sends DIR, and remembers it")
            .connection(
                Script::new()
                    .exchange("DIRALL+ /", server_error(42))
                    .exchange("DIR+ /", entries(&["/a", "/b"]))
                    .exchange("DIR+ /a", entries(&["/a/x"]))
                    .exchange("GET+ /", server_error(42))
                    .exchange("READ+ /", server_error(21))
                    .exchange("DIR+ /", entries(&["/a"]))
                    .stall(),
            )
            .call(Call::Dir("/"), lists(&["/a", "/b"]))
            .call(Call::Dir("/a"), lists(&["/a/x"]))
            .call_via(Via::Clone, Call::Get("/"), lists(&["/a"])),
        Scenario::new("DIRALL refused without persistence")
            .client(|b| b.persistent(false))
            .connection(Script::new().exchange_nonpersistent("DIRALL /", server_error(42)))
            .connection(Script::new().exchange_nonpersistent("DIR /", entries(&["/a", "/b"])))
            .connection(Script::new().exchange_nonpersistent("DIR /a", entries(&["/a/x"])))
            .connection(Script::new().exchange_nonpersistent("DIR+ /a", entries(&["/a/x"])))
            .call(Call::Dir("/"), lists(&["/a", "/b"]))
            .call(Call::Dir("/a"), lists(&["/a/x"]))
            .call_via(Via::Persistent, Call::Dir("/a"), lists(&["/a/x"])),
        Scenario::new("DIRALLSLASH refused: the client finds directories by listing them")
            .connection(
                Script::new()
                    .exchange("DIRALLSLASH+ /", server_error(42))
                    .exchange("DIR+ /", entries(&["/10.67C6697351FF", "/settings"]))
                    .exchange(
                        "DIR+ /29.67C6697351FF",
                        entries(&["/29.67C6697351FF/set", "/29.67C6697351FF/PIO.0"]),
                    )
                    .exchange("DIR+ /29.67C6697351FF/set", entries(&["/29.67C6697351FF/set/x"]))
                    .exchange("DIR+ /29.67C6697351FF/PIO.0", server_error(20))
                    .stall(),
            )
            .call(Call::DirWith("/", DirOptions::new().slash()), lists(&["/10.67C6697351FF/", "/settings/"]))
            .call(
                Call::DirWith("/29.67C6697351FF", DirOptions::new().slash()),
                lists(&["/29.67C6697351FF/set/", "/29.67C6697351FF/PIO.0"]),
            ),
        Scenario::new("GET refused: the client sends READ, then lists")
            .connection(
                Script::new()
                    .exchange("GET+ /a", server_error(42))
                    .exchange("READ+ /a", value("21"))
                    .exchange("READ+ /", server_error(21))
                    .exchange("DIRALL+ /", list("/a"))
                    .exchange("READ+ /x", server_error(1))
                    .stall(),
            )
            .call(Call::Get("/a"), gives("21"))
            .call(Call::Get("/"), lists(&["/a"]))
            .call(Call::Get("/x"), fails_with_code(1)),
        Scenario::new("-42 in reply to another message type is an error")
            .connection(
                Script::new()
                    .exchange("READ+ /a", server_error(42))
                    .exchange("DIR+ /", server_error(42))
                    .stall(),
            )
            .call(Call::Read("/a"), fails_with_code(42))
            .call(Call::DirEach("/"), Outcome::Many(vec![lists(&[]), fails_with_code(42)])),
        Scenario::new("another error in reply to DIRALL is not a refusal")
            .connection(
                Script::new()
                    .exchange("DIRALL+ /a", server_error(20))
                    .exchange("DIRALL+ /", list("/a"))
                    .stall(),
            )
            .call(Call::Dir("/a"), fails_with_code(20))
            .call(Call::Dir("/"), lists(&["/a"])),
    ]
}

fn listings() -> Vec<Scenario> {
    vec![
        Scenario::new("an error after some entries of a listing")
            .connection(
                Script::new()
                    .expect_request("DIR+ /")
                    .reply([entry("/a"), entry("/b"), server_error(5)])
                    .expect_request("DIR+ /")
                    .reply([entry("/a"), entry("/b"), server_error(5)])
                    .expect_request("DIR+ /")
                    .reply([entry("/a"), server_error(5)])
                    .stall(),
            )
            .call(Call::DirEach("/"), Outcome::Many(vec![lists(&["/a", "/b"]), fails_with_code(5)]))
            .call(Call::DirIter("/", 9), Outcome::Many(vec![lists(&["/a", "/b"]), fails_with_code(5)]))
            .call(Call::DirWith("/", DirOptions::new().streamed()), fails_with_code(5)),
        Scenario::new("empty directories")
            .connection(
                Script::new()
                    .exchange("DIRALL+ /alarm", done())
                    .exchange("DIRALL+ /alarm", list(""))
                    .exchange("DIR+ /alarm", done())
                    .exchange("DIR+ /alarm", done())
                    .exchange("DIRALLSLASH+ /alarm", done())
                    .stall(),
            )
            .call(Call::Dir("/alarm"), lists(&[]))
            .call(Call::Dir("/alarm"), lists(&[]))
            .call(Call::DirEach("/alarm"), lists(&[]))
            .call(Call::DirIter("/alarm", 9), lists(&[]))
            .call(Call::DirWith("/alarm", DirOptions::new().slash()), lists(&[])),
        Scenario::new("an empty reply to GET: READ shows whether it is a value")
            .connection(
                Script::new()
                    .exchange("GET+ /alarm", done())
                    .exchange("READ+ /alarm", server_error(21))
                    .exchange("DIRALL+ /alarm", done())
                    .exchange("GET+ /a/alias", done())
                    .exchange("READ+ /a/alias", value(""))
                    .stall(),
            )
            .call(Call::Get("/alarm"), lists(&[]))
            .call(Call::Get("/a/alias"), gives("")),
        Scenario::new("commas in aliases do not split entries")
            .connection(
                Script::new()
                    .exchange("DIRALL+ /", list("/cellar, left,/b,,/c"))
                    .exchange("DIR+ /", entries(&["/cellar, left", "/b,", "/c"]))
                    .exchange("GET+ /", list("/cellar, left,/b,,/c"))
                    .stall(),
            )
            .call(Call::Dir("/"), lists(&["/cellar, left", "/b,", "/c"]))
            .call(Call::DirEach("/"), lists(&["/cellar, left", "/b,", "/c"]))
            .call(Call::Get("/"), lists(&["/cellar, left", "/b,", "/c"])),
        Scenario::new("a directory whose alias ends with a comma is listed by DIR")
            .connection(
                Script::new()
                    .exchange("DIR+ /b,", entries(&["/b,/x", "/b,/y"]))
                    .exchange("DIR+ /b,/x", entries(&["/b,/x/1"]))
                    .exchange("READ+ /b,", server_error(21))
                    .exchange("DIR+ /b,", entries(&["/b,/x", "/b,/y"]))
                    .exchange("DIR+ /b,", entries(&["/b,/alias"]))
                    .exchange("DIR+ /b,/alias", server_error(20))
                    .exchange("DIRALL+ /b,c", list("/b,c/x,/b,c/y"))
                    .stall(),
            )
            .call(Call::Dir("/b,"), lists(&["/b,/x", "/b,/y"]))
            .call(Call::Dir("/b,/x"), lists(&["/b,/x/1"]))
            .call(Call::Get("/b,"), lists(&["/b,/x", "/b,/y"]))
            .call(Call::DirWith("/b,", DirOptions::new().slash()), lists(&["/b,/alias"]))
            .call(Call::Dir("/b,c"), lists(&["/b,c/x", "/b,c/y"])),
        Scenario::new("dropping an unfinished listing closes its connection")
            .connection(Script::new().expect_request("DIR+ /").reply([entry("/a"), entry("/b")]).stall())
            .connection(
                Script::new()
                    .exchange("READ+ /a", value("1"))
                    .expect_request("DIR+ /")
                    .reply([entry("/a")])
                    .stall(),
            )
            .connection(Script::new().exchange("READ+ /b", value("2")).stall())
            .call(Call::DirIter("/", 1), lists(&["/a"]))
            .call(Call::Read("/a"), gives("1"))
            .call(Call::DirIter("/", 1), lists(&["/a"]))
            .call(Call::Read("/b"), gives("2")),
        Scenario::new("calls while a listing is in progress")
            .client(|b| b.connections(1))
            .connection(
                Script::new()
                    .exchange("NOP+", done())
                    .expect_request("DIR+ /")
                    .reply(entry("/a"))
                    .pause_ms(300)
                    .reply(entries(&["/b"]))
                    .stall(),
            )
            .connection(
                Script::new()
                    .exchange("READ+ /a", value("1"))
                    .exchange("READ+ /b", value("2"))
                    .exchange("READ+ /c", value("3"))
                    .stall(),
            )
            .call(Call::Ping, Outcome::Done)
            .call(Call::ReadDuringListing("/"), Outcome::Many(vec![gives("1"), gives("2")]))
            .takes_ms(300)
            .call(Call::Read("/c"), gives("3")),
    ]
}

fn many_reads() -> Vec<Scenario> {
    let many = |values: &[&str]| Outcome::Many(values.iter().map(|value| gives(value)).collect());
    let not_tried = || fails(Failure::NotTried);
    vec![
        Scenario::new("reading no paths needs no connection")
            .call(Call::ReadMany(vec![]), Outcome::Many(vec![])),
        Scenario::new("many reads are pipelined")
            .connection(
                Script::new()
                    .exchange("READ+ /a", value("1"))
                    .expect_request("READ+ /b")
                    .expect_request("READ+ /c")
                    .expect_request("READ+ /d")
                    .reply([value("2"), server_error(1), value("")])
                    // On an open connection the first one is pipelined too.
                    .expect_request("READ+ /a")
                    .expect_request("READ+ /b")
                    .reply([value("1"), value("2")])
                    .exchange("READ+ /c", value("3"))
                    .stall(),
            )
            .call(
                Call::ReadMany(vec!["/a", "/b", "/c", "/d"]),
                Outcome::Many(vec![gives("1"), gives("2"), fails_with_code(1), gives("")]),
            )
            .call(Call::ReadMany(vec!["/a", "/b"]), many(&["1", "2"]))
            .call(Call::Read("/c"), gives("3")),
        Scenario::new("an invalid path does not affect the other reads")
            .connection(
                Script::new().exchange("READ+ /a", value("1")).exchange("READ+ /b", value("2")).stall(),
            )
            .call(
                Call::ReadMany(vec!["/\0", "/a", "/\0", "/b"]),
                Outcome::Many(vec![fails(Failure::Request), gives("1"), fails(Failure::Request), gives("2")]),
            ),
        Scenario::new("closed between many replies: the rest is read over a new connection")
            .connection(
                Script::new()
                    .exchange("READ+ /a", value("1"))
                    .expect_request("READ+ /b")
                    .expect_request("READ+ /c")
                    .reply(value("2")),
            )
            .connection(Script::new().exchange("READ+ /c", value("3")).stall())
            .call(Call::ReadMany(vec!["/a", "/b", "/c"]), many(&["1", "2", "3"])),
        Scenario::new("closed within one of many values: it is read again over a new connection")
            .connection(
                Script::new()
                    .exchange("READ+ /a", value("1"))
                    .expect_request("READ+ /b")
                    .expect_request("READ+ /c")
                    .send(header_announcing(2)),
            )
            .connection(
                Script::new()
                    .exchange("READ+ /b", value("2"))
                    .expect_request("READ+ /c")
                    .reply(value("3"))
                    .stall(),
            )
            .call(Call::ReadMany(vec!["/a", "/b", "/c"]), many(&["1", "2", "3"])),
        Scenario::new("a read that ends two connections fails, and the others go on")
            .connection(
                Script::new()
                    .exchange("READ+ /a", value("1"))
                    .expect_request("READ+ /b")
                    .expect_request("READ+ /c"),
            )
            .connection(Script::new().expect_request("READ+ /b"))
            .connection(Script::new().exchange("READ+ /c", value("3")).stall())
            .call(
                Call::ReadMany(vec!["/a", "/b", "/c"]),
                Outcome::Many(vec![gives("1"), fails_with(ConnectionError::Closed), gives("3")]),
            ),
        Scenario::new("persistence refused: many reads use a connection each")
            .connection(Script::new().exchange_nonpersistent("READ+ /a", value("1")))
            .connection(Script::new().exchange_nonpersistent("READ+ /b", value("2")))
            .connection(Script::new().exchange_nonpersistent("READ+ /c", value("3")))
            .call(Call::ReadMany(vec!["/a", "/b", "/c"]), many(&["1", "2", "3"])),
        Scenario::new("persistence withdrawn during many reads")
            .connection(
                Script::new()
                    .exchange("READ+ /a", value("1"))
                    .expect_request("READ+ /b")
                    .expect_request("READ+ /c")
                    .reply_nonpersistent(value("2")),
            )
            .connection(Script::new().exchange_nonpersistent("READ+ /c", value("3")))
            .call(Call::ReadMany(vec!["/a", "/b", "/c"]), many(&["1", "2", "3"])),
        Scenario::new("a stale connection fails none of many reads")
            .connection(
                Script::new().exchange("NOP+", done()).expect_request("READ+ /a").expect_request("READ+ /b"),
            )
            .connection(
                Script::new()
                    .exchange("READ+ /a", value("1"))
                    .expect_request("READ+ /b")
                    .reply(value("2"))
                    .stall(),
            )
            .call(Call::Ping, Outcome::Done)
            .call(Call::ReadMany(vec!["/a", "/b"]), many(&["1", "2"])),
        Scenario::new("silence during many reads: the later ones are not tried")
            .client(|b| b.inactivity_timeout(SHORT))
            .connection(
                Script::new()
                    .exchange("READ+ /a", value("1"))
                    .expect_request("READ+ /b")
                    .expect_request("READ+ /c")
                    .stall(),
            )
            .connection(Script::new().exchange("READ+ /d", value("4")).stall())
            .call(
                Call::ReadMany(vec!["/a", "/b", "/c"]),
                Outcome::Many(vec![gives("1"), inactivity_timeout(), not_tried()]),
            )
            .takes_ms(700)
            .call(Call::Read("/d"), gives("4")),
        Scenario::new("no server listens")
            .call(
                Call::ReadMany(vec!["/a", "/\0", "/c"]),
                Outcome::Many(vec![fails(Failure::Connect), fails(Failure::Request), not_tried()]),
            )
            .call(Call::Read("/a"), fails(Failure::Connect))
            .call(Call::Write("/a", "1"), fails(Failure::Connect))
            .call(Call::DirIter("/", 1), fails(Failure::Connect))
            // In real time, the peer may listen for a moment longer.
            .in_virtual_time(),
        Scenario::new("the server is gone during many reads")
            .connection(
                Script::new()
                    .exchange("READ+ /a", value("1"))
                    .expect_request("READ+ /b")
                    .expect_request("READ+ /c"),
            )
            .call(
                Call::ReadMany(vec!["/a", "/b", "/c"]),
                Outcome::Many(vec![gives("1"), fails(Failure::Connect), not_tried()]),
            )
            .in_virtual_time(),
        Scenario::new("many reads of a non-persistent client share one connection and close it")
            .client(|b| b.persistent(false))
            .connection(
                Script::new().exchange("READ+ /a", value("1")).exchange("READ+ /b", value("2")).stall(),
            )
            .connection(Script::new().exchange_nonpersistent("READ /c", value("3")))
            .call(Call::ReadMany(vec!["/a", "/b"]), many(&["1", "2"]))
            .call(Call::Read("/c"), gives("3")),
    ]
}

fn variants() -> Vec<Scenario> {
    vec![
        Scenario::new("clones share a connection")
            .connection(
                Script::new()
                    .exchange("READ+ /a", value("1"))
                    .exchange("READ+ /b", value("2"))
                    .exchange("READ+ /c", value("3"))
                    .exchange("READ+ /d", value("4"))
                    .stall(),
            )
            .call(Call::Read("/a"), gives("1"))
            .call_via(Via::Clone, Call::Read("/b"), gives("2"))
            .call_via(Via::WithTimeout(60_000), Call::Read("/c"), gives("3"))
            .call_via(Via::Persistent, Call::Read("/d"), gives("4")),
        Scenario::new("a non-persistent clone does not use the persistent connection")
            .connection(
                Script::new().exchange("READ+ /a", value("1")).exchange("READ+ /c", value("3")).stall(),
            )
            .connection(Script::new().exchange_nonpersistent("READ /b", value("2")))
            .call(Call::Read("/a"), gives("1"))
            .call_via(Via::NonPersistent, Call::Read("/b"), gives("2"))
            .call(Call::Read("/c"), gives("3")),
        Scenario::new("close_connection closes the idle connection")
            .connection(Script::new().exchange("READ+ /a", value("1")).stall())
            .connection(Script::new().exchange("READ+ /b", value("2")).stall())
            .call(Call::CloseConnection, Outcome::Done)
            .call(Call::Read("/a"), gives("1"))
            .call(Call::CloseConnection, Outcome::Done)
            .call(Call::CloseConnection, Outcome::Done)
            .call(Call::Read("/b"), gives("2")),
    ]
}

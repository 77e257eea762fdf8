//! The scenarios.

use std::time::Duration;

use owproto_core::DecodeError;
use owproto_core::client::ConnectionError;
use owproto_core::wire::{MessageType, Version};

use super::scenario::*;
use crate::DirOptions;

const ID: [u8; 8] = [0x10, 0x67, 0xc6, 0x69, 0x73, 0x51, 0xff, 0x8d];

/// Short enough for tests that wait for it, long enough for a machine that is busy with other things.
const SHORT: Duration = Duration::from_millis(700);

fn p() -> Peer {
    Peer::new()
}

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
            .peer(
                p().keeps_after("NOP+", done())
                    .keeps_after("PRESENCE+ /a", rom_id(ID))
                    .keeps_after("PRESENCE+ /b", says_no(1))
                    .keeps_after("PRESENCE+ /a", rom_id(ID))
                    .keeps_after("PRESENCE+ /settings", rom_id([0; 8]))
                    .keeps_after("PRESENCE+ /b", says_no(1))
                    .keeps_after("READ+ /a/temperature", value("       21.25"))
                    .keeps_after("READ+ /a/temperature [3] @9", value(".25"))
                    .keeps_after("READ+ /a/temperature [100]", value("       21.25"))
                    .keeps_after("READ+ /a/temperature", value("       21.25"))
                    .keeps_after("WRITE+ /a/PIO=1", took(1))
                    .keeps_after("WRITE+ /a/memory=xyz @7", took(3))
                    .keeps_after("DIRALL+ /", list("/a,/b"))
                    .keeps_after("DIRALLSLASH+ (bus) /", list("/a/,/bus.0/"))
                    .keeps_after("DIR+ (bus) /", entries(&["/a", "/bus.0"]))
                    .keeps_after("DIR+ /", entries(&["/a", "/b"]))
                    .keeps_after("DIR+ /", entries(&["/a", "/b"]))
                    .keeps_after("GET+ /", list("/a,/b"))
                    .keeps_after("GET+ /a/type", value("DS18S20"))
                    .takes("READ+ /x [100]")
                    .keeps(says_no(1))
                    .falls_silent(),
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
                Call::Send(MessageType::READ, "/x"),
                Outcome::Raw { ret: -1, size: 0, payload: String::new() },
            ),
        Scenario::new("each call of a non-persistent client has a connection")
            .client(|b| b.persistent(false))
            .peer(p().ends_after("NOP", done()))
            .peer(p().ends_after("READ /a", value("21")))
            .peer(p().ends_after("WRITE /a=22", took(2)))
            .peer(p().ends_after("DIRALL /", list("/a")))
            .peer(p().ends_after("DIR /", entries(&["/a"])))
            .peer(p().ends_after("PRESENCE /a", rom_id(ID)))
            .peer(p().ends_after("GET /a", value("22")))
            .peer(p().ends_after("READ /b", says_no(1)))
            .call(Call::Ping, Outcome::Done)
            .call(Call::Read("/a"), gives("21"))
            .call(Call::Write("/a", "22"), Outcome::Count(2))
            .call(Call::Dir("/"), lists(&["/a"]))
            .call(Call::DirIter("/", 9), lists(&["/a"]))
            .call(Call::Present("/a"), Outcome::Bool(true))
            .call(Call::Get("/a"), gives("22"))
            .call(Call::Read("/b"), refused(1)),
        Scenario::new("a server's error is an answer, and keeps the connection")
            .peer(
                p().keeps_after("READ+ /x", says_no(1))
                    .keeps_after("PRESENCE+ /x", says_no(5))
                    .keeps_after("WRITE+ /x=1", says_no(30))
                    .keeps_after("DIRALL+ /x", says_no(20))
                    .keeps_after("READ+ /a", value("21"))
                    .falls_silent(),
            )
            .call(Call::Read("/x"), refused(1))
            .call(Call::Present("/x"), refused(5))
            .call(Call::Write("/x", "1"), refused(30))
            .call(Call::Dir("/x"), refused(20))
            .call(Call::Read("/a"), gives("21")),
        Scenario::new("an error with a payload does not put the stream out of step")
            .peer(
                p().takes("READ+ /x")
                    .sends(
                        [&[0, 0, 0, 0, 0, 0, 0, 3, 255, 255, 255, 254, 0, 0, 0, 4][..], &[0; 8], b"why"]
                            .concat(),
                    )
                    .keeps_after("READ+ /a", value("21"))
                    .falls_silent(),
            )
            .call(Call::Read("/x"), refused(2))
            .call(Call::Read("/a"), gives("21")),
        Scenario::new("an empty value is a value")
            .peer(
                p().keeps_after("READ+ /a", value("")).keeps_after("READ+ /a [8]", value("")).falls_silent(),
            )
            .call(Call::Read("/a"), gives(""))
            .call(Call::ReadInto("/a", 8), gives("")),
        Scenario::new("a value that is longer than the buffer is cut")
            .peer(p().keeps_after("READ+ /a [4]", value("123456")).falls_silent())
            .call(Call::ReadInto("/a", 4), gives("1234")),
        Scenario::new("a word is no number")
            .peer(p().keeps_after("READ+ /a", value("warm")).falls_silent())
            .call(Call::ReadNumber("/a"), fails(Why::NotANumber)),
        Scenario::new("old servers say nothing of the ROM id")
            .peer(p().keeps_after("PRESENCE+ /a", done()).keeps_after("PRESENCE+ /a", done()).falls_silent())
            .call(Call::Present("/a"), Outcome::Bool(true))
            .call(Call::RomId("/a"), Outcome::RomId(None)),
        Scenario::new("what cannot be asked is not sent")
            .peer(p().keeps_after("NOP+", done()).falls_silent())
            .call(Call::Read("/a\0b"), fails(Why::Request))
            .call(Call::ReadAt("/a", 0, 0), fails(Why::Request))
            .call(Call::ReadInto("/a", 0), fails(Why::Request))
            .call(Call::Write("/a\0b", "1"), fails(Why::Request))
            .call(Call::DirIter("/\0", 1), fails(Why::Request))
            .call(Call::Ping, Outcome::Done),
    ]
}

fn keepalives() -> Vec<Scenario> {
    vec![
        Scenario::new("a keepalive comes before every frame")
            .peer(
                p().keeps_after("NOP+", [keepalive(), done()])
                    .keeps_after("READ+ /a", [keepalive(), keepalive(), value("21")])
                    .keeps_after("WRITE+ /a=1", [keepalive(), took(1)])
                    .keeps_after("DIRALL+ /", [keepalive(), list("/a,/b")])
                    .keeps_after(
                        "DIR+ /",
                        [keepalive(), entry("/a"), keepalive(), entry("/b"), keepalive(), done()],
                    )
                    .keeps_after(
                        "DIR+ /",
                        [keepalive(), entry("/a"), keepalive(), entry("/b"), keepalive(), done()],
                    )
                    .keeps_after("PRESENCE+ /a", [keepalive(), rom_id(ID)])
                    .keeps_after("GET+ /a", [keepalive(), value("21")])
                    .falls_silent(),
            )
            .call(Call::Ping, Outcome::Done)
            .call(Call::Read("/a"), gives("21"))
            .call(Call::Write("/a", "1"), Outcome::Count(1))
            .call(Call::Dir("/"), lists(&["/a", "/b"]))
            .call(Call::DirEach("/"), lists(&["/a", "/b"]))
            .call(Call::DirIter("/", 9), lists(&["/a", "/b"]))
            .call(Call::Present("/a"), Outcome::Bool(true))
            .call(Call::Get("/a"), gives("21")),
        Scenario::new("keepalives between pipelined replies")
            .peer(
                p().keeps_after("READ+ /a", [keepalive(), value("1")])
                    .takes("READ+ /b")
                    .takes("READ+ /c")
                    .keeps([keepalive(), value("2"), keepalive(), value("3")])
                    .falls_silent(),
            )
            .call(
                Call::ReadMany(vec!["/a", "/b", "/c"]),
                Outcome::Many(vec![gives("1"), gives("2"), gives("3")]),
            ),
        Scenario::new("every negative payload is a keepalive")
            .peer(
                p().takes("READ+ /a")
                    .sends(announces(-7))
                    .sends(announces(i32::MIN))
                    .keeps(value("21"))
                    .falls_silent(),
            )
            .call(Call::Read("/a"), gives("21")),
        Scenario::new("keepalives break the silence")
            .peer(
                p().takes("READ+ /a")
                    .pauses(1999)
                    .keepalive()
                    .pauses(1999)
                    .keepalive()
                    .pauses(1999)
                    .keeps(value("21"))
                    .falls_silent(),
            )
            .call(Call::Read("/a"), gives("21"))
            .took(5997)
            .in_virtual_time(),
        Scenario::new("entries break the silence")
            .peer(
                p().takes("DIR+ /")
                    .pauses(1500)
                    .keeps(entry("/a"))
                    .pauses(1500)
                    .keeps(entry("/b"))
                    .pauses(1500)
                    .keeps(done())
                    .falls_silent(),
            )
            .call(Call::DirEach("/"), lists(&["/a", "/b"]))
            .took(4500)
            .in_virtual_time(),
        Scenario::new("each byte breaks the silence")
            .peer(
                p().takes("READ+ /a")
                    .sends(vec![0; 7])
                    .pauses(1900)
                    .sends([2])
                    .pauses(1900)
                    .sends([0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0])
                    .pauses(1900)
                    .sends(*b"21"),
            )
            .call(Call::Read("/a"), gives("21"))
            .took(5700)
            .in_virtual_time(),
        Scenario::new("silence after a keepalive is too long after 2 s")
            .peer(p().takes("READ+ /a").pauses(1500).keepalive().falls_silent())
            .peer(p().keeps_after("READ+ /b", value("b")).falls_silent())
            .call(Call::Read("/a"), silent())
            .took(3500)
            .call(Call::Read("/b"), gives("b"))
            .in_virtual_time(),
    ]
}

fn persistence() -> Vec<Scenario> {
    vec![
        Scenario::new("persistence refused: a connection for each call, asked for each time")
            .peer(p().ends_after("READ+ /a", value("1")))
            .peer(p().ends_after("READ+ /b", value("2")))
            .peer(p().ends_after("READ+ /c", says_no(1)))
            .peer(p().ends_after("DIR+ /", entries(&["/a"])))
            .peer(p().ends_after("WRITE+ /a=1", took(1)))
            .call(Call::Read("/a"), gives("1"))
            .call(Call::Read("/b"), gives("2"))
            .call(Call::Read("/c"), refused(1))
            .call(Call::DirIter("/", 9), lists(&["/a"]))
            .call(Call::Write("/a", "1"), Outcome::Count(1)),
        Scenario::new("persistence withdrawn")
            .peer(p().keeps_after("READ+ /a", value("1")).ends_after("READ+ /b", value("2")))
            .peer(p().keeps_after("READ+ /c", value("3")).falls_silent())
            .call(Call::Read("/a"), gives("1"))
            .call(Call::Read("/b"), gives("2"))
            .call(Call::Read("/c"), gives("3")),
        Scenario::new("persistence granted late")
            .peer(p().ends_after("READ+ /a", value("1")))
            .peer(p().keeps_after("READ+ /b", value("2")).keeps_after("READ+ /c", value("3")).falls_silent())
            .call(Call::Read("/a"), gives("1"))
            .call(Call::Read("/b"), gives("2"))
            .call(Call::Read("/c"), gives("3")),
        Scenario::new("a keepalive does not take persistence away")
            .peer(
                p().keeps_after("READ+ /a", [keepalive(), value("1")])
                    .keeps_after("READ+ /b", value("2"))
                    .falls_silent(),
            )
            .call(Call::Read("/a"), gives("1"))
            .call(Call::Read("/b"), gives("2")),
        Scenario::new("the last frame of a listing says whether the connection is kept")
            .peer(p().takes("DIR+ /").keeps(entry("/a")).ends(done()))
            .peer(
                p().takes("DIR+ /")
                    .ends(entry("/a"))
                    .keeps(done())
                    .keeps_after("NOP+", done())
                    .falls_silent(),
            )
            .call(Call::DirEach("/"), lists(&["/a"]))
            .call(Call::DirEach("/"), lists(&["/a"]))
            .call(Call::Ping, Outcome::Done),
        Scenario::new("a server that keeps what it was not asked to keep is left")
            .client(|b| b.persistent(false))
            .peer(p().takes("READ /a").keeps(value("1")).falls_silent())
            .peer(p().takes("READ /b").keeps(value("2")).falls_silent())
            .call(Call::Read("/a"), gives("1"))
            .call(Call::Read("/b"), gives("2")),
    ]
}

fn stale_connections() -> Vec<Scenario> {
    vec![
        Scenario::new("a connection that was closed while idle is replaced")
            .peer(p().keeps_after("READ+ /a", value("1")))
            .peer(p().keeps_after("READ+ /b", value("2")).falls_silent())
            .call(Call::Read("/a"), gives("1"))
            .call(Call::IdleSpoilt, Outcome::Done)
            .call(Call::Read("/b"), gives("2")),
        Scenario::new("a connection that was reset while idle is replaced")
            .peer(p().keeps_after("READ+ /a", value("1")).resets())
            .peer(p().keeps_after("DIR+ /", entries(&["/a"])).falls_silent())
            .call(Call::Read("/a"), gives("1"))
            .call(Call::IdleSpoilt, Outcome::Done)
            .call(Call::DirIter("/", 9), lists(&["/a"])),
        Scenario::new("a connection that is closed under a request is replaced")
            .peer(p().keeps_after("READ+ /a", value("1")).takes("READ+ /b"))
            .peer(p().keeps_after("READ+ /b", value("2")).takes("DIR+ /"))
            .peer(p().keeps_after("DIR+ /", entries(&["/a"])).takes("DIR+ /"))
            .peer(p().keeps_after("DIR+ /", entries(&["/a"])).takes("READ+ /c"))
            .peer(p().keeps_after("READ+ /c", value("3")).falls_silent())
            .call(Call::Read("/a"), gives("1"))
            .call(Call::Read("/b"), gives("2"))
            .call(Call::DirIter("/", 9), lists(&["/a"]))
            .call(Call::DirEach("/"), lists(&["/a"]))
            .call(Call::ReadMany(vec!["/c"]), Outcome::Many(vec![gives("3")])),
        Scenario::new("a connection that is reset under a request is replaced")
            .peer(p().keeps_after("READ+ /a", value("1")).takes("READ+ /b").resets())
            .peer(p().keeps_after("READ+ /b", value("2")).falls_silent())
            .call(Call::Read("/a"), gives("1"))
            .call(Call::Read("/b"), gives("2")),
        Scenario::new("only once")
            .peer(p().keeps_after("READ+ /a", value("1")).takes("READ+ /b"))
            .peer(p().takes("READ+ /b"))
            .peer(p().keeps_after("READ+ /b", value("2")).falls_silent())
            .call(Call::Read("/a"), gives("1"))
            .call(Call::Read("/b"), lost(ConnectionError::Closed))
            .call(Call::Read("/b"), gives("2")),
        Scenario::new("a new connection that is closed without an answer is an error")
            .peer(p().takes("READ+ /a"))
            .peer(p().keeps_after("READ+ /a", value("1")).falls_silent())
            .call(Call::Read("/a"), lost(ConnectionError::Closed))
            .call(Call::Read("/a"), gives("1")),
        Scenario::new("a connection that has rested is as good as before")
            .peer(
                p().keeps_after("READ+ /a", value("1"))
                    .keeps_after("READ+ /b", value("2"))
                    .keeps_after("WRITE+ /b=3", took(1))
                    .takes("DIR+ /")
                    .pauses(20)
                    .keeps(entries(&["/a"]))
                    .keeps_after("READ+ /c", value("3"))
                    .falls_silent(),
            )
            .call(Call::Read("/a"), gives("1"))
            .call(Call::Rest, Outcome::Done)
            .call(Call::Read("/b"), gives("2"))
            .call(Call::Rest, Outcome::Done)
            .call(Call::Write("/b", "3"), Outcome::Count(1))
            .call(Call::Rest, Outcome::Done)
            .call(Call::DirIter("/", 9), lists(&["/a"]))
            .took(20)
            .call(Call::Rest, Outcome::Done)
            .call(Call::ReadMany(vec!["/c"]), Outcome::Many(vec![gives("3")])),
        Scenario::new("what comes unasked is no answer")
            .peer(p().keeps_after("READ+ /a", value("1")).keeps(value("stray")).falls_silent())
            .peer(p().keeps_after("READ+ /b", value("2")).keeps(value("stray")).falls_silent())
            .peer(p().keeps_after("DIR+ /", entries(&["/a"])).keeps(value("stray")).falls_silent())
            .peer(p().keeps_after("READ+ /c", value("3")).keeps(value("stray")).falls_silent())
            .peer(p().keeps_after("WRITE+ /d=4", took(1)).falls_silent())
            .call(Call::Read("/a"), gives("1"))
            .call(Call::IdleSpoilt, Outcome::Done)
            .call(Call::Read("/b"), gives("2"))
            .call(Call::IdleSpoilt, Outcome::Done)
            .call(Call::DirIter("/", 9), lists(&["/a"]))
            .call(Call::IdleSpoilt, Outcome::Done)
            .call(Call::ReadMany(vec!["/c"]), Outcome::Many(vec![gives("3")]))
            .call(Call::IdleSpoilt, Outcome::Done)
            .call(Call::Write("/d", "4"), Outcome::Count(1)),
    ]
}

fn writes() -> Vec<Scenario> {
    vec![
        Scenario::new("a write does not go to a connection that is known to be dead")
            .peer(p().keeps_after("READ+ /a", value("1")))
            .peer(p().keeps_after("WRITE+ /a=2", took(1)).falls_silent())
            .call(Call::Read("/a"), gives("1"))
            .call(Call::IdleSpoilt, Outcome::Done)
            .call(Call::Write("/a", "2"), Outcome::Count(1)),
        Scenario::new("a write that got lost is not sent again")
            .peer(p().keeps_after("READ+ /a", value("1")).takes("WRITE+ /a=2"))
            .peer(p().keeps_after("READ+ /a", value("2")).falls_silent())
            .call(Call::Read("/a"), gives("1"))
            .call(Call::Write("/a", "2"), lost(ConnectionError::Stale))
            .call(Call::Read("/a"), gives("2")),
        Scenario::new("nor is one that was reset, nor a message of a type without a name")
            .peer(p().keeps_after("READ+ /a", value("1")).takes("WRITE+ /a=2").resets())
            .peer(p().keeps_after("READ+ /a", value("2")).takes("type 77+ /a").resets())
            .peer(p().keeps_after("READ+ /a", value("2")).falls_silent())
            .call(Call::Read("/a"), gives("1"))
            .call(Call::Write("/a", "2"), lost(ConnectionError::Stale))
            .call(Call::Read("/a"), gives("2"))
            .call(Call::Send(MessageType(77), "/a"), lost(ConnectionError::Stale))
            .call(Call::Read("/a"), gives("2")),
        Scenario::new("the server says how much of a write it took")
            .peer(
                p().keeps_after("WRITE+ /a=123456", took(4))
                    .keeps_after("WRITE+ /a=1", took(-1))
                    .falls_silent(),
            )
            .call(Call::Write("/a", "123456"), Outcome::Count(4))
            .call(Call::Write("/a", "1"), Outcome::Count(0)),
    ]
}

fn broken_peers() -> Vec<Scenario> {
    let version = |text: [u8; 4]| {
        lost(ConnectionError::Decode(DecodeError::UnexpectedVersion {
            version: Version(i32::from_be_bytes(text)),
        }))
    };
    let too_large =
        |announced, limit| lost(ConnectionError::Decode(DecodeError::PayloadTooLarge { announced, limit }));
    vec![
        Scenario::new("half a header")
            .peer(p().takes("READ+ /a").sends(announces(2)[..12].to_vec()))
            .peer(p().keeps_after("READ+ /b", value("b")).falls_silent())
            .call(Call::Read("/a"), lost(ConnectionError::Truncated))
            .call(Call::Read("/b"), gives("b")),
        Scenario::new("half a payload on a connection that had worked")
            .peer(p().keeps_after("NOP+", done()).takes("READ+ /a").sends(announces(2)).sends(*b"2"))
            .peer(p().keeps_after("READ+ /b", value("b")).falls_silent())
            .call(Call::Ping, Outcome::Done)
            .call(Call::Read("/a"), lost(ConnectionError::Truncated))
            .call(Call::Read("/b"), gives("b")),
        Scenario::new("closed after a keepalive")
            .peer(p().takes("READ+ /a").keepalive())
            .peer(p().keeps_after("READ+ /b", value("b")).falls_silent())
            .call(Call::Read("/a"), lost(ConnectionError::Truncated))
            .call(Call::Read("/b"), gives("b")),
        Scenario::new("a listing that ends in the middle")
            .peer(p().takes("DIR+ /").keeps([entry("/a"), entry("/b")]))
            .peer(p().takes("DIRALL+ /").sends(announces(6)).sends(*b"/a,"))
            .peer(p().takes("DIR+ /").keeps([entry("/a")]))
            .peer(p().keeps_after("READ+ /b", value("b")).falls_silent())
            .call(
                Call::DirEach("/"),
                Outcome::Many(vec![lists(&["/a", "/b"]), lost(ConnectionError::Truncated)]),
            )
            .call(Call::Dir("/"), lost(ConnectionError::Truncated))
            .call(
                Call::DirIter("/", 9),
                Outcome::Many(vec![lists(&["/a"]), lost(ConnectionError::Truncated)]),
            )
            .call(Call::Read("/b"), gives("b")),
        Scenario::new("not an owserver")
            .peer(p().takes("READ+ /a").sends(*b"HTTP/1.1 400 Bad Request\r\n\r\n").falls_silent())
            .peer(p().takes("DIRALL+ /").sends(*b"SSH-2.0-OpenSSH_9.2p1\r\n and so on").falls_silent())
            .peer(p().keeps_after("READ+ /b", value("b")).falls_silent())
            .call(Call::Read("/a"), version(*b"HTTP"))
            .call(Call::Dir("/"), version(*b"SSH-"))
            .call(Call::Read("/b"), gives("b")),
        Scenario::new("a payload over the limit is refused at its header")
            .peer(p().takes("READ+ /a").sends(announces(65537)).falls_silent())
            .peer(p().takes("GET+ /a").sends(announces(i32::MAX)).falls_silent())
            .peer(p().takes("DIR+ /").keeps(entry("/a")).sends(announces(70000)).falls_silent())
            .peer(p().takes("DIRALL+ /").sends(announces((16 << 20) + 1)).falls_silent())
            .peer(p().keeps_after("READ+ /b", value("b".repeat(65536))).falls_silent())
            .call(Call::Read("/a"), too_large(65537, 65536))
            .call(Call::Get("/a"), too_large(0x7fff_ffff, 65536))
            .call(Call::DirEach("/"), Outcome::Many(vec![lists(&["/a"]), too_large(70000, 65536)]))
            .call(Call::Dir("/"), too_large((16 << 20) + 1, 16 << 20))
            .call(Call::Read("/b"), gives(&"b".repeat(65536))),
        Scenario::new("limits of one's own")
            .client(|b| b.payload_limit(4).list_limit(8))
            .peer(p().takes("READ+ /a").sends(announces(5)).falls_silent())
            .peer(
                p().keeps_after("READ+ /a", value("1234"))
                    .keeps_after("DIRALL+ /", list("/a,/bcd"))
                    .takes("DIRALL+ /")
                    .sends(announces(9))
                    .falls_silent(),
            )
            .call(Call::Read("/a"), too_large(5, 4))
            .call(Call::Read("/a"), gives("1234"))
            .call(Call::Dir("/"), lists(&["/a", "/bcd"]))
            .call(Call::Dir("/"), too_large(9, 8)),
        Scenario::new("a listing without an end is too large, too")
            .client(|b| b.list_limit(9))
            .peer(p().takes("DIR+ /").keeps(entries(&["/a", "/b", "/c"])).falls_silent())
            .peer(p().takes("DIR+ /").keeps(vec![entry("/a"); 4]).falls_silent())
            .call(Call::DirEach("/"), lists(&["/a", "/b", "/c"]))
            .call(Call::CloseConnection, Outcome::Done)
            .call(
                Call::DirEach("/"),
                Outcome::Many(vec![lists(&["/a", "/a", "/a", "/a"]), too_large(12, 9)]),
            ),
        Scenario::new("bytes behind a reply: it counts, and the connection does not")
            .peer(p().takes("READ+ /a").keeps([value("1"), value("stray")]).falls_silent())
            .peer(p().keeps_after("READ+ /b", value("2")).falls_silent())
            .call(Call::Read("/a"), gives("1"))
            .call(Call::IdleSpoilt, Outcome::Done)
            .call(Call::Read("/b"), gives("2")),
        Scenario::new("bytes behind the last one of many")
            .peer(p().takes("READ+ /a").keeps([value("1"), value("stray")]).falls_silent())
            .peer(p().keeps_after("READ+ /b", value("2")).falls_silent())
            .call(Call::ReadMany(vec!["/a"]), Outcome::Many(vec![gives("1")]))
            .call(Call::IdleSpoilt, Outcome::Done)
            .call(Call::ReadMany(vec!["/b"]), Outcome::Many(vec![gives("2")])),
    ]
}

fn timeouts() -> Vec<Scenario> {
    vec![
        Scenario::new("a silent server")
            .client(|b| b.inactivity_timeout(SHORT))
            .peer(p().takes("READ+ /a").falls_silent())
            .peer(p().keeps_after("READ+ /b", value("b")).takes("DIR+ /").keeps(entry("/a")).falls_silent())
            .peer(p().takes("DIR+ /").falls_silent())
            .peer(p().takes("WRITE+ /a=1").falls_silent())
            .peer(p().takes("READ+ /a").sends(announces(4)).sends(*b"21").falls_silent())
            .peer(p().keeps_after("READ+ /b", value("b")).falls_silent())
            .call(Call::Read("/a"), silent())
            .took(700)
            .call(Call::Read("/b"), gives("b"))
            .call(Call::DirEach("/"), Outcome::Many(vec![lists(&["/a"]), silent()]))
            .took(700)
            .call(Call::DirIter("/", 1), silent())
            .took(700)
            .call(Call::Write("/a", "1"), silent())
            .took(700)
            .call(Call::Read("/a"), silent())
            .took(700)
            .call(Call::Read("/b"), gives("b")),
        Scenario::new("a connection in place of an old one is no more patient")
            .client(|b| b.inactivity_timeout(SHORT))
            .peer(p().keeps_after("READ+ /a", value("1")).takes("READ+ /b"))
            .peer(p().takes("READ+ /b").falls_silent())
            .call(Call::Read("/a"), gives("1"))
            .call(Call::Read("/b"), silent())
            .took(700),
        Scenario::new("a late answer is nobody's")
            .client(|b| b.inactivity_timeout(SHORT))
            .peer(p().takes("READ+ /a").pauses(1000).keeps(value("late")).falls_silent())
            .peer(
                p().takes("READ+ /b")
                    .pauses(400)
                    .keeps(value("b"))
                    .keeps_after("READ+ /c", value("c"))
                    .falls_silent(),
            )
            .call(Call::Read("/a"), silent())
            .took(700)
            .call(Call::Read("/b"), gives("b"))
            .took(400)
            .call(Call::Read("/c"), gives("c")),
        Scenario::new("keepalives do not extend the total time")
            .peer(p().takes("READ+ /a").pauses(300).keepalive().pauses(300).keepalive().falls_silent())
            .peer(p().keeps_after("READ+ /b", value("b")).falls_silent())
            .call_via(Via::Within(700), Call::Read("/a"), too_long())
            .took(700)
            .call(Call::Read("/b"), gives("b")),
        Scenario::new("a call has a time of its own")
            .peer(p().takes("READ+ /a").falls_silent())
            .peer(p().takes("READ+ /b").pauses(1000).keeps(value("b")).falls_silent())
            .call_via(Via::Within(700), Call::Read("/a"), too_long())
            .took(700)
            .call(Call::Read("/b"), gives("b"))
            .took(1000),
        Scenario::new("no time is no limit")
            .client(|b| b.total_timeout(SHORT))
            .peer(p().takes("READ+ /a").pauses(1000).keeps(value("1")).falls_silent())
            .call_via(Via::Within(0), Call::Read("/a"), gives("1"))
            .took(1000),
        Scenario::new("an answer in the last moment is one, and one after it is none")
            .client(|b| b.total_timeout(Duration::from_secs(3)))
            .peer(
                p().takes("READ+ /a").pauses(1999).keepalive().pauses(1000).keeps(value("1")).falls_silent(),
            )
            .peer(
                p().takes("READ+ /a").pauses(1999).keepalive().pauses(1001).keeps(value("1")).falls_silent(),
            )
            .call(Call::Read("/a"), gives("1"))
            .took(2999)
            .call(Call::CloseConnection, Outcome::Done)
            .call(Call::Read("/a"), too_long())
            .took(3000)
            .in_virtual_time(),
        Scenario::new("the total time is that of the whole call")
            .client(|b| b.total_timeout(Duration::from_secs(3)))
            .peer(p().keeps_after("READ+ /a", value("1")).takes("READ+ /b").pauses(1500))
            .peer(
                p().takes("READ+ /b").pauses(1000).keepalive().pauses(1000).keeps(value("2")).falls_silent(),
            )
            .call(Call::Read("/a"), gives("1"))
            .call(Call::Read("/b"), too_long())
            .took(3000)
            .in_virtual_time(),
        Scenario::new("a server that takes no more bytes")
            .peer(p().fills_up())
            .peer(p().fills_up())
            .call(Call::Write("/a", "1"), silent())
            .took(2000)
            .call_via(Via::Within(500), Call::Write("/a", "1"), too_long())
            .took(500)
            .in_virtual_time(),
        Scenario::new("no limits at all")
            .client(|b| b.inactivity_timeout(Duration::ZERO))
            .peer(p().takes("READ+ /a").pauses(100_000_000).keeps(value("1")).falls_silent())
            .call(Call::Read("/a"), gives("1"))
            .took(100_000_000)
            .in_virtual_time(),
    ]
}

fn fall_backs() -> Vec<Scenario> {
    vec![
        Scenario::new("DIRALL refused: DIR, and remembered")
            .peer(
                p().keeps_after("DIRALL+ /", says_no(42))
                    .keeps_after("DIR+ /", entries(&["/a", "/b"]))
                    .keeps_after("DIR+ /a", entries(&["/a/x"]))
                    .keeps_after("GET+ /", says_no(42))
                    .keeps_after("READ+ /", says_no(21))
                    .keeps_after("DIR+ /", entries(&["/a"]))
                    .falls_silent(),
            )
            .call(Call::Dir("/"), lists(&["/a", "/b"]))
            .call(Call::Dir("/a"), lists(&["/a/x"]))
            .call_via(Via::Clone, Call::Get("/"), lists(&["/a"])),
        Scenario::new("DIRALL refused without persistence")
            .client(|b| b.persistent(false))
            .peer(p().ends_after("DIRALL /", says_no(42)))
            .peer(p().ends_after("DIR /", entries(&["/a", "/b"])))
            .peer(p().ends_after("DIR /a", entries(&["/a/x"])))
            .peer(p().ends_after("DIR+ /a", entries(&["/a/x"])))
            .call(Call::Dir("/"), lists(&["/a", "/b"]))
            .call(Call::Dir("/a"), lists(&["/a/x"]))
            .call_via(Via::Persistent, Call::Dir("/a"), lists(&["/a/x"])),
        Scenario::new("DIRALLSLASH refused: directories are found by listing them")
            .peer(
                p().keeps_after("DIRALLSLASH+ /", says_no(42))
                    .keeps_after("DIR+ /", entries(&["/10.67C6697351FF", "/settings"]))
                    .keeps_after(
                        "DIR+ /29.67C6697351FF",
                        entries(&["/29.67C6697351FF/set", "/29.67C6697351FF/PIO.0"]),
                    )
                    .keeps_after("DIR+ /29.67C6697351FF/set", entries(&["/29.67C6697351FF/set/x"]))
                    .keeps_after("DIR+ /29.67C6697351FF/PIO.0", says_no(20))
                    .falls_silent(),
            )
            .call(Call::DirWith("/", DirOptions::new().slash()), lists(&["/10.67C6697351FF/", "/settings/"]))
            .call(
                Call::DirWith("/29.67C6697351FF", DirOptions::new().slash()),
                lists(&["/29.67C6697351FF/set/", "/29.67C6697351FF/PIO.0"]),
            ),
        Scenario::new("GET refused: READ, then the listing")
            .peer(
                p().keeps_after("GET+ /a", says_no(42))
                    .keeps_after("READ+ /a", value("21"))
                    .keeps_after("READ+ /", says_no(21))
                    .keeps_after("DIRALL+ /", list("/a"))
                    .keeps_after("READ+ /x", says_no(1))
                    .falls_silent(),
            )
            .call(Call::Get("/a"), gives("21"))
            .call(Call::Get("/"), lists(&["/a"]))
            .call(Call::Get("/x"), refused(1)),
        Scenario::new("-42 to another type is an error")
            .peer(p().keeps_after("READ+ /a", says_no(42)).keeps_after("DIR+ /", says_no(42)).falls_silent())
            .call(Call::Read("/a"), refused(42))
            .call(Call::DirEach("/"), Outcome::Many(vec![lists(&[]), refused(42)])),
        Scenario::new("another error to DIRALL is no refusal")
            .peer(
                p().keeps_after("DIRALL+ /a", says_no(20))
                    .keeps_after("DIRALL+ /", list("/a"))
                    .falls_silent(),
            )
            .call(Call::Dir("/a"), refused(20))
            .call(Call::Dir("/"), lists(&["/a"])),
    ]
}

fn listings() -> Vec<Scenario> {
    vec![
        Scenario::new("an error after entries")
            .peer(
                p().takes("DIR+ /")
                    .keeps([entry("/a"), entry("/b"), says_no(5)])
                    .takes("DIR+ /")
                    .keeps([entry("/a"), entry("/b"), says_no(5)])
                    .takes("DIR+ /")
                    .keeps([entry("/a"), says_no(5)])
                    .falls_silent(),
            )
            .call(Call::DirEach("/"), Outcome::Many(vec![lists(&["/a", "/b"]), refused(5)]))
            .call(Call::DirIter("/", 9), Outcome::Many(vec![lists(&["/a", "/b"]), refused(5)]))
            .call(Call::DirWith("/", DirOptions::new().streamed()), refused(5)),
        Scenario::new("empty directories")
            .peer(
                p().keeps_after("DIRALL+ /alarm", done())
                    .keeps_after("DIRALL+ /alarm", list(""))
                    .keeps_after("DIR+ /alarm", done())
                    .keeps_after("DIR+ /alarm", done())
                    .keeps_after("DIRALLSLASH+ /alarm", done())
                    .falls_silent(),
            )
            .call(Call::Dir("/alarm"), lists(&[]))
            .call(Call::Dir("/alarm"), lists(&[]))
            .call(Call::DirEach("/alarm"), lists(&[]))
            .call(Call::DirIter("/alarm", 9), lists(&[]))
            .call(Call::DirWith("/alarm", DirOptions::new().slash()), lists(&[])),
        Scenario::new("GET of nothing: what is it?")
            .peer(
                p().keeps_after("GET+ /alarm", done())
                    .keeps_after("READ+ /alarm", says_no(21))
                    .keeps_after("DIRALL+ /alarm", done())
                    .keeps_after("GET+ /a/alias", done())
                    .keeps_after("READ+ /a/alias", value(""))
                    .falls_silent(),
            )
            .call(Call::Get("/alarm"), lists(&[]))
            .call(Call::Get("/a/alias"), gives("")),
        Scenario::new("commas in aliases")
            .peer(
                p().keeps_after("DIRALL+ /", list("/cellar, left,/b,,/c"))
                    .keeps_after("DIR+ /", entries(&["/cellar, left", "/b,", "/c"]))
                    .keeps_after("GET+ /", list("/cellar, left,/b,,/c"))
                    .falls_silent(),
            )
            .call(Call::Dir("/"), lists(&["/cellar, left", "/b,", "/c"]))
            .call(Call::DirEach("/"), lists(&["/cellar, left", "/b,", "/c"]))
            .call(Call::Get("/"), lists(&["/cellar, left", "/b,", "/c"])),
        Scenario::new("aliases that end with a comma are listed one by one")
            .peer(
                p().keeps_after("DIR+ /b,", entries(&["/b,/x", "/b,/y"]))
                    .keeps_after("DIR+ /b,/x", entries(&["/b,/x/1"]))
                    .keeps_after("READ+ /b,", says_no(21))
                    .keeps_after("DIR+ /b,", entries(&["/b,/x", "/b,/y"]))
                    .keeps_after("DIR+ /b,", entries(&["/b,/alias"]))
                    .keeps_after("DIR+ /b,/alias", says_no(20))
                    .keeps_after("DIRALL+ /b,c", list("/b,c/x,/b,c/y"))
                    .falls_silent(),
            )
            .call(Call::Dir("/b,"), lists(&["/b,/x", "/b,/y"]))
            .call(Call::Dir("/b,/x"), lists(&["/b,/x/1"]))
            .call(Call::Get("/b,"), lists(&["/b,/x", "/b,/y"]))
            .call(Call::DirWith("/b,", DirOptions::new().slash()), lists(&["/b,/alias"]))
            .call(Call::Dir("/b,c"), lists(&["/b,c/x", "/b,c/y"])),
        Scenario::new("a listing dropped half-way takes its connection along")
            .peer(p().takes("DIR+ /").keeps([entry("/a"), entry("/b")]).falls_silent())
            .peer(p().keeps_after("READ+ /a", value("1")).takes("DIR+ /").keeps([entry("/a")]).falls_silent())
            .peer(p().keeps_after("READ+ /b", value("2")).falls_silent())
            .call(Call::DirIter("/", 1), lists(&["/a"]))
            .call(Call::Read("/a"), gives("1"))
            .call(Call::DirIter("/", 1), lists(&["/a"]))
            .call(Call::Read("/b"), gives("2")),
        Scenario::new("calls while a listing is under way")
            .client(|b| b.connections(1))
            .peer(
                p().keeps_after("NOP+", done())
                    .takes("DIR+ /")
                    .keeps(entry("/a"))
                    .pauses(300)
                    .keeps(entries(&["/b"]))
                    .falls_silent(),
            )
            .peer(
                p().keeps_after("READ+ /a", value("1"))
                    .keeps_after("READ+ /b", value("2"))
                    .keeps_after("READ+ /c", value("3"))
                    .falls_silent(),
            )
            .call(Call::Ping, Outcome::Done)
            .call(Call::ReadWithin("/"), Outcome::Many(vec![gives("1"), gives("2")]))
            .took(300)
            .call(Call::Read("/c"), gives("3")),
    ]
}

fn many_reads() -> Vec<Scenario> {
    let many = |values: &[&str]| Outcome::Many(values.iter().map(|value| gives(value)).collect());
    let not_tried = || fails(Why::NotTried);
    vec![
        Scenario::new("nothing to read").call(Call::ReadMany(vec![]), Outcome::Many(vec![])),
        Scenario::new("many reads do not wait for one another")
            .peer(
                p().keeps_after("READ+ /a", value("1"))
                    .takes("READ+ /b")
                    .takes("READ+ /c")
                    .takes("READ+ /d")
                    .keeps([value("2"), says_no(1), value("")])
                    // On the connection that is there, not even the first one waits.
                    .takes("READ+ /a")
                    .takes("READ+ /b")
                    .keeps([value("1"), value("2")])
                    .keeps_after("READ+ /c", value("3"))
                    .falls_silent(),
            )
            .call(
                Call::ReadMany(vec!["/a", "/b", "/c", "/d"]),
                Outcome::Many(vec![gives("1"), gives("2"), refused(1), gives("")]),
            )
            .call(Call::ReadMany(vec!["/a", "/b"]), many(&["1", "2"]))
            .call(Call::Read("/c"), gives("3")),
        Scenario::new("what cannot be asked does not touch the others")
            .peer(p().keeps_after("READ+ /a", value("1")).keeps_after("READ+ /b", value("2")).falls_silent())
            .call(
                Call::ReadMany(vec!["/\0", "/a", "/\0", "/b"]),
                Outcome::Many(vec![fails(Why::Request), gives("1"), fails(Why::Request), gives("2")]),
            ),
        Scenario::new("closed in the middle: the rest over a new connection")
            .peer(
                p().keeps_after("READ+ /a", value("1")).takes("READ+ /b").takes("READ+ /c").keeps(value("2")),
            )
            .peer(p().keeps_after("READ+ /c", value("3")).falls_silent())
            .call(Call::ReadMany(vec!["/a", "/b", "/c"]), many(&["1", "2", "3"])),
        Scenario::new("reset in the middle of a value")
            .peer(
                p().keeps_after("READ+ /a", value("1"))
                    .takes("READ+ /b")
                    .takes("READ+ /c")
                    .sends(announces(2)),
            )
            .peer(p().keeps_after("READ+ /b", value("2")).takes("READ+ /c").keeps(value("3")).falls_silent())
            .call(Call::ReadMany(vec!["/a", "/b", "/c"]), many(&["1", "2", "3"])),
        Scenario::new("a path that breaks each connection is given up")
            .peer(p().keeps_after("READ+ /a", value("1")).takes("READ+ /b").takes("READ+ /c"))
            .peer(p().takes("READ+ /b"))
            .peer(p().keeps_after("READ+ /c", value("3")).falls_silent())
            .call(
                Call::ReadMany(vec!["/a", "/b", "/c"]),
                Outcome::Many(vec![gives("1"), lost(ConnectionError::Closed), gives("3")]),
            ),
        Scenario::new("persistence refused: one after the other")
            .peer(p().ends_after("READ+ /a", value("1")))
            .peer(p().ends_after("READ+ /b", value("2")))
            .peer(p().ends_after("READ+ /c", value("3")))
            .call(Call::ReadMany(vec!["/a", "/b", "/c"]), many(&["1", "2", "3"])),
        Scenario::new("persistence withdrawn from many reads")
            .peer(
                p().keeps_after("READ+ /a", value("1")).takes("READ+ /b").takes("READ+ /c").ends(value("2")),
            )
            .peer(p().ends_after("READ+ /c", value("3")))
            .call(Call::ReadMany(vec!["/a", "/b", "/c"]), many(&["1", "2", "3"])),
        Scenario::new("an old connection fails none of many reads")
            .peer(p().keeps_after("NOP+", done()).takes("READ+ /a").takes("READ+ /b"))
            .peer(p().keeps_after("READ+ /a", value("1")).takes("READ+ /b").keeps(value("2")).falls_silent())
            .call(Call::Ping, Outcome::Done)
            .call(Call::ReadMany(vec!["/a", "/b"]), many(&["1", "2"])),
        Scenario::new("silence in the middle: it is not waited for twice")
            .client(|b| b.inactivity_timeout(SHORT))
            .peer(p().keeps_after("READ+ /a", value("1")).takes("READ+ /b").takes("READ+ /c").falls_silent())
            .peer(p().keeps_after("READ+ /d", value("4")).falls_silent())
            .call(
                Call::ReadMany(vec!["/a", "/b", "/c"]),
                Outcome::Many(vec![gives("1"), silent(), not_tried()]),
            )
            .took(700)
            .call(Call::Read("/d"), gives("4")),
        Scenario::new("nobody is there")
            .call(
                Call::ReadMany(vec!["/a", "/\0", "/c"]),
                Outcome::Many(vec![fails(Why::Connect), fails(Why::Request), not_tried()]),
            )
            .call(Call::Read("/a"), fails(Why::Connect))
            .call(Call::Write("/a", "1"), fails(Why::Connect))
            .call(Call::DirIter("/", 1), fails(Why::Connect))
            // A listening socket does not go away at once.
            .in_virtual_time(),
        Scenario::new("gone in the middle")
            .peer(p().keeps_after("READ+ /a", value("1")).takes("READ+ /b").takes("READ+ /c"))
            .call(
                Call::ReadMany(vec!["/a", "/b", "/c"]),
                Outcome::Many(vec![gives("1"), fails(Why::Connect), not_tried()]),
            )
            .in_virtual_time(),
        Scenario::new("many reads of a non-persistent client share one connection and close it")
            .client(|b| b.persistent(false))
            .peer(p().keeps_after("READ+ /a", value("1")).keeps_after("READ+ /b", value("2")).falls_silent())
            .peer(p().ends_after("READ /c", value("3")))
            .call(Call::ReadMany(vec!["/a", "/b"]), many(&["1", "2"]))
            .call(Call::Read("/c"), gives("3")),
    ]
}

fn variants() -> Vec<Scenario> {
    vec![
        Scenario::new("clones share a connection")
            .peer(
                p().keeps_after("READ+ /a", value("1"))
                    .keeps_after("READ+ /b", value("2"))
                    .keeps_after("READ+ /c", value("3"))
                    .keeps_after("READ+ /d", value("4"))
                    .falls_silent(),
            )
            .call(Call::Read("/a"), gives("1"))
            .call_via(Via::Clone, Call::Read("/b"), gives("2"))
            .call_via(Via::Within(60_000), Call::Read("/c"), gives("3"))
            .call_via(Via::Persistent, Call::Read("/d"), gives("4")),
        Scenario::new("a non-persistent clone leaves it alone")
            .peer(p().keeps_after("READ+ /a", value("1")).keeps_after("READ+ /c", value("3")).falls_silent())
            .peer(p().ends_after("READ /b", value("2")))
            .call(Call::Read("/a"), gives("1"))
            .call_via(Via::NonPersistent, Call::Read("/b"), gives("2"))
            .call(Call::Read("/c"), gives("3")),
        Scenario::new("closed by hand")
            .peer(p().keeps_after("READ+ /a", value("1")).falls_silent())
            .peer(p().keeps_after("READ+ /b", value("2")).falls_silent())
            .call(Call::CloseConnection, Outcome::Done)
            .call(Call::Read("/a"), gives("1"))
            .call(Call::CloseConnection, Outcome::Done)
            .call(Call::CloseConnection, Outcome::Done)
            .call(Call::Read("/b"), gives("2")),
    ]
}

//! The tables of limits in SECURITY.md agree with the code.

use owproto_core::client;
use owproto_core::codec::DEFAULT_PAYLOAD_LIMIT;
use owproto_core::message::MAX_BODY_LEN;
use owproto_core::server::{self, DEFAULT_TRANSMIT_LIMIT};
use owproto_core::time::Duration;
use owproto_core::tree::{MAX_ALIAS_LEN, MAX_TREE_PATH_LEN};
use owproto_std::server::{Builder, PersistentLimits};

const SECURITY: &str = include_str!("../../SECURITY.md");

/// The number at the beginning of the limit in the row with this name; `None` for "none".
fn limit(what: &str) -> Option<u64> {
    let row = format!("| {what} | ");
    let mut rows = SECURITY.lines().filter_map(|line| line.strip_prefix(&row));
    let cell = rows.next().unwrap_or_else(|| panic!("there is no row {what:?}"));
    assert_eq!(rows.next(), None, "there are two rows {what:?}");
    let number = cell.split([' ', '|']).next()?.replace(',', "");
    if number == "none" { None } else { Some(number.parse().unwrap_or_else(|_| panic!("{what}: {cell}"))) }
}

fn bytes(len: usize) -> Option<u64> {
    u64::try_from(len).ok()
}

fn seconds(time: Duration) -> Option<u64> {
    assert_eq!(time.as_micros() % 1_000_000, 0);
    (!time.is_zero()).then(|| time.as_micros() / 1_000_000)
}

/// The number of a field in the `Debug` output of a builder.
fn shown(builder: &str, field: &str) -> Option<u64> {
    let (_, rest) =
        builder.split_once(&format!(" {field}: ")).unwrap_or_else(|| panic!("no {field} in {builder}"));
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[test]
fn the_limits_of_clients_are_those_of_the_table() {
    let timeouts = client::Timeouts::DEFAULT;
    assert_eq!(limit("payload of a reply"), bytes(DEFAULT_PAYLOAD_LIMIT));
    assert_eq!(limit("payload of a comma list"), bytes(client::DEFAULT_LIST_LIMIT));
    assert_eq!(limit("silence"), seconds(timeouts.inactivity));
    assert_eq!(limit("time for an answer"), seconds(timeouts.total));
    let builder = format!("{:?}", owproto_std::Builder::default());
    assert_eq!(limit("time for connecting"), shown(&builder, "connect_timeout"));
    assert_eq!(limit("payload of a reply"), shown(&builder, "payload_limit"));
    assert_eq!(limit("payload of a comma list"), shown(&builder, "list_limit"));
}

#[test]
fn the_limits_of_servers_are_those_of_the_table() {
    let timeouts = server::Timeouts::DEFAULT;
    let builder = format!("{:?}", Builder::new());
    assert_eq!(limit("concurrent connections"), shown(&builder, "max_connections"));
    assert_eq!(limit("persistent connections"), bytes(PersistentLimits::default().high));
    assert_eq!(limit("payload and tokens of a request"), bytes(MAX_BODY_LEN));
    assert_eq!(limit("payload and tokens of a request"), shown(&builder, "request_limit"));
    assert_eq!(limit("path"), bytes(MAX_TREE_PATH_LEN));
    assert_eq!(limit("alias"), bytes(MAX_ALIAS_LEN));
    assert_eq!(limit("answer bytes that the client has not read"), bytes(DEFAULT_TRANSMIT_LIMIT));
    assert_eq!(
        limit("requests and answers in progress, of all connections"),
        shown(&builder, "memory_limit")
    );
    assert_eq!(limit("silence within a request, or before the first"), seconds(timeouts.request));
    assert_eq!(limit("time for a whole request"), seconds(timeouts.request_total));
    assert_eq!(limit("time in which the client reads no byte of an answer"), seconds(timeouts.send));
    assert_eq!(limit("time for the answer bytes that wait"), seconds(timeouts.send_total));
    assert_eq!(limit("idle time, when the server has many clients"), seconds(timeouts.idle_low));
    assert_eq!(limit("idle time"), seconds(timeouts.idle_high));
    assert_eq!(
        limit("time for requests in progress when the server stops"),
        shown(&builder, "shutdown_grace")
    );
    assert!(builder.contains("127.0.0.1:4304"), "the default address is another one: {builder}");
}

/// A row that no test reads could be wrong.
#[test]
fn every_row_of_the_tables_is_compared() {
    let (_, tables) = SECURITY.split_once("## Limits").unwrap();
    let rows = tables.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| limit "));
    let source = include_str!("security_limits.rs");
    for row in rows {
        let what = row.split(" | ").next().unwrap().trim_start_matches("| ");
        assert!(source.contains(&format!("limit(\"{what}\")")), "{what:?} is not compared");
    }
}

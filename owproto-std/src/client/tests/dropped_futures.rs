//! Futures of calls that are dropped before they end.

use owproto_tests::path_server;

use super::executor::{block_on, poll_times};
use super::scenario::*;
use super::virtual_time::{self as world, Client, perform};
use crate::{Builder, DirOptions};

/// Makes a call and drops its future, after every number of polls. The next calls must get their own replies.
fn check_dropped_at_every_poll(call: &Call, complete: &Outcome, warm: bool, persistent: bool) {
    let mut count = 0;
    loop {
        world::reset(vec![serving(); 8], 5);
        world::yield_once();
        let client = Client::build(Builder::default().persistent(persistent));
        if warm {
            assert_eq!(block_on(client.read("/warm")).unwrap(), path_server::value_of(b"/warm"));
        }
        let outcome = poll_times(count, perform(&client, Via::Client, call));
        assert_eq!(world::open_connections(), client.shared().pool.idle(), "{count} polls");
        for path in ["/next", "/other"] {
            assert_eq!(
                block_on(client.read(path)).unwrap(),
                path_server::value_of(path.as_bytes()),
                "{count} polls"
            );
        }
        assert_eq!(block_on(client.write("/next", "123")).unwrap(), 3);
        assert_eq!(world::open_connections(), usize::from(persistent));
        if let Some(outcome) = outcome {
            assert_eq!(outcome, *complete);
            break;
        }
        count += 1;
    }
    assert!(count > 5, "{call:?} ends after {count} polls");
}

#[test]
fn the_next_call_is_right_after_a_call_was_dropped_at_any_poll() {
    for (call, complete) in [
        (Call::Read("/a"), gives("value of /a")),
        (Call::Write("/a", "1"), Outcome::Count(1)),
        (Call::Dir("/"), lists(&path_server::ENTRIES)),
        (Call::DirEach("/"), lists(&path_server::ENTRIES)),
        (Call::DirIter("/", 9), lists(&path_server::ENTRIES)),
        (Call::Get("/a"), gives("value of /a")),
        (
            Call::ReadMany(vec!["/a", "/b", "/c"]),
            Outcome::Many(vec![gives("value of /a"), gives("value of /b"), gives("value of /c")]),
        ),
    ] {
        for (warm, persistent) in [(false, true), (true, true), (false, false)] {
            check_dropped_at_every_poll(&call, &complete, warm, persistent);
        }
    }
}

#[test]
fn a_listing_ends_when_the_future_of_its_next_entry_is_dropped() {
    world::reset(vec![serving(); 3], 5);
    let client = Client::build(Builder::default());
    let mut listing = block_on(client.dir_iter("/", DirOptions::new())).unwrap();
    assert_eq!(block_on(listing.next()).unwrap().unwrap(), b"/one");
    world::yield_once();
    assert!(poll_times(1, listing.next()).is_none());
    assert!(block_on(listing.next()).is_none());
    assert_eq!(world::open_connections(), 0);
    assert_eq!(block_on(client.read("/a")).unwrap(), path_server::value_of(b"/a"));
}

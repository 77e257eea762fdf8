//! Anything may happen on the line and with the clients: each request has an answer, and all is well when it is over.

use owproto_core::Request;
use owproto_core::time::Duration;
use owproto_onewire::emulation::{Line, Presence};
use proptest::prelude::*;

use crate::support::*;

#[derive(Clone, Debug)]
enum Act {
    Ask(usize),
    Leave(usize),
    Pass(u64),
    Plug(usize, bool),
    Line(usize),
    Disturb(u32, u32),
    Calm,
}

fn requests() -> Vec<Request<'static>> {
    vec![
        Request::read("/28.010000900000/temperature").unwrap(),
        Request::read("/uncached/28.010000900000/temperature9").unwrap(),
        Request::read("/28.020000900000/latesttemp").unwrap(),
        Request::read("/28.020000900000/temphigh").unwrap(),
        Request::read("/uncached/10.030000900800/power").unwrap(),
        Request::read("/uncached/3A.040000000000/PIO.ALL").unwrap(),
        Request::read("/28.050000900000/temperature").unwrap(),
        Request::write("/28.010000900000/templow", b"3").unwrap(),
        Request::write("/3A.040000000000/PIO.B", b"1").unwrap(),
        Request::write("/simultaneous/temperature", b"1").unwrap(),
        Request::dirall("/uncached").unwrap(),
        Request::dirall("/uncached/alarm").unwrap(),
        Request::dir("/").unwrap(),
        Request::presence("/uncached/28.020000900000").unwrap(),
        Request::presence("/28.777777777777").unwrap(),
        Request::presence("/28.888888888888").unwrap(),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => (0..requests().len()).prop_map(Act::Ask),
        2 => (0usize..8).prop_map(Act::Leave),
        4 => (0u64..1500).prop_map(Act::Pass),
        1 => (0usize..6, any::<bool>()).prop_map(|(slave, is_in)| Act::Plug(slave, is_in)),
        1 => (0usize..3).prop_map(Act::Line),
        1 => (0u32..500, 0u32..500).prop_map(|(after, every)| Act::Disturb(after, every)),
        1 => Just(Act::Calm),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn each_request_has_an_answer(acts in proptest::collection::vec(act(), 1..40)) {
        let mut bed = Bed::new();
        let mut clients: Vec<Client> = Vec::new();
        for act in acts {
            match act {
                // One more than can wait.
                Act::Ask(n) if clients.len() < 5 => {
                    let mut client = Client::asks(requests()[n], bed.now());
                    if !bed.serve(&mut client) {
                        clients.push(client);
                    }
                }
                Act::Ask(_) => bed.finish(&mut clients),
                Act::Leave(n) => {
                    if n < clients.len() {
                        let client = clients.swap_remove(n);
                        bed.leave(client);
                    }
                }
                Act::Pass(millis) => bed.pass(Duration::from_millis(millis)),
                Act::Plug(slave, is_in) => {
                    let presence = if is_in { Presence::Present } else { Presence::Absent };
                    bed.slave(slave).set_presence(presence);
                }
                Act::Line(n) => bed.wire().set_line([Line::Sound, Line::Shorted, Line::Cut][n]),
                Act::Disturb(after, every) => bed.wire().disturb(after, every),
                Act::Calm => bed.wire().stop_disturbing(),
            }
        }
        bed.finish(&mut clients);
        for client in &clients {
            prop_assert!(!client.sent.is_empty());
        }
        bed.wire().stop_disturbing();
        bed.wire().set_line(Line::Sound);
        for slave in [AT_KITCHEN, AT_CELLAR, AT_ATTIC, AT_LAMP] {
            bed.slave(slave).set_presence(Presence::Present);
        }
        bed.slave(AT_GUEST).set_presence(Presence::Absent);
        bed.pass(Duration::from_secs(16));
        prop_assert!(bed.list("/uncached").unwrap().len() >= 4);
        let value: f64 = bed.read("/uncached/28.010000900000/temperature").unwrap().parse().unwrap();
        prop_assert!((21.0..=24.0).contains(&value));
        prop_assert_eq!(bed.write("/3A.040000000000/PIO.ALL", "1,0"), 0);
        prop_assert_eq!(bed.wire().violations(), 0);
    }
}

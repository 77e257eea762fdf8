//! Random faults of the line, and clients that come and go: each request is answered, and the bus recovers.

use owproto_core::Request;
use owproto_core::time::Duration;
use owproto_onewire::emulation::{Line, Presence};
use proptest::prelude::*;

use crate::support::*;

#[derive(Clone, Debug)]
enum Action {
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

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        8 => (0..requests().len()).prop_map(Action::Ask),
        2 => (0usize..8).prop_map(Action::Leave),
        4 => (0u64..1500).prop_map(Action::Pass),
        1 => (0usize..6, any::<bool>()).prop_map(|(slave, is_in)| Action::Plug(slave, is_in)),
        1 => (0usize..3).prop_map(Action::Line),
        1 => (0u32..500, 0u32..500).prop_map(|(after, every)| Action::Disturb(after, every)),
        1 => Just(Action::Calm),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn each_request_is_answered_whatever_happens_on_the_line(actions in proptest::collection::vec(action(), 1..40)) {
        let mut bed = TestBed::new();
        let mut clients: Vec<Client> = Vec::new();
        for action in actions {
            match action {
                // One more than there are waiters.
                Action::Ask(n) if clients.len() < 5 => {
                    let mut client = Client::asks(requests()[n], bed.now());
                    if !bed.serve(&mut client) {
                        clients.push(client);
                    }
                }
                Action::Ask(_) => bed.finish(&mut clients),
                Action::Leave(n) => {
                    if n < clients.len() {
                        let client = clients.swap_remove(n);
                        bed.leave(client);
                    }
                }
                Action::Pass(millis) => bed.pass(Duration::from_millis(millis)),
                Action::Plug(slave, is_in) => {
                    let presence = if is_in { Presence::Present } else { Presence::Absent };
                    bed.slave(slave).set_presence(presence);
                }
                Action::Line(n) => bed.wire().set_line([Line::Sound, Line::Shorted, Line::Cut][n]),
                Action::Disturb(after, every) => bed.wire().disturb(after, every),
                Action::Calm => bed.wire().stop_disturbing(),
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

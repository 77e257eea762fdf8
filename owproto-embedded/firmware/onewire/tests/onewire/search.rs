use owproto_core::text::RomId;
use owproto_core::time::Instant;
use owproto_onewire::emulation::{EmulatedWire, Presence, Slave};
use owproto_onewire::{Fault, Found, Master, Participants, Search};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

type Quiet = fn() -> Instant;

fn wire<const N: usize>(ids: &[RomId]) -> Master<EmulatedWire<Quiet, N>> {
    let mut slaves = [const { Slave::switch(RomId::new(0x3a, [0; 6])) }; N];
    for (n, slave) in slaves.iter_mut().enumerate() {
        match ids.get(n) {
            Some(id) => *slave = Slave::switch(*id),
            None => slave.set_presence(Presence::Absent),
        }
    }
    Master::new(EmulatedWire::new((|| Instant::ZERO) as Quiet, slaves))
}

fn all<const N: usize>(
    master: &mut Master<EmulatedWire<Quiet, N>>,
    mut search: Search,
) -> Result<Vec<RomId>, Fault> {
    let mut found = Vec::new();
    // A reset, a command and 64 bits each, and one more; a disturbed search may find some twice.
    for _ in 0..=66 * (2 * N + 1) {
        match search.step(master)? {
            Found::Nothing => {}
            Found::Device(id) => found.push(id),
            Found::End => return Ok(found),
        }
    }
    panic!("no end");
}

/// Addresses that share many bits and such that share few.
fn id() -> impl Strategy<Value = RomId> {
    (prop_oneof![Just(0x28), any::<u8>()], vec(prop_oneof![Just(0), Just(1), Just(0x80), any::<u8>()], 6))
        .prop_map(|(family, id)| RomId::new(family, id.try_into().unwrap()))
        .prop_filter("an address of zeros looks like a short", |id| id.to_bytes() != [0; 8])
}

/// In the order in which a search finds them: by bits, lowest first.
fn in_order(ids: impl IntoIterator<Item = RomId>) -> Vec<RomId> {
    let mut ids: Vec<_> = ids.into_iter().collect();
    ids.sort_by_key(|id| id.to_bytes().map(u8::reverse_bits));
    ids
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn finds_all_in_any_tree(ids in btree_set(id(), 0..=16)) {
        let ids: Vec<_> = ids.into_iter().collect();
        let mut master = wire::<16>(&ids);
        let found = all(&mut master, Search::new(Participants::All)).unwrap();
        prop_assert_eq!(found, in_order(ids));
        prop_assert_eq!(master.wire().violations(), 0);
    }

    #[test]
    fn verifies_those_that_are_there(ids in btree_set(id(), 1..=8), other in id()) {
        let is_there = ids.contains(&other);
        let ids: Vec<_> = ids.into_iter().collect();
        let mut master = wire::<8>(&ids);
        for id in &ids {
            prop_assert_eq!(all(&mut master, Search::verification(*id)).unwrap(), vec![*id]);
        }
        let found = all(&mut master, Search::verification(other)).unwrap();
        prop_assert_eq!(found, if is_there { vec![other] } else { vec![] });
    }

    /// A disturbed bit may hide a device or spoil an address, but never makes a device up.
    #[test]
    fn never_finds_what_is_not_there(ids in btree_set(id(), 1..=8), bit in 0u32..600) {
        let ids: Vec<_> = ids.into_iter().collect();
        let mut master = wire::<8>(&ids);
        master.wire_mut().disturb(bit, 0);
        if let Ok(found) = all(&mut master, Search::new(Participants::All)) {
            prop_assert!(found.iter().all(|id| ids.contains(id)));
        }
    }
}

#[test]
fn nobody_there() {
    let mut master = wire::<1>(&[]);
    assert_eq!(all(&mut master, Search::new(Participants::All)), Ok(vec![]));
    assert_eq!(all(&mut master, Search::verification(RomId::new(0x28, [1; 6]))), Ok(vec![]));
}

#[test]
fn nobody_in_alarm() {
    let mut master = wire::<1>(&[RomId::new(0x3a, [1; 6])]);
    assert_eq!(all(&mut master, Search::new(Participants::InAlarm)), Ok(vec![]));
}

#[test]
fn a_device_goes_while_it_is_searched_for() {
    let id = RomId::new(0x28, [1; 6]);
    let mut master = wire::<1>(&[id]);
    master.wire_mut().remove_after(0, 50);
    assert_eq!(all(&mut master, Search::new(Participants::All)), Err(Fault::NoAnswer));
}

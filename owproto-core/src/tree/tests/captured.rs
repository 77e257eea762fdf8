//! The captured exchanges of a real server with simulated devices, answered by the tree.

use std::format;
use std::string::String;
use std::vec::Vec;

use crate::text::captured::{from_hex, vectors};
use crate::tree::tester::Tester;
use crate::tree::tests::serve::{connection_with_bytes, serve_connection};
use crate::tree::{AliasTable, Permission, System, Tree};

/// The devices of the standard set-up.
const FAMILIES: &str = "10,28,26,05,20,29,12,1D,2D,1F,01,04,24,FF,3A,21,EF,99,DD";

/// Exchanges that differ, and why.
const DIFFERING: [(&str, &str); 2] = [
    ("read_system_pid", "the value is the process id of the real server"),
    ("alias_unknown", "the alias was removed before, by a request that is not in the file"),
];

struct Exchange {
    name: String,
    is_read_only: bool,
    request: Vec<u8>,
    reply: Vec<u8>,
}

/// The exchanges of a file that have the standard set-up and a reply. Each has one request.
fn exchanges(file: &str) -> Vec<Exchange> {
    let setup = format!("owserver --foreground --nozero -p HOST:PORT --tester={FAMILIES}");
    let read_only = setup.replace("--tester", "--readonly --tester");
    vectors(file)
        .iter()
        .filter(|vector| vector["setup"] == setup || vector["setup"] == read_only)
        .filter(|vector| vector["reply_hex"] != "")
        .map(|vector| Exchange {
            name: vector["name"].as_str().unwrap().into(),
            is_read_only: vector["setup"] == read_only,
            request: from_hex(vector["request_hex"].as_str().unwrap()),
            reply: from_hex(vector["reply_hex"].as_str().unwrap()),
        })
        .collect()
}

/// The exchanges of a file that the tree answers differently, through a transmit storage of `ROOM` bytes.
fn differing<const ROOM: usize>(file: &str, codes: &[u8]) -> Vec<String> {
    let system = System::DEFAULT.with_version("3.2p4");
    let tree = || Tree::new(Tester::new(codes)).with_aliases(AliasTable::<4, 256>::new()).with_system(system);
    // All exchanges share a tree, because settings and aliases are kept.
    let (mut usual, mut read_only) = (tree(), tree().with_permission(Permission::ReadOnly));
    let mut all = exchanges(file);
    assert!(!all.is_empty(), "{file}");
    all.retain(|exchange| {
        let tree = if exchange.is_read_only { &mut read_only } else { &mut usual };
        serve_connection(tree, connection_with_bytes::<ROOM>(&exchange.request), |_| ()).sent
            != exchange.reply
    });
    all.into_iter().map(|exchange| exchange.name).collect()
}

#[test]
fn the_tree_answers_captured_requests_as_the_real_server() {
    let codes: Vec<u8> = FAMILIES.split(',').map(|code| u8::from_str_radix(code, 16).unwrap()).collect();
    let (mut in_one_piece, mut in_pieces) = (Vec::new(), Vec::new());
    for file in ["dir", "flags", "message_types", "presence", "read", "settings", "structure", "write"] {
        in_one_piece.extend(differing::<16384>(file, &codes));
        in_pieces.extend(differing::<40>(file, &codes));
    }
    let names = DIFFERING.map(|(name, _)| name);
    assert_eq!(in_one_piece, names);
    assert_eq!(in_pieces, names);
}

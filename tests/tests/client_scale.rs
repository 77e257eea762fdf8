//! What a call costs as calls at once grow: the same.

use std::sync::Arc;

use allocation_counter::measure;
use owproto_core::wire::{Flags, Header};
use owproto_std::Builder;
use owproto_tests::responder::Responder;

const CONNECTIONS: usize = 4;

/// As many bytes as the path has, each an `x`.
fn answer(request: &[u8]) -> Vec<u8> {
    let len = request.len() - 25;
    let word = i32::try_from(len).unwrap();
    let header =
        Header { payload: word, code: word, size: word, flags: Flags::PERSISTENCE, ..Header::default() };
    [&header.to_bytes()[..], &vec![b'x'; len]].concat()
}

#[test]
fn tasks_share_a_few_connections_and_each_costs_the_same() {
    let server = Responder::start(answer);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let client =
        Arc::new(Builder::default().address(server.address().into()).connections(CONNECTIONS).build_tokio());
    let run = |tasks: usize| {
        runtime.block_on(async {
            let tasks: Vec<_> = (0..tasks)
                .map(|number| {
                    let client = Arc::clone(&client);
                    tokio::spawn(async move {
                        let path = ["/a", "/bcd"][number % 2];
                        let mut value = [0; 8];
                        let len = client.read_into(path, &mut value).await.unwrap();
                        assert_eq!(&value[..len], vec![b'x'; path.len()]);
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
        });
    };
    run(100);
    let allocations = |tasks: usize| measure(|| run(tasks)).count_total as f64 / tasks as f64;
    let (few, many) = (allocations(100), allocations(20_000));
    // Of a task there is the task itself and what the test compares with; of a call nothing.
    assert!(many <= few + 0.1, "{few} allocations a task, then {many}");
    assert!(many < 3.1, "{many} allocations a task");
    assert!(server.connections() <= CONNECTIONS, "{} connections", server.connections());
}

//! The clients of this crate, connected to its server.

use owproto_std::{Builder, Client, DirOptions};

use super::*;

fn builder(server: &sim::Server) -> Builder {
    Builder::default().server(&server.local_addr().to_string()).unwrap()
}

const PATH: &str = "/28.000028D70100/temperature";

fn make_all_calls(client: &Client) {
    client.ping().unwrap();
    assert_eq!(client.dir("/").unwrap().len(), 19);
    assert_eq!(client.dir_with("/", DirOptions::new().streamed()).unwrap().len(), 19);
    assert_eq!(client.read(PATH).unwrap(), b"         4.1");
    assert_eq!(client.read_at(PATH, 3, 8).unwrap(), b" 4.");
    assert!(client.present("/28.000028D70100").unwrap());
    assert!(!client.present("/28.000028D79900").unwrap());
    assert_eq!(client.rom_id("/28.000028D70100").unwrap().unwrap().to_string(), "28.000028D70100");
    assert_eq!(client.write("/28.000028D70100/temphigh", "30").unwrap(), 2);
    assert!(client.write("/28.000028D70100/temphigh", "x").is_err());
    let paths = vec![PATH; 300];
    for value in client.read_many(&paths) {
        assert_eq!(value.unwrap(), b"         4.1");
    }
}

#[test]
fn all_calls_of_the_blocking_client_work_with_and_without_persistence() {
    let server = server(TESTER);
    for persistent in [true, false] {
        make_all_calls(&builder(&server).persistent(persistent).build());
    }
    wait_until("all connections end", || server.statistics().connections == 0);
    assert_eq!(server.statistics().lost, 0);
}

#[test]
fn calls_of_the_tokio_client_work_with_and_without_persistence() {
    let server = server(TESTER);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        for persistent in [true, false] {
            let client = builder(&server).persistent(persistent).build_tokio();
            client.ping().await.unwrap();
            assert_eq!(client.dir("/").await.unwrap().len(), 19);
            assert_eq!(client.read(PATH).await.unwrap(), b"         4.1");
            for value in client.read_many(&[PATH; 300]).await {
                assert_eq!(value.unwrap(), b"         4.1");
            }
        }
    });
}

#[test]
fn concurrent_clients_get_correct_values_and_each_request_is_counted() {
    let server = server(TESTER);
    std::thread::scope(|scope| {
        for number in 0..8 {
            let client = builder(&server).persistent(number % 2 == 0).build();
            scope.spawn(move || {
                for _ in 0..100 {
                    assert_eq!(client.read(PATH).unwrap(), b"         4.1");
                }
            });
        }
    });
    assert_eq!(server.statistics().requests, 800);
}

#[test]
fn a_server_and_its_client_can_share_a_runtime() {
    use owproto_core::tree::{Tree, tester::Tester};
    use owproto_std::server::Server;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let server = Server::builder().port(0).start(Tree::new(Tester::new(&[0x28]))).await.unwrap();
        let client = owproto_std::tokio::Client::new(&server.local_addr().to_string()).unwrap();
        assert_eq!(client.read_number("/28.000028D70000/temperature").await.unwrap(), 4.0);
        server.with_tree(|tree| tree.settings.unaliased = true);
        assert_eq!(client.read("/settings/alias/unaliased").await.unwrap(), b"1");
        let pid = client.read_number("/system/process/pid").await.unwrap();
        assert_eq!(pid, f64::from(std::process::id()));
        server.shutdown().await;
        assert!(client.ping().await.is_err());
    });
}

#[test]
fn requests_are_answered_in_order_byte_by_byte_and_many_in_one_write() {
    let server = server(TESTER);
    let mut client = RawClient::connect(server.local_addr());
    for byte in encode_persistent(Request::read(PATH)) {
        client.send(&[byte]);
    }
    assert_eq!(client.frame().1, b"         4.1");

    // More than one read takes, and more answers than one write gathers.
    let mut requests = Vec::new();
    for n in 0..2000 {
        match n % 3 {
            0 => requests.extend(encode_persistent(Request::read(PATH))),
            1 => requests.extend(encode_persistent(Request::read("/no/such/path"))),
            _ => requests.extend(encode_persistent(Request::dirall("/"))),
        }
    }
    let mut stream = client.stream.try_clone().unwrap();
    let writer = std::thread::spawn(move || stream.write_all(&requests).unwrap());
    for n in 0..2000 {
        let (header, payload) = client.frame();
        match n % 3 {
            0 => assert_eq!(payload, b"         4.1"),
            1 => assert_eq!(header.code, -1),
            _ => assert_eq!(payload.len(), 323),
        }
        assert!(header.flags.contains(Flags::PERSISTENCE));
    }
    writer.join().unwrap();
}

#[test]
fn a_listing_of_200_entries_is_sent_in_few_pieces() {
    let server = server("tester:28*200");
    let mut client = RawClient::connect(server.local_addr());
    client.send(&encode_persistent(Request::dir("/")));
    let whole = 201 * HEADER_LEN + 200 * 17;
    let (mut received, mut pieces) = (0, 0);
    let mut buffer = vec![0; 64 << 10];
    while received < whole {
        received += client.stream.read(&mut buffer).unwrap();
        pieces += 1;
    }
    assert_eq!(received, whole);
    assert!(pieces <= 4, "{pieces} pieces");
}

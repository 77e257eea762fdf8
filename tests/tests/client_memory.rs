//! The memory of the blocking client: it allocates nothing in its steady state, and little whatever a server sends.

use std::time::Duration;

use allocation_counter::measure;
use owproto_core::wire::Header;
use owproto_std::{Client, DirOptions, Error};
use owproto_tests::frames::{self, header_announcing};
use owproto_tests::peer::Peer;

/// The value of a property is its path, or empty.
fn answer(request: &[u8]) -> Vec<u8> {
    let header = Header::from_bytes(request.first_chunk().unwrap());
    let path = request[24..].split(|&byte| byte == 0).next().unwrap();
    frames::persistent(match header.code {
        2 if path.ends_with(b"/empty") => frames::value(b""),
        2 => frames::value(path),
        3 => frames::written(header.size),
        6 => frames::rom_id([1, 2, 3, 4, 5, 6, 7, 8]),
        _ => frames::done(),
    })
}

#[test]
fn reading_into_a_buffer_allocates_nothing() {
    let server = Peer::serve(answer);
    let client = Client::builder().address(server.address().into()).build();
    let paths = ["/10.67C6697351FF/temperature", "/a", "/empty", "/29.67C6697351FF/memory/pages/page.ALL"];
    let mut buffer = [0; 100];
    let mut read_all = |client: &Client| {
        for path in paths {
            let len = client.read_into(path, &mut buffer).unwrap();
            let expected = if path == "/empty" { "" } else { path };
            assert_eq!(&buffer[..len], expected.as_bytes());
        }
    };
    read_all(&client);
    let info = measure(|| {
        for _ in 0..100 {
            read_all(&client);
            read_all(&client.with_timeout(Duration::from_secs(60)));
            client.ping().unwrap();
            assert!(client.present("/a").unwrap());
            assert_eq!(client.write("/a", "21").unwrap(), 2);
        }
    });
    assert_eq!(info.count_total, 0, "{info:?}");
    assert_eq!(server.connections(), 1);
    // The counter counts.
    let info = measure(|| drop(client.read("/a").unwrap()));
    assert_eq!((info.count_total, info.bytes_max), (1, 2), "{info:?}");
}

/// Makes a call with a new client to a server that answers everything with `bytes`. Returns the peak of the client's memory
/// and the error of the call.
fn peak_memory(bytes: &[u8], call: impl FnOnce(&Client) -> Result<(), Error>) -> (u64, Error) {
    let bytes = bytes.to_vec();
    let server = Peer::serve(move |_| bytes.clone());
    let client = Client::builder()
        .address(server.address().into())
        .payload_limit(1000)
        .list_limit(10_000)
        .total_timeout(Duration::from_secs(5))
        .build();
    let mut error = None;
    let info = measure(|| error = call(&client).err());
    (info.bytes_max, error.expect("the bytes are not a valid reply"))
}

#[test]
fn no_reply_of_a_server_takes_much_memory() {
    /// The buffers of a connection.
    const BUFFERS: u64 = 100_000;
    let read = |client: &Client| client.read("/a").map(drop);
    let dir = |client: &Client| client.dir("/").map(drop);
    let stream = |client: &Client| client.dir_with("/", DirOptions::new().streamed()).map(drop);
    let get = |client: &Client| client.get("/").map(drop);

    let too_long = [header_announcing(1001), vec![b'x'; 2_000_000]].concat();
    for payload in [1001, 100_000, i32::MAX] {
        for call in [read, get] {
            let (bytes, error) = peak_memory(&[header_announcing(payload), too_long.clone()].concat(), call);
            assert!(bytes < BUFFERS, "{bytes} bytes for {payload}: {error}");
            assert!(error.to_string().contains("the limit is 1000"), "{error}");
        }
        let (bytes, error) = peak_memory(&header_announcing(payload.max(10_001)), dir);
        assert!(bytes < BUFFERS, "{bytes} bytes for {payload}: {error}");
        assert!(error.to_string().contains("the limit is 10000"), "{error}");
    }

    // A million entries, and no last frame.
    let endless = frames::persistent(frames::entry("/a")).repeat(1_000_000);
    let (bytes, error) = peak_memory(&endless, stream);
    assert!(bytes < 3 * BUFFERS, "{bytes} bytes: {error}");
    assert!(error.to_string().contains("the limit is 10000"), "{error}");

    // Keepalives without a pause.
    let keepalives = Header::KEEPALIVE.to_bytes().repeat(100_000);
    let server = Peer::serve(move |_| keepalives.clone());
    let client = Client::builder().address(server.address().into()).build();
    let mut result = Ok(());
    let info = measure(|| result = client.with_timeout(Duration::from_millis(300)).read("/a").map(drop));
    assert!(result.is_err_and(|error| error.is_timeout()));
    assert!(info.bytes_max < BUFFERS, "{info:?}");

    // Not an owserver.
    let (bytes, error) = peak_memory(&b"HTTP/1.1 200 OK\r\n".repeat(100_000), read);
    assert!(bytes < BUFFERS, "{bytes} bytes: {error}");
}

//! A relay from a machine in memory to a server on a real socket.
//!
//! It forwards bytes and the end of a connection unchanged: it connects two networks, and is neither a peer nor a fault.

use std::cell::Cell;
use std::net::SocketAddr;
use std::time::Duration;

use embassy_net::Stack;
use embassy_net::tcp::TcpSocket;
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Bytes of each buffer.
const BUFFER: usize = 4096;

/// How long the last bytes may take to reach the client.
const LAST_BYTES: Duration = Duration::from_secs(1);

/// The side that has reset the connection.
enum Reset {
    Client,
    Server,
}

/// Accepts one connection after the other on a port of this machine, and connects to the server for each.
///
/// # Panics
///
/// If the port is 0, or the server cannot be reached.
pub async fn relay(stack: Stack<'static>, port: u16, server: &Cell<SocketAddr>) {
    let buffer = || vec![0; BUFFER].leak();
    let mut client = TcpSocket::new(stack, buffer(), buffer());
    client.set_nagle_enabled(false);
    loop {
        if client.accept(port).await.is_ok() {
            let mut server = TcpStream::connect(server.get()).await.expect("the server listens");
            server.set_nodelay(true).expect("a socket has this option");
            match forward_both(&mut client, &mut server).await {
                Ok(()) => drop(tokio::time::timeout(LAST_BYTES, client.flush()).await),
                Err(Reset::Server) => {}
                Err(Reset::Client) => {
                    SockRef::from(&server)
                        .set_linger(Some(Duration::ZERO))
                        .expect("a socket has this option");
                }
            }
        }
        client.abort();
        let _ = tokio::time::timeout(LAST_BYTES, client.flush()).await;
    }
}

/// Forwards both directions, until both sides have closed or one has reset.
async fn forward_both(client: &mut TcpSocket<'_>, server: &mut TcpStream) -> Result<(), Reset> {
    let (mut requests, mut replies) = ([0; BUFFER], [0; BUFFER]);
    let (mut client_sends, mut server_sends) = (true, true);
    while client_sends || server_sends {
        tokio::select! {
            received = client.read(&mut requests), if client_sends => match received {
                Ok(0) => {
                    client_sends = false;
                    server.shutdown().await.map_err(|_| Reset::Server)?;
                }
                Ok(n) => server.write_all(&requests[..n]).await.map_err(|_| Reset::Server)?,
                Err(_) => return Err(Reset::Client),
            },
            received = server.read(&mut replies), if server_sends => match received {
                Ok(0) => {
                    server_sends = false;
                    client.close();
                }
                Ok(n) => {
                    let mut rest = &replies[..n];
                    while !rest.is_empty() {
                        let sent = client.write(rest).await.map_err(|_| Reset::Client)?;
                        rest = &rest[sent..];
                    }
                }
                Err(_) => return Err(Reset::Server),
            },
        }
    }
    Ok(())
}

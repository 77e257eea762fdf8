//! From a machine that is made of memory to a server on a real socket: what is on the way, and how it ends, is passed on
//! as it is.

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

/// How long the last bytes may take to the client.
const LAST_BYTES: Duration = Duration::from_secs(1);

/// Who has reset the connection.
enum Reset {
    Client,
    Server,
}

/// Takes one connection after the other on a port of this machine, and makes one to the server for each.
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
            let mut server = TcpStream::connect(server.get()).await.expect("the server is there");
            server.set_nodelay(true).expect("a socket has this option");
            match pass_on(&mut client, &mut server).await {
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

/// Both directions, until both sides have closed or one has reset.
async fn pass_on(client: &mut TcpSocket<'_>, server: &mut TcpStream) -> Result<(), Reset> {
    let (mut requests, mut answers) = ([0; BUFFER], [0; BUFFER]);
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
            received = server.read(&mut answers), if server_sends => match received {
                Ok(0) => {
                    server_sends = false;
                    client.close();
                }
                Ok(n) => {
                    let mut rest = &answers[..n];
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

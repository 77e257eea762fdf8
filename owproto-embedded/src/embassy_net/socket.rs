//! How the client and the server close a socket.

use embassy_net::tcp::{State, TcpSocket};
use embassy_time::{Duration, with_timeout};

/// How long the peer may take to acknowledge the last bytes.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the peer may take to close its side after ours.
const LINGER: Duration = Duration::from_secs(1);

/// Closes a connection so that all sent bytes arrive, and the socket can be used again. Does nothing if the connection
/// has ended.
pub(super) async fn close(socket: &mut TcpSocket<'_>) {
    socket.close();
    let is_sent = with_timeout(FLUSH_TIMEOUT, socket.flush()).await.is_ok_and(|sent| sent.is_ok());
    if is_sent {
        // Discard what the peer still sends, to reach the end of its stream.
        let end = async {
            while socket.read_with(|bytes| (bytes.len(), bytes.len())).await.is_ok_and(|n| n > 0) {}
        };
        let _ = with_timeout(LINGER, end).await;
    }
    abort(socket).await;
}

/// Resets a connection that has not ended, and waits until the reset is sent.
pub(super) async fn abort(socket: &mut TcpSocket<'_>) {
    if !matches!(socket.state(), State::Closed | State::TimeWait) {
        socket.abort();
        let _ = with_timeout(LINGER, socket.flush()).await;
    }
}

//! What both ends do with a socket.

use embassy_net::tcp::{State, TcpSocket};
use embassy_time::{Duration, with_timeout};

/// How long the other side may take to acknowledge what was sent last.
const LAST_BYTES: Duration = Duration::from_secs(10);

/// How long it may take to close its side after ours.
const LINGER: Duration = Duration::from_secs(1);

/// Ends a connection so that what was sent arrives, and the socket can be used again. Nothing is done for one that has
/// ended.
pub(super) async fn close(socket: &mut TcpSocket<'_>) {
    socket.close();
    let is_sent = with_timeout(LAST_BYTES, socket.flush()).await.is_ok_and(|sent| sent.is_ok());
    if is_sent {
        // What it still sends is nobody's concern, but its end comes after it.
        let end = async {
            while socket.read_with(|bytes| (bytes.len(), bytes.len())).await.is_ok_and(|n| n > 0) {}
        };
        let _ = with_timeout(LINGER, end).await;
    }
    abort(socket).await;
}

/// Resets a connection that has not ended, and sees to it that the other side is told.
pub(super) async fn abort(socket: &mut TcpSocket<'_>) {
    if !matches!(socket.state(), State::Closed | State::TimeWait) {
        socket.abort();
        let _ = with_timeout(LINGER, socket.flush()).await;
    }
}

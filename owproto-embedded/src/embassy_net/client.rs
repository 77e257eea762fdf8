use core::net::SocketAddr;

use embassy_time::Delay;
use owproto_core::client::Connection;
use owproto_core::time::Instant;

use super::clock::now;
use super::dialer::Dialer;
use crate::asynchronous::ReconnectingClient;

/// A [`ReconnectingClient`] on embassy's network and clock; [`client`] creates one.
///
/// `S`, `R`, `B` and `DEPTH` are those of [`ReconnectingClient`]; `'n` is the time for which it borrows the [`Dialer`],
/// and `'s` the lifetime of the socket.
pub type Client<'n, 's, S, R, B, const DEPTH: usize = 1> =
    ReconnectingClient<'n, Dialer<'s>, Delay, fn() -> Instant, S, R, B, DEPTH>;

/// A client of the owserver at this address, which connects through `dialer`. It connects with the first call.
///
/// `connection` and `receive` are as for [`ReconnectingClient::new`].
///
/// ```
/// use embassy_net::Stack;
/// use embassy_net::tcp::TcpSocket;
/// use embassy_time::Timer;
/// use owproto_embedded::Sensor;
/// use owproto_embedded::owproto_core::client::Connection;
/// use owproto_embedded::embassy_net::{Dialer, client};
///
/// const SENSORS: [Sensor<'_>; 2] = [
///     Sensor::temperature("/10.67C6697351FF/temperature"),
///     Sensor::temperature("/28.4AEC29CDBAAB/temperature"),
/// ];
///
/// async fn watch(stack: Stack<'_>) {
///     let (mut receive, mut transmit) = ([0; 512], [0; 256]);
///     let dialer = Dialer::new(TcpSocket::new(stack, &mut receive, &mut transmit));
///     // Four requests in flight.
///     let connection: Connection<_, _, 4> = Connection::new([0; 256], [0; 32]);
///     let mut client = client(&dialer, ([192, 168, 1, 2], 4304).into(), connection, [0; 128]);
///     loop {
///         let readings = client.read_sensors(&SENSORS, |index, reading| {
///             // A sensor that is missing, or whose value is implausible, affects its own reading only.
///             let _ = (index, reading);
///         });
///         if readings.await.is_err() {
///             // No server. The next round tries again, with growing delays.
///         }
///         Timer::after_secs(10).await;
///     }
/// }
/// ```
pub fn client<'n, 's, S, R, B, const DEPTH: usize>(
    dialer: &'n Dialer<'s>,
    server: SocketAddr,
    connection: Connection<S, R, DEPTH>,
    receive: B,
) -> Client<'n, 's, S, R, B, DEPTH> {
    ReconnectingClient::new(dialer, server, Delay, now, connection, receive)
}

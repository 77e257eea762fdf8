use embedded_io_async::{ErrorType, Read, Write};
use embedded_nal_async::TcpConnect;

/// A connection, or none, which behaves like a connection that the peer has closed.
pub(super) struct Stream<'n, N: TcpConnect + 'n>(pub(super) Option<N::Connection<'n>>);

impl<N: TcpConnect> ErrorType for Stream<'_, N> {
    type Error = N::Error;
}

impl<N: TcpConnect> Read for Stream<'_, N> {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, N::Error> {
        match &mut self.0 {
            Some(stream) => stream.read(buffer).await,
            None => Ok(0),
        }
    }
}

impl<N: TcpConnect> Write for Stream<'_, N> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, N::Error> {
        match &mut self.0 {
            Some(stream) => stream.write(bytes).await,
            None => Ok(0),
        }
    }

    async fn flush(&mut self) -> Result<(), N::Error> {
        match &mut self.0 {
            Some(stream) => stream.flush().await,
            None => Ok(()),
        }
    }
}

use owproto_core::client::{RequestId, SendError};
use owproto_core::message::listing::is_ambiguous;
use owproto_core::wire::MessageType;
use owproto_core::{Request, Storage};

use super::state::DirallSupport;
use super::{CallError, Client};
use crate::smoltcp::time::from_smoltcp;

impl<S: Storage, R: Storage, const DEPTH: usize> Client<S, R, DEPTH> {
    /// Requests the value at a path (READ).
    ///
    /// # Errors
    /// As [`request`](Self::request).
    pub fn read(
        &mut self,
        path: &(impl AsRef<[u8]> + ?Sized),
        now: smoltcp::time::Instant,
    ) -> Result<RequestId, CallError> {
        self.request(&Request::read(path)?.with_flags(self.flags), now)
    }

    /// Requests to write a value to a path (WRITE).
    ///
    /// # Errors
    /// As [`request`](Self::request).
    pub fn write(
        &mut self,
        path: &(impl AsRef<[u8]> + ?Sized),
        data: &(impl AsRef<[u8]> + ?Sized),
        now: smoltcp::time::Instant,
    ) -> Result<RequestId, CallError> {
        self.request(&Request::write(path, data)?.with_flags(self.flags), now)
    }

    /// Requests whether a path exists (PRESENCE). The reply is an error if it does not.
    ///
    /// # Errors
    /// As [`request`](Self::request).
    pub fn present(
        &mut self,
        path: &(impl AsRef<[u8]> + ?Sized),
        now: smoltcp::time::Instant,
    ) -> Result<RequestId, CallError> {
        self.request(&Request::presence(path)?.with_flags(self.flags), now)
    }

    /// Requests whether the server responds (NOP).
    ///
    /// # Errors
    /// As [`request`](Self::request).
    pub fn ping(&mut self, now: smoltcp::time::Instant) -> Result<RequestId, CallError> {
        self.request(&Request::nop().with_flags(self.flags), now)
    }

    /// Requests a directory listing. Its entries arrive in any number of [`Event::Entries`](super::Event::Entries). The
    /// receive storage of the connection has to hold one entry.
    ///
    /// The client sends DIRALL, or DIR if a comma list would be ambiguous or the server refuses DIRALL. The first refusal
    /// is reported as a [lost](super::Event::Lost) request that is safe to send again; the client remembers it.
    ///
    /// # Errors
    /// As [`request`](Self::request).
    pub fn dir(
        &mut self,
        path: &(impl AsRef<[u8]> + ?Sized),
        now: smoltcp::time::Instant,
    ) -> Result<RequestId, CallError> {
        let is_dirall = !is_ambiguous(path.as_ref())
            && self.capabilities.substitute_for(MessageType::DIRALL) == MessageType::DIRALL
            && !matches!(self.dirall_support, DirallSupport::Probing(_));
        let request = if is_dirall { Request::dirall(path)? } else { Request::dir(path)? };
        let id = self.request(&request.with_flags(self.flags), now)?;
        if is_dirall && self.dirall_support == DirallSupport::Unknown {
            self.dirall_support = DirallSupport::Probing(id);
        }
        Ok(id)
    }

    /// Accepts any request, and sends it unchanged.
    ///
    /// # Errors
    /// [`SendError::TooManyInFlight`] if there is no [`room`](Self::room), [`SendError::BufferFull`], and
    /// [`CallError::Request`] if the request is invalid. The state of the client is unchanged.
    pub fn request(
        &mut self,
        request: &Request<'_>,
        now: smoltcp::time::Instant,
    ) -> Result<RequestId, CallError> {
        if self.room() == 0 {
            return Err(SendError::TooManyInFlight.into());
        }
        self.is_blocked = false;
        Ok(self.connection.request(request, from_smoltcp(now))?)
    }
}

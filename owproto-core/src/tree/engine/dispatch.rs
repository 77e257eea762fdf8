use core::task::{Context, Poll};

use super::job::{Job, Phase};
use super::stop::{StopReason, ready, require_room};
use super::target::{PropertyTarget, RequestContext, Target};
use super::tree::{Permission, Support, Tree};
use crate::codec::RequestFrame;
use crate::message::{MAX_BODY_LEN, MAX_PATH_LEN, ReturnCode};
use crate::server::{Answer, Connection, LastFrame, ReplyHeader};
use crate::storage::Storage;
use crate::text::RomId;
use crate::time::Instant;
use crate::tree::alias::Aliases;
use crate::tree::bus::{Access, Bus, Operation, Refresh};
use crate::tree::model::family::Node;
use crate::tree::model::path::{DeviceName, ParsedPath, PathKind};
use crate::tree::model::scope::Scope;
use crate::wire::{Flags, MessageType, word};

impl<B: Bus, A: Aliases> Tree<B, A> {
    /// Continues the answer to the request of a connection, as far as its transmit storage has room.
    ///
    /// - `Ready`: the answer is complete, or bytes have to be sent first, or there is no request. The connection's
    ///   [`step`](Connection::step) says which.
    /// - `Pending`: the bus is not ready. Look at `step` first, because there may be bytes to send, such as the entries
    ///   before the missing one. Then call this again when the waker was used, or at any other time. Until then the
    ///   connection's timeouts run, and keepalives are sent.
    pub fn serve<T: Storage, R: Storage>(
        &mut self,
        connection: &mut Connection<T, R>,
        job: &mut Job,
        now: Instant,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        let Some((request, mut answer)) = connection.answer(now) else {
            self.cancel(job);
            return Poll::Ready(());
        };
        if matches!(job.phase, Phase::Idle) {
            self.last_operation = self.last_operation.wrapping_add(1);
            *job = Job { phase: Phase::Started, operation: Operation(self.last_operation), ..Job::new() };
        }
        let mut result = self.advance(job, &request, &mut answer, now, context);
        if let Err(stop) = result
            && let Some(code) = stop.code()
        {
            job.phase = Phase::Failed(stop);
            // Within a frame, no error can be sent.
            let head = ReplyHeader { ret: code.to_ret(), ..ReplyHeader::default() };
            result = if answer.remaining() > 0 {
                Err(StopReason::ABORT)
            } else {
                require_room(answer.try_begin(head, LastFrame::Yes))
            };
        }
        match result {
            Err(StopReason::PENDING) => return Poll::Pending,
            Err(StopReason::BUFFER_FULL) => return Poll::Ready(()),
            Err(_) => {
                answer.abort();
                self.bus.cancel(job.operation);
            }
            Ok(()) => {}
        }
        job.phase = Phase::Idle;
        Poll::Ready(())
    }

    /// Cancels the work for a connection that has ended, and informs the bus. Call this if a connection ends before its
    /// answer is complete.
    pub fn cancel(&mut self, job: &mut Job) {
        if !matches!(job.phase, Phase::Idle) {
            self.bus.cancel(job.operation);
            job.phase = Phase::Idle;
        }
    }

    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    fn advance<T: Storage>(
        &mut self,
        job: &mut Job,
        request: &RequestFrame<'_>,
        answer: &mut Answer<'_, T>,
        now: Instant,
        context: &mut Context<'_>,
    ) -> Result<(), StopReason> {
        if let Phase::Failed(stop) = job.phase {
            return Err(stop);
        }
        let message_type = request.message_type();
        let is_supported = match message_type {
            MessageType::NOP => {
                return require_room(answer.try_begin(ReplyHeader::default(), LastFrame::Yes));
            }
            MessageType::READ | MessageType::WRITE | MessageType::DIR | MessageType::PRESENCE => true,
            MessageType::DIRALL | MessageType::DIRALLSLASH => self.dirall == Support::Full,
            MessageType::GET | MessageType::GETSLASH => self.get == Support::Full,
            _ => false,
        };
        if !is_supported {
            return Err(ReturnCode::MESSAGE_TYPE_NOT_SUPPORTED.into());
        }
        if request.header.payload == 0 {
            return Err(ReturnCode::BAD_MESSAGE.into());
        }
        if request.is_cut() {
            return Err(ReturnCode::MESSAGE_SIZE.into());
        }
        let path = request.path().and_then(|path| ParsedPath::parse_in_scope(path, B::SCOPE));
        let path = path.ok_or(ReturnCode::NO_SUCH_PATH)?;
        self.refresh(job, request, &path, context)?;
        let target = self.target(job, &path, context)?;
        if message_type == MessageType::PRESENCE {
            return answer_presence(job, answer);
        }
        let is_write = message_type == MessageType::WRITE;
        // A path that fills the whole payload leaves no room for its NUL (owfs: `read.c`, `dir.c`, `dirall.c`).
        if !is_write && request.payload.len() > MAX_PATH_LEN.wrapping_add(1) {
            return Err(ReturnCode::MESSAGE_SIZE.into());
        }
        if is_write && (!B::SCOPE.contains(Scope::WRITES) || self.permission == Permission::ReadOnly) {
            return Err(ReturnCode::READ_ONLY_SERVER.into());
        }
        let mut request_context =
            RequestContext { frame: request, path: &path, device: job.found(), context };
        let is_access = match message_type {
            MessageType::READ | MessageType::WRITE => true,
            MessageType::GET | MessageType::GETSLASH => !target.is_directory(),
            _ => false,
        };
        if !is_access {
            return self.list(job, &target, &mut request_context, answer);
        }
        let size = word::to_len(request.header.size).filter(|size| (1..=MAX_BODY_LEN).contains(size));
        if !is_write && size.is_none() {
            return Err(ReturnCode::MESSAGE_SIZE.into());
        }
        match target {
            // `/structure` describes a branch, although it is a directory.
            Target::Node(owner, family, Node::Property(property, element))
                if (owner.is_structure(B::SCOPE) && !is_write) || !target.is_directory() =>
            {
                let (device, bus) = (job.device, job.bus.unwrap_or_default());
                let (offset, is_uncached, operation) = (0, false, job.operation);
                let access =
                    Access { device, bus, family, property, element, offset, is_uncached, now, operation };
                let mut target = PropertyTarget { owner, access };
                if B::SCOPE.contains(Scope::WRITES) && is_write {
                    self.write(job, &mut target, &mut request_context, answer)
                } else {
                    self.read(job, &mut target, size.unwrap_or_default(), &mut request_context, answer)
                }
            }
            _ => Err(ReturnCode::IS_A_DIRECTORY.into()),
        }
    }

    /// Has the bus searched again, once, for an uncached listing or PRESENCE.
    fn refresh(
        &mut self,
        job: &mut Job,
        request: &RequestFrame<'_>,
        path: &ParsedPath<'_>,
        context: &mut Context<'_>,
    ) -> Result<(), StopReason> {
        let is_uncached = path.is_uncached || request.header.flags.contains(Flags::UNCACHED);
        if job.is_refreshed || !is_uncached {
            return Ok(());
        }
        let what = match (request.message_type(), path.kind) {
            (MessageType::PRESENCE, PathKind::Device { name: DeviceName::Address(id), .. }) => {
                Refresh::Presence(id)
            }
            (MessageType::PRESENCE, PathKind::Device { name: DeviceName::Alias(alias), .. }) => {
                match self.device_of(alias) {
                    Some(id) => Refresh::Presence(id),
                    None => return Ok(()),
                }
            }
            (MessageType::PRESENCE | MessageType::READ | MessageType::WRITE, _) => return Ok(()),
            (_, PathKind::Devices) => Refresh::Devices,
            _ => return Ok(()),
        };
        ready(self.bus.refresh(what, job.operation, context))?;
        job.is_refreshed = true;
        Ok(())
    }
}

/// Answers a PRESENCE: eight bytes of payload and a size of 0 (owfs: `data.c`), in any storage that has room for a
/// header.
fn answer_presence<T: Storage>(job: &mut Job, answer: &mut Answer<'_, T>) -> Result<(), StopReason> {
    let bytes = job.found().map_or([0; RomId::LEN], |(device, _)| device.to_bytes());
    if job.progress.total.is_none() {
        let head = ReplyHeader { payload: bytes.len(), ..ReplyHeader::default() };
        if !answer.is_worth_beginning(bytes.len()) || !answer.try_begin(head, LastFrame::Yes) {
            return Err(StopReason::BUFFER_FULL);
        }
        job.progress.total = Some(bytes.len());
    }
    job.progress.item_start = 0;
    job.progress.advance(&bytes, Some(answer));
    require_room(job.progress.is_all_sent())
}

#[cfg(test)]
mod tests;

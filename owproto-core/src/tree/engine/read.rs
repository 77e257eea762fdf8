use super::job::Job;
use super::progress::AnswerProgress;
use super::render::text_of;
use super::stop::{StopReason, require_room};
use super::target::{Owner, PropertyTarget, RequestContext, in_scope};
use super::tree::Tree;
use crate::message::ReturnCode;
use crate::server::{Answer, LastFrame, ReplyHeader, value_header};
use crate::storage::Storage;
use crate::text::{Date, RenderBuffer, Structure, ValueType};
use crate::tree::alias::{self, Aliases, MAX_LIST_LINE_LEN};
use crate::tree::builtin::statistics::count;
use crate::tree::bus::{Access, Bus, NO_VALUE};
use crate::tree::model::path::BuiltinDirectory;
use crate::tree::model::property::Element;
use crate::tree::model::scope::Scope;
use crate::wire::Flags;

/// Bytes of memory that a bus can use for text or bytes. Longer bytes are read in pieces.
const SCRATCH_LEN: usize = 512;
const _: () = assert!(SCRATCH_LEN > MAX_LIST_LINE_LEN);

/// The declared length of a record in `/structure` (owfs: `ow_filelength.c`).
const RECORD_LEN: usize = 32;

/// The part of a value that a client reads.
struct ReadWindow {
    offset: usize,
    size: usize,
    /// The number of items of the value.
    items: u32,
    /// Whether the value is bytes, which are read in pieces.
    is_bytes: bool,
}

impl ReadWindow {
    /// The length of the part, in a value of this length.
    fn len_in(&self, total: usize) -> usize {
        total.saturating_sub(self.offset).min(self.size)
    }
}

impl<B: Bus, A: Aliases> Tree<B, A> {
    /// Continues a READ of at most `size` bytes. A value is a sequence of items: one, or the elements of an `.ALL`, or
    /// the lines of the list of aliases. Bytes are one item that the bus gives in pieces; their length is known.
    pub(super) fn read<T: Storage>(
        &mut self,
        job: &mut Job,
        target: &mut PropertyTarget<'_>,
        size: usize,
        request: &mut RequestContext<'_, '_, '_>,
        answer: &mut Answer<'_, T>,
    ) -> Result<(), StopReason> {
        let (owner, Access { property, element, .. }) = (target.owner, target.access);
        let is_record = owner.is_structure(B::SCOPE);
        job.count_call(&mut self.statistics.reads);
        if !is_record && !property.access.is_readable() {
            return Err(ReturnCode::OPERATION_NOT_SUPPORTED.into());
        }
        let declared = match is_record {
            true => RECORD_LEN,
            false => usize::try_from(property.len_of(element)).unwrap_or(usize::MAX),
        };
        // A negative offset is a huge one (owfs: `ow_read.c`).
        let offset = usize::try_from(request.frame.header.offset).unwrap_or(usize::MAX);
        if offset >= declared {
            return require_room(answer.try_begin(ReplyHeader::default(), LastFrame::Yes));
        }
        let size = size.min(declared.wrapping_sub(offset));
        let value_type = property.type_of(element);
        let is_text = matches!(value_type, ValueType::Text | ValueType::Alias);
        if !is_record && element == Element::All && !is_text && offset.wrapping_add(size) < declared {
            return Err(ReturnCode::OUT_OF_RANGE.into());
        }
        let is_date = !is_record && element != Element::All && value_type == ValueType::Date;
        if B::SCOPE.contains(Scope::DATES) && is_date && size < Date::TEXT_LEN {
            return Err(ReturnCode::MESSAGE_SIZE.into());
        }
        let progress = &mut job.progress;
        if progress.total.is_none() {
            // Before the value is read, because without room it would have to be read again.
            require_room(answer.is_worth_beginning(size))?;
        }
        let is_bytes = !is_record && value_type == ValueType::Bytes;
        let items = if is_bytes { 1 } else { self.items(target) };
        let window = ReadWindow { offset, size, items, is_bytes };
        while !answer.is_complete() {
            let was_started = progress.total.is_some();
            if was_started && answer.room() == 0 {
                return Err(StopReason::BUFFER_FULL);
            }
            let result = if progress.item < items {
                self.item(target, &window, progress, request, answer)
            } else if was_started {
                // The items are shorter than when they were counted.
                return Err(StopReason::ABORT);
            } else {
                // All items are counted.
                let total = progress.item_start;
                let len = window.len_in(total);
                if value_type == ValueType::Text
                    && element == Element::All
                    && len < total.saturating_sub(window.offset)
                {
                    return Err(ReturnCode::MESSAGE_SIZE.into());
                }
                start_reply(total, &window, progress, request, answer)
            };
            if let Some(total) = progress.total
                && !was_started
            {
                count(&mut self.statistics.reads_answered, 1);
                count(&mut self.statistics.bytes_read, window.len_in(total));
            }
            result?;
        }
        Ok(())
    }

    /// The number of items of a value.
    fn items(&self, target: &PropertyTarget<'_>) -> u32 {
        if target.owner.is_structure(B::SCOPE) {
            return 1;
        }
        if is_alias_list::<B>(target) {
            return alias::list_len(&self.aliases);
        }
        match target.access.element {
            Element::All => target.access.property.elements().unwrap_or_default(),
            _ => 1,
        }
    }

    /// Moves past the next item, or a piece of bytes: counts it, or sends the part of it that the client reads. An item
    /// that is the whole value starts the reply itself.
    fn item<T: Storage>(
        &mut self,
        target: &PropertyTarget<'_>,
        window: &ReadWindow,
        progress: &mut AnswerProgress,
        request: &mut RequestContext<'_, '_, '_>,
        answer: &mut Answer<'_, T>,
    ) -> Result<(), StopReason> {
        let Access { property, element: requested, .. } = target.access;
        let flags = request.frame.header.flags;
        let is_second_pass = progress.total.is_some();
        let n = progress.item;
        let mut scratch = [0; SCRATCH_LEN];
        let (mut offset, mut wanted) = (0, scratch.len());
        let mut element = requested;
        if window.is_bytes {
            let element_len = usize::try_from(property.len).unwrap_or(usize::MAX).max(1);
            offset = progress.unsent.max(window.offset);
            wanted = wanted.min(window.offset.wrapping_add(window.size).wrapping_sub(offset));
            if requested == Element::All {
                let number = offset.checked_div(element_len).unwrap_or_default();
                offset = offset.wrapping_sub(number.wrapping_mul(element_len));
                element = Element::Number(u32::try_from(number).unwrap_or(u32::MAX));
            }
            wanted = wanted.min(element_len.saturating_sub(offset));
            if is_second_pass {
                wanted = wanted.min(answer.room());
            }
        } else if requested == Element::All {
            element = Element::Number(n);
        }
        let is_uncached = request.path.is_uncached || flags.contains(Flags::UNCACHED);
        let access = Access { element, offset, is_uncached: !is_second_pass && is_uncached, ..target.access };
        let scratch = scratch.get_mut(..wanted).unwrap_or_default();
        let mut rendered = RenderBuffer::new();
        let line;
        let record;
        let item: &[u8] = if target.owner.is_structure(B::SCOPE) {
            let structure: Structure = property.record(requested);
            record = structure.to_ascii();
            record.as_bytes()
        } else if is_alias_list::<B>(target) {
            line = alias::list_line(&self.aliases, n, scratch);
            line
        } else {
            let value = self.value(target.owner, &access, request, scratch)?;
            if window.is_bytes {
                value.as_bytes().and_then(|bytes| bytes.get(..wanted)).ok_or(NO_VALUE)?
            } else {
                let text = text_of::<B>(property.type_of(element), value, flags, &mut rendered)?;
                let declared = usize::try_from(property.len_of(element)).unwrap_or(usize::MAX);
                text.get(..declared).unwrap_or(text)
            }
        };
        if window.is_bytes {
            if !is_second_pass {
                let total = window.offset.wrapping_add(window.size);
                start_reply(total, window, progress, request, answer)?;
            }
            progress.unsent = progress.unsent.wrapping_add(answer.push(item));
            return Ok(());
        }
        let comma: &[u8] = if n > 0 && !is_alias_list::<B>(target) { b"," } else { b"" };
        let start = progress.item_start;
        let end = start.wrapping_add(comma.len()).wrapping_add(item.len());
        if progress.total.is_none() && window.items == 1 {
            start_reply(end, window, progress, request, answer)?;
        }
        let sends = match progress.total {
            // Checked before anything is sent at a wrong offset.
            Some(total) if end > total || (end < total && n.wrapping_add(1) == window.items) => {
                return Err(StopReason::ABORT);
            }
            total => total.is_some(),
        };
        let mut answer = sends.then_some(answer);
        progress.advance(comma, answer.as_deref_mut());
        progress.advance(item, answer);
        if sends && !progress.is_all_sent() {
            // There is no room for the rest, or the client does not read it.
            progress.item_start = start;
        } else {
            progress.item = n.wrapping_add(1);
        }
        Ok(())
    }
}

/// Starts the reply for a value of this length, of which the client reads a part.
fn start_reply<T: Storage>(
    total: usize,
    window: &ReadWindow,
    progress: &mut AnswerProgress,
    request: &RequestContext<'_, '_, '_>,
    answer: &mut Answer<'_, T>,
) -> Result<(), StopReason> {
    let head = value_header(window.len_in(total), request.frame.header.offset);
    require_room(answer.try_begin(head, LastFrame::Yes))?;
    *progress = AnswerProgress { total: Some(total), unsent: window.offset, ..AnswerProgress::NEW };
    Ok(())
}

fn is_alias_list<B: Bus>(target: &PropertyTarget<'_>) -> bool {
    in_scope::<B>(BuiltinDirectory::Settings)
        && target.owner == Owner::Builtin(BuiltinDirectory::Settings)
        && target.access.property.name == "alias/list"
}

#[cfg(test)]
mod tests;

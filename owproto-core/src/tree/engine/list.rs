pub(super) mod cursor;
mod devices;
mod entry;
mod properties;

use core::num::NonZeroUsize;

use self::cursor::Cursor;
use self::entry::Entry;
use super::job::Job;
use super::progress::AnswerProgress;
use super::stop::{StopReason, require_room};
use super::target::{Owner, RequestContext, Target};
use super::tree::Tree;
use crate::message::ReturnCode;
use crate::server::{Answer, LastFrame, ReplyHeader, entry_header};
use crate::storage::Storage;
use crate::text::ValueType;
use crate::tree::alias::Aliases;
use crate::tree::builtin::statistics::count;
use crate::tree::bus::Bus;
use crate::tree::families;
use crate::tree::model::family::{Family, Node};
use crate::tree::model::path::PathKind;
use crate::tree::model::property::Element;
use crate::tree::model::scope::Scope;
use crate::wire::{MessageType, word};

/// What is listed.
#[derive(Clone, Copy)]
enum Directory {
    Devices,
    Structure,
    /// The properties of a family whose names start with this subdirectory: all of them in `/structure`, the visible ones
    /// of a device.
    Properties(Owner, &'static Family, &'static str),
    Empty,
}

impl<B: Bus, A: Aliases> Tree<B, A> {
    /// Continues a DIR, DIRALL or DIRALLSLASH, or a GET of a directory. DIR has a frame for each entry and a last one
    /// without entry; the others have one frame with a comma list.
    pub(super) fn list<T: Storage>(
        &mut self,
        job: &mut Job,
        target: &Target<'_>,
        request: &mut RequestContext<'_, '_, '_>,
        answer: &mut Answer<'_, T>,
    ) -> Result<(), StopReason> {
        let directory = match *target {
            Target::Devices => Directory::Devices,
            Target::Structure if B::SCOPE.contains(Scope::STRUCTURE) => Directory::Structure,
            Target::Structure => return Err(StopReason::ABORT),
            Target::Node(owner, family, Node::Directory(prefix)) => {
                Directory::Properties(owner, family, prefix)
            }
            Target::Node(owner, _, Node::Property(property, Element::Only))
                if property.value_type == ValueType::Directory && !owner.is_structure(B::SCOPE) =>
            {
                Directory::Empty
            }
            Target::Node(..) => return Err(ReturnCode::NOT_A_DIRECTORY.into()),
        };
        job.count_call(&mut self.statistics.listings);
        let Job { listing, progress, device, .. } = job;
        let message_type = request.frame.message_type();
        let is_list = message_type != MessageType::DIR;
        let adds_slashes = matches!(message_type, MessageType::DIRALLSLASH | MessageType::GETSLASH);
        loop {
            let mut cursor = listing.cursor;
            let mut entry = Entry::new();
            let next = match directory {
                Directory::Devices => self.next_device(&mut cursor, listing.flags, request, &mut entry),
                Directory::Properties(owner, family, prefix) => self.next_property(
                    &mut cursor,
                    (owner, family, prefix.as_bytes()),
                    request.device,
                    &mut entry,
                ),
                Directory::Structure if B::SCOPE.contains(Scope::STRUCTURE) => {
                    self.next_family(&mut cursor, &mut entry)
                }
                Directory::Structure | Directory::Empty => Err(StopReason::END_OF_LIST),
            };
            if next == Err(StopReason::END_OF_LIST) {
                if listing.started.is_some() {
                    return Err(StopReason::ABORT);
                }
                if !is_list {
                    let head =
                        ReplyHeader { offset: word::from_bits(listing.flags), ..ReplyHeader::default() };
                    return require_room(answer.try_begin(head, LastFrame::Yes));
                }
                if progress.total.is_none() {
                    // All entries are counted. Now they are sent.
                    let len = progress.item_start;
                    let payload = if len == 0 { 0 } else { len.wrapping_add(1) };
                    let size = word::from_len(len).unwrap_or(i32::MAX);
                    let offset = word::from_bits(listing.flags);
                    require_room(
                        answer.try_begin(ReplyHeader { payload, ret: 0, size, offset }, LastFrame::Yes),
                    )?;
                    *progress = AnswerProgress { total: Some(len), ..AnswerProgress::NEW };
                    (listing.cursor, listing.flags, listing.has_entries) = (Cursor::NEW, 0, false);
                    if len == 0 {
                        return Ok(());
                    }
                    continue;
                }
                if answer.remaining() != 1 {
                    return Err(StopReason::ABORT);
                }
                return require_room(answer.push(b"\0") == 1);
            }
            next?;
            let front: &[u8] = if is_list && listing.has_entries { b",/" } else { b"/" };
            let back: &[u8] = match is_list {
                false => b"\0",
                true if adds_slashes && entry.is_directory => b"/",
                true => b"",
            };
            let start = progress.item_start;
            let parts = self.parts(&entry, (front, back), request);
            let len = parts.iter().fold(0usize, |len, part| len.wrapping_add(part.len()));
            if !is_list || progress.total.is_some() {
                let (named, is_device) = (entry.device.unwrap_or(*device), entry.device.is_some());
                match listing.started {
                    Some(started)
                        if started.get() == len && *device == named && listing.is_device == is_device => {}
                    Some(_) => return Err(StopReason::ABORT),
                    // In a DIR each entry has its own frame.
                    None if !is_list => {
                        require_room(answer.try_begin(entry_header(len.wrapping_sub(1)), LastFrame::No))?;
                        progress.unsent = start;
                    }
                    // The last byte is for the NUL.
                    None if len >= answer.remaining() => return Err(StopReason::ABORT),
                    None => {}
                }
                (*device, listing.is_device) = (named, is_device);
                for part in parts {
                    progress.advance(part, Some(answer));
                }
                if !progress.is_all_sent() {
                    progress.item_start = start;
                    listing.started = NonZeroUsize::new(len);
                    return Err(StopReason::BUFFER_FULL);
                }
                count(&mut self.statistics.entries, 1);
            } else {
                progress.item_start = start.wrapping_add(len);
            }
            if let Some(device) = entry.device {
                listing.flags |= families::family(self.families, device.family()).flags.0;
            }
            listing.started = None;
            listing.has_entries = true;
            listing.cursor = cursor;
        }
    }

    /// The text of an entry in parts, between `front` and `back`. A device that has an alias is named by it, in the entry
    /// and in the path of the directory.
    fn parts<'a>(
        &'a self,
        entry: &'a Entry,
        (front, back): (&'a [u8], &'a [u8]),
        request: &RequestContext<'_, 'a, '_>,
    ) -> [&'a [u8]; 9] {
        let path = request.path.trimmed;
        let alias_of = |device| {
            let has_aliases = A::CAPACITY != 0 && !request.path.is_unaliased && !self.settings.unaliased;
            if has_aliases { self.aliases.of(device) } else { None }
        };
        let mut parts: [&[u8]; 3] = [path, b"", b""];
        if A::CAPACITY != 0
            && let (PathKind::Device { name_span: (from, to), .. }, Some((id, _))) =
                (request.path.kind, request.device)
        {
            let named = path.get(from..to).unwrap_or_default();
            let name = alias_of(id).unwrap_or(named);
            parts = [path.get(..from).unwrap_or_default(), name, path.get(to..).unwrap_or_default()];
        }
        let [before, device, after] = parts;
        let slash: &[u8] = if path.is_empty() { b"" } else { b"/" };
        let generated = entry.device.and_then(alias_of).unwrap_or(entry.generated.as_bytes());
        // `front` has the first slash of the path.
        [front, before, device, after, slash, entry.name, generated, entry.suffix, back]
    }

    /// The next entry of `/structure`.
    fn next_family(&self, cursor: &mut Cursor, entry: &mut Entry) -> Result<(), StopReason> {
        let family = self.structure_families().nth(cursor.second).ok_or(StopReason::END_OF_LIST)?;
        cursor.second = cursor.second.wrapping_add(1);
        entry.set_directory(family.name.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests;

mod entry;

use core::cmp::Ordering;
use core::num::NonZeroUsize;

use crate::message::ReturnCode;
use crate::server::{Answer, LastFrame, ReplyHeader};
use crate::storage::Storage;
use crate::text::{RomId, ValueType};
use crate::tree::alias::Aliases;
use crate::tree::builtin::count;
use crate::tree::bus::Bus;
use crate::tree::engine::dispatch::{Host, Target, Tree, Work, special};
use crate::tree::engine::job::Job;
use crate::tree::engine::list::entry::Entry;
use crate::tree::engine::progress::{Progress, Stop, begun, done};
use crate::tree::families;
use crate::tree::model::path::Place;
use crate::tree::model::property::{Array, Element, Family, Node, Property, Visibility};
use crate::tree::model::scope::Scope;
use crate::wire::DirectoryFlags;
use crate::wire::{Flags, MessageType, word};

/// Where a listing is.
///
/// DIRALL says how long its list is before the list. A directory that changes between counting and sending, so that
/// both differ, ends the connection in the middle of the frame: the client sees that it did not get all.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::tree) struct Listing {
    cursor: Cursor,
    /// What the devices passed so far can do.
    flags: u32,
    /// Whether an entry came before.
    has_entries: bool,
    /// Bytes of the entry that was begun and does not fit at once. If the bus then has another one in its place, or none,
    /// the rest of it cannot be told any more.
    begun: Option<NonZeroUsize>,
    /// Whether that names a device, which the job keeps.
    is_device: bool,
}

impl Listing {
    pub(in crate::tree) const NEW: Self =
        Self { cursor: Cursor::NEW, flags: 0, has_entries: false, begun: None, is_device: false };
}

/// The place of an entry in its directory. What the numbers count depends on the directory.
#[derive(Clone, Copy, Debug, Default)]
struct Cursor {
    stage: Stage,
    /// Buses whose devices were listed; or properties that most devices have.
    first: u16,
    /// Devices of a bus, or what is behind them all; or properties of the family.
    second: usize,
    /// Elements of an array.
    element: u32,
}

impl Cursor {
    const NEW: Self = Self::at(Stage::Interface);

    const fn at(stage: Stage) -> Self {
        Self { stage, first: 0, second: 0, element: 0 }
    }
}

/// The parts of a directory of devices, in their order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Stage {
    #[default]
    Interface,
    Devices,
    /// Buses, and words.
    Rest,
}

/// What is listed.
#[derive(Clone, Copy)]
enum Directory {
    Devices,
    Structure,
    /// Properties of a family whose names begin so, all or the visible ones of a device.
    Properties(Host, &'static Family, &'static str),
    Empty,
}

impl<B: Bus, A: Aliases> Tree<B, A> {
    /// Goes on with a DIR, DIRALL or DIRALLSLASH, or a GET of a directory: a frame for each entry and one that ends
    /// them, or one frame with a comma list.
    pub(in crate::tree) fn list<T: Storage>(
        &mut self,
        job: &mut Job,
        target: &Target<'_>,
        work: &mut Work<'_, '_, '_>,
        answer: &mut Answer<'_, T>,
    ) -> Result<(), Stop> {
        let directory = match *target {
            Target::Devices => Directory::Devices,
            Target::Structure if B::SCOPE.contains(Scope::STRUCTURE) => Directory::Structure,
            Target::Structure => return Err(Stop::BROKEN),
            Target::Node(host, family, Node::Directory(prefix)) => {
                Directory::Properties(host, family, prefix)
            }
            Target::Node(host, _, Node::Property(property, Element::Only))
                if property.value_type == ValueType::Directory && !host.is_structure(B::SCOPE) =>
            {
                Directory::Empty
            }
            Target::Node(..) => return Err(ReturnCode::NOT_A_DIRECTORY.into()),
        };
        self.count_call(job, |statistics| &mut statistics.listings);
        let Job { listing, progress, device, .. } = job;
        let message_type = work.request.message_type();
        let is_list = message_type != MessageType::DIR;
        let slashes = matches!(message_type, MessageType::DIRALLSLASH | MessageType::GETSLASH);
        loop {
            let mut cursor = listing.cursor;
            let mut entry = Entry::new();
            let next = match directory {
                Directory::Devices => self.next_device(&mut cursor, listing.flags, work, &mut entry),
                Directory::Properties(host, family, prefix) => self.next_property(
                    &mut cursor,
                    (host, family, prefix.as_bytes()),
                    work.device,
                    &mut entry,
                ),
                Directory::Structure if B::SCOPE.contains(Scope::STRUCTURE) => {
                    self.next_family(&mut cursor, &mut entry)
                }
                Directory::Structure | Directory::Empty => Err(Stop::END),
            };
            if next == Err(Stop::END) {
                if listing.begun.is_some() {
                    return Err(Stop::BROKEN);
                }
                if !is_list {
                    let head =
                        ReplyHeader { offset: word::from_bits(listing.flags), ..ReplyHeader::default() };
                    return begun(answer.try_begin(head, LastFrame::Yes));
                }
                if progress.full.is_none() {
                    let len = progress.at;
                    let payload = if len == 0 { 0 } else { len.wrapping_add(1) };
                    let size = word::from_len(len).unwrap_or(i32::MAX);
                    let offset = word::from_bits(listing.flags);
                    begun(answer.try_begin(ReplyHeader { payload, ret: 0, size, offset }, LastFrame::Yes))?;
                    *progress = Progress { full: Some(len), ..Progress::NEW };
                    (listing.cursor, listing.flags, listing.has_entries) = (Cursor::NEW, 0, false);
                    if len == 0 {
                        return Ok(());
                    }
                    continue;
                }
                if answer.remaining() != 1 {
                    return Err(Stop::BROKEN);
                }
                return if answer.push(b"\0") == 1 { Ok(()) } else { Err(Stop::NO_ROOM) };
            }
            next?;
            let front: &[u8] = if is_list && listing.has_entries { b",/" } else { b"/" };
            let back: &[u8] = match is_list {
                false => b"\0",
                true if slashes && entry.is_directory => b"/",
                true => b"",
            };
            // Before the entry.
            let start = progress.at;
            let parts = self.parts(&entry, (front, back), work);
            let len = parts.iter().fold(0usize, |len, part| len.wrapping_add(part.len()));
            if !is_list || progress.full.is_some() {
                let (named, is_device) = (entry.device.unwrap_or(*device), entry.device.is_some());
                match listing.begun {
                    Some(begun)
                        if begun.get() == len && *device == named && listing.is_device == is_device => {}
                    Some(_) => return Err(Stop::BROKEN),
                    // Each has a frame of its own.
                    None if !is_list => {
                        begun(answer.try_begin(ReplyHeader::entry(len.wrapping_sub(1)), LastFrame::No))?;
                        progress.position = start;
                    }
                    // The last byte is for the NUL.
                    None if len >= answer.remaining() => return Err(Stop::BROKEN),
                    None => {}
                }
                (*device, listing.is_device) = (named, is_device);
                for part in parts {
                    progress.pass(part, Some(answer));
                }
                if !progress.is_pushed() {
                    progress.at = start;
                    listing.begun = NonZeroUsize::new(len);
                    return Err(Stop::NO_ROOM);
                }
                count(&mut self.statistics.entries, 1);
            } else {
                progress.at = start.wrapping_add(len);
            }
            if let Some(device) = entry.device {
                listing.flags |= families::family(self.families, device.family()).flags.0;
            }
            listing.begun = None;
            listing.has_entries = true;
            listing.cursor = cursor;
        }
    }

    /// The text of an entry in parts, with what stands in front of it and behind it. Names of devices, also that in the
    /// path of the directory, are aliases where there are any.
    fn parts<'a>(
        &'a self,
        entry: &'a Entry,
        (front, back): (&'a [u8], &'a [u8]),
        work: &Work<'_, 'a, '_>,
    ) -> [&'a [u8]; 9] {
        // All but front and back is empty where there is nothing to say.
        let path = work.route.trimmed;
        let alias_of = |device| match A::CAPACITY != 0 && !work.route.is_unaliased && !self.settings.unaliased
        {
            true => self.aliases.of(device),
            false => None,
        };
        let mut parts: [&[u8]; 3] = [path, b"", b""];
        if A::CAPACITY != 0
            && let (Place::Device { span: (from, to), .. }, Some((id, _))) = (work.route.place, work.device)
        {
            let named = path.get(from..to).unwrap_or_default();
            let name = alias_of(id).unwrap_or(named);
            parts = [path.get(..from).unwrap_or_default(), name, path.get(to..).unwrap_or_default()];
        }
        let [before, device, behind] = parts;
        let slash: &[u8] = if path.is_empty() { b"" } else { b"/" };
        let made = entry.device.and_then(alias_of).unwrap_or(entry.made.as_bytes());
        // The slash at the beginning of the path is part of `front`.
        [front, before, device, behind, slash, entry.name, made, entry.suffix, back]
    }

    fn next_family(&self, cursor: &mut Cursor, entry: &mut Entry) -> Result<(), Stop> {
        let family = self.families.iter().copied().chain(special::<B>()).nth(cursor.second);
        let family = family.ok_or(Stop::END)?;
        cursor.second = cursor.second.wrapping_add(1);
        entry.directory(family.name.as_bytes());
        Ok(())
    }

    /// What is in a directory of devices, where those that came before have these flags.
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    fn next_device(
        &mut self,
        cursor: &mut Cursor,
        flags: u32,
        work: &mut Work<'_, '_, '_>,
        entry: &mut Entry,
    ) -> Result<(), Stop> {
        let route = work.route;
        let asked = work.request.header.flags;
        // A bus has what belongs to it; the root has the rest only for those that ask.
        let is_bus = route.bus.is_some() && !route.is_alarm;
        let is_full_root = route.bus.is_none() && !route.is_alarm && asked.contains(Flags::BUS_LIST);
        if cursor.stage == Stage::Interface {
            cursor.stage = Stage::Devices;
            if B::SCOPE.contains(Scope::INTERFACES) && is_bus {
                entry.directory(b"interface");
                return Ok(());
            }
        }
        while cursor.stage == Stage::Devices {
            let bus = route.bus.unwrap_or(cursor.first);
            if bus >= self.bus.buses() || (route.bus.is_some() && cursor.first > 0) {
                *cursor = Cursor::at(Stage::Rest);
            } else if let Some(id) = done(self.bus.device(bus, cursor.second, work.context))? {
                let shows = !route.is_alarm || done(self.bus.is_in_alarm(id, work.context))?;
                cursor.second = cursor.second.wrapping_add(1);
                if shows {
                    entry.device = Some(id);
                    id.write(&mut entry.made.writer(), asked.device_format());
                    entry.is_directory = true;
                    return Ok(());
                }
            } else {
                cursor.first = cursor.first.wrapping_add(1);
                cursor.second = 0;
            }
        }
        if !is_bus && !is_full_root {
            return Err(Stop::END);
        }
        let buses = if is_full_root { self.bus.buses() } else { 0 };
        let is_uncached = route.is_uncached || asked.contains(Flags::UNCACHED);
        let can = DirectoryFlags(flags);
        let converts = can.contains(DirectoryFlags::SIMULTANEOUS_TEMPERATURE)
            || can.contains(DirectoryFlags::SIMULTANEOUS_VOLTAGE);
        loop {
            let n = cursor.second;
            cursor.second = n.wrapping_add(1);
            let Some(n) = n.checked_sub(buses.into()) else {
                // The highest number comes first.
                let number = u32::from(buses).wrapping_sub(u32::try_from(cursor.second).unwrap_or_default());
                entry.directory(b"bus.");
                entry.made.writer().push_decimal(number, 0, b' ');
                return Ok(());
            };
            let (part, is_there, word): (_, _, &[u8]) = match n {
                0 => (Scope::LEAST, is_full_root && !is_uncached, b"uncached"),
                1 => (Scope::SETTINGS, is_full_root, b"settings"),
                2 => (Scope::SYSTEM, is_full_root, b"system"),
                3 => (Scope::STATISTICS, is_full_root, b"statistics"),
                4 => (Scope::STRUCTURE, is_full_root, b"structure"),
                5 => (Scope::SIMULTANEOUS, converts, b"simultaneous"),
                6 => (Scope::LEAST, can.contains(DirectoryFlags::ALARM), b"alarm"),
                _ => return Err(Stop::END),
            };
            if B::SCOPE.contains(part) && is_there {
                entry.directory(word);
                return Ok(());
            }
        }
    }

    /// The properties and subdirectories of a family, sorted by name.
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    fn next_property(
        &self,
        cursor: &mut Cursor,
        (host, family, prefix): (Host, &'static Family, &'static [u8]),
        device: Option<(RomId, u16)>,
        entry: &mut Entry,
    ) -> Result<(), Stop> {
        loop {
            let before = *cursor;
            let property = next_of(family, cursor).ok_or(Stop::END)?;
            let name = property.name.as_bytes();
            let rest = match prefix {
                [] => Some(name),
                _ => name.strip_prefix(prefix).and_then(|rest| rest.strip_prefix(b"/")),
            };
            let Some(rest) = rest.filter(|_| self.is_visible(device, property)) else { continue };
            let Some(slash) = rest.iter().position(|byte| *byte == b'/') else {
                entry.name = rest;
                entry.is_directory = property.value_type == ValueType::Directory;
                let elements =
                    if host == Host::Structure { 1 } else { property.elements().unwrap_or_default() };
                if element(property, before.element, elements, entry) {
                    *cursor = Cursor { element: before.element.wrapping_add(1), ..before };
                }
                return Ok(());
            };
            // A subdirectory shows once, if one of those in it does.
            let up_to_slash = name.len().wrapping_sub(rest.len()).wrapping_add(slash).wrapping_add(1);
            let start = name.get(..up_to_slash).unwrap_or_default();
            let mut behind = *cursor;
            while next_of(family, &mut behind).is_some_and(|other| other.name.as_bytes().starts_with(start)) {
                *cursor = behind;
            }
            entry.directory(rest.get(..slash).unwrap_or_default());
            return Ok(());
        }
    }

    fn is_visible(&self, device: Option<(RomId, u16)>, property: &Property) -> bool {
        B::SCOPE.has(property)
            && match (property.visibility, device) {
                (Visibility::Always, _) => true,
                (Visibility::Hidden, _) => false,
                (Visibility::ByModel, Some((id, _))) => self.bus.is_visible(id, property),
                (Visibility::ByModel, None) => true,
            }
    }
}

/// The property at the cursor, which moves behind it: common ones and those of the family in one order. Those of the
/// family stand in the place of common ones with the same name.
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
fn next_of(family: &'static Family, cursor: &mut Cursor) -> Option<&'static Property> {
    let common = family.common.get(usize::from(cursor.first));
    let own = family.properties.get(cursor.second);
    let order = match (common, own) {
        (Some(common), Some(own)) => common.name.as_bytes().cmp(own.name.as_bytes()),
        (Some(_), None) => Ordering::Less,
        (None, _) => Ordering::Greater,
    };
    cursor.element = 0;
    if order.is_le() {
        cursor.first = cursor.first.wrapping_add(1);
    }
    if order.is_ge() {
        cursor.second = cursor.second.wrapping_add(1);
    }
    if order.is_ge() { own } else { common }
}

/// Puts the dot and what follows it behind the name of an array: `.BYTE`, `.ALL`, and then so many elements. Says
/// whether others follow.
fn element(property: &Property, n: u32, elements: u32, entry: &mut Entry) -> bool {
    let before = if property.has_byte() { 2 } else { 1 };
    let number = n.checked_sub(before);
    let (suffix, number): (&[u8], _) = match property.array {
        Array::Scalar => return false,
        Array::SparseNumbers => (b".000", None),
        Array::SparseLetters => (b".xxx", None),
        Array::Numbered(_) | Array::Lettered(_) if number.is_some() => (b"", number),
        _ if n.wrapping_add(1) < before => (b".BYTE", None),
        _ => (b".ALL", None),
    };
    entry.suffix = suffix;
    if let Some(number) = number {
        let mut made = entry.made.writer();
        made.push(b'.');
        if matches!(property.array, Array::Lettered(_)) {
            // At most 26.
            let [number, ..] = number.to_le_bytes();
            made.push(b'A'.wrapping_add(number));
        } else {
            made.push_decimal(number, 0, b' ');
        }
    }
    property.elements().is_some() && n.wrapping_add(1) < before.wrapping_add(elements)
}

#[cfg(test)]
mod tests;

use core::cmp::Ordering;

use super::alias::Aliases;
use super::bus::Bus;
use super::dispatch::{Host, Job, Phase, Stop, Target, Tree, Work, ready, special};
use super::entry::{Entry, Name, Prefix, Rendered, Suffix, Text};
use super::families;
use super::own::count;
use super::path::Place;
use super::property::{Array, Element, Family, Node, Property, Visibility};
use super::scope::Scope;
use crate::listing::DirectoryFlags;
use crate::return_code::ReturnCode;
use crate::server::{Answer, Head, Last, entry_head};
use crate::storage::Storage;
use crate::text::{RomId, ValueType};
use crate::wire::{Flags, MessageType, word};

/// How far a listing is.
///
/// DIRALL says how long its list is before the list. Nothing here can hold a list, so it is walked twice: once to
/// count, once to send. A directory that changes in between, so that the counts differ, ends the connection in the
/// middle of the frame: the client sees that it did not get all.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Listing {
    cursor: Cursor,
    /// What the devices passed so far can do.
    flags: u32,
    /// DIRALL: bytes of the list, once it was counted.
    counted: Option<usize>,
    /// DIRALL: bytes counted so far.
    count: usize,
    /// The entry that was begun and does not fit at once.
    entry: Option<Begun>,
    /// Whether an entry came before.
    has_entries: bool,
}

/// An entry of which a part was pushed. If the bus then has another one in its place, or none, the rest of it cannot be
/// told any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Begun {
    /// Bytes in all.
    len: usize,
    pushed: usize,
    /// The device that it names.
    device: Option<RomId>,
}

impl Begun {
    /// The entry at the cursor: `before` if that is the same one, else from its beginning.
    fn go_on(before: Option<Self>, entry: &Entry, len: usize) -> Result<Self, Stop> {
        let device = match entry.name {
            Name::Device(device) => Some(device),
            _ => None,
        };
        match before {
            Some(begun) if begun.len == len && begun.device == device => Ok(begun),
            Some(_) => Err(Stop::Broken),
            None => Ok(Self { len, pushed: 0, device }),
        }
    }

    /// Pushes more of it, and says whether that was all.
    fn push<T: Storage>(&mut self, text: &Text<'_>, answer: &mut Answer<'_, T>) -> bool {
        self.pushed = self.pushed.saturating_add(text.push(self.pushed, answer));
        self.pushed >= self.len
    }
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
    /// Goes on with a DIR, DIRALL or DIRALLSLASH, or a GET of a directory.
    pub(super) fn list<T: Storage>(
        &mut self,
        job: &mut Job,
        target: Target<'_>,
        work: &mut Work<'_, '_, '_>,
        answer: &mut Answer<'_, T>,
    ) -> Result<(), Stop> {
        let directory = match target {
            Target::Devices => Directory::Devices,
            Target::Structure if B::SCOPE.contains(Scope::STRUCTURE) => Directory::Structure,
            Target::Structure => return Err(Stop::Broken),
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
        let mut listing = match job.phase {
            Phase::List(listing) => listing,
            _ => Listing::default(),
        };
        let result = self.entries(&mut listing, target, directory, work, answer);
        job.phase = Phase::List(listing);
        result
    }

    /// A frame for each entry and one that ends them, or one frame with a comma list.
    fn entries<T: Storage>(
        &mut self,
        listing: &mut Listing,
        target: Target<'_>,
        directory: Directory,
        work: &mut Work<'_, '_, '_>,
        answer: &mut Answer<'_, T>,
    ) -> Result<(), Stop> {
        let message_type = work.request.message_type();
        let is_list = message_type != MessageType::DIR;
        let slashes = matches!(message_type, MessageType::DIRALLSLASH | MessageType::GETSLASH);
        loop {
            let mut cursor = listing.cursor;
            let Some(entry) = self.next(&mut cursor, listing.flags, directory, work)? else {
                if listing.entry.is_some() {
                    return Err(Stop::Broken);
                }
                if !is_list {
                    return Ok(answer.end_of_entries(DirectoryFlags(listing.flags))?);
                }
                let Some(counted) = listing.counted else {
                    let len = listing.count;
                    let payload = if len == 0 { 0 } else { len.saturating_add(1) };
                    let size = word::from_len(len).unwrap_or(i32::MAX);
                    let offset = word::from_bits(listing.flags);
                    answer.begin(Head { payload, ret: 0, size, offset }, Last::Yes)?;
                    *listing = Listing { counted: Some(len), ..Listing::default() };
                    if len == 0 {
                        return Ok(());
                    }
                    continue;
                };
                if listing.count != counted || answer.owed() != 1 {
                    return Err(Stop::Broken);
                }
                return if answer.push(b"\0") == 1 { Ok(()) } else { Err(Stop::NoRoom) };
            };
            let mut rendered = Rendered::default();
            let front: &[u8] = if is_list && listing.has_entries { b",/" } else { b"/" };
            let back: &[u8] = match is_list {
                false => b"\0",
                true if slashes && entry.is_directory => b"/",
                true => b"",
            };
            let text = self.text(&entry, target, (front, back), work, &mut rendered);
            let len = text.len();
            if !is_list || listing.counted.is_some() {
                let mut begun = Begun::go_on(listing.entry, &entry, len)?;
                if listing.entry.is_none() {
                    if !is_list {
                        answer.begin(entry_head(len.saturating_sub(1)), Last::No)?;
                    } else if len >= answer.owed() {
                        // The last byte is for the NUL.
                        return Err(Stop::Broken);
                    }
                }
                let is_whole = begun.push(&text, answer);
                listing.entry = Some(begun);
                if !is_whole {
                    return Err(Stop::NoRoom);
                }
                count(&mut self.statistics.entries, 1);
            }
            listing.count = listing.count.saturating_add(len);
            if let Name::Device(device) = entry.name {
                listing.flags |= families::family(self.families, device.family()).flags.0;
            }
            listing.entry = None;
            listing.has_entries = true;
            listing.cursor = cursor;
        }
    }

    /// An entry as text. Names of devices, also that in the path of the directory, are aliases where there are any.
    fn text<'a>(
        &'a self,
        entry: &Entry,
        target: Target<'_>,
        around: (&'a [u8], &'a [u8]),
        work: &Work<'_, 'a, '_>,
        rendered: &'a mut Rendered,
    ) -> Text<'a> {
        let is_aliased = A::CAPACITY > 0 && !work.route.is_unaliased && !self.settings.unaliased;
        let aliases = is_aliased.then_some(&self.aliases);
        let path = work.route.trimmed;
        let mut parts: [&[u8]; 3] = [path, b"", b""];
        if let (Place::Device { span: (from, to), .. }, Target::Node(Host::Device(id, _), ..)) =
            (work.route.place, target)
            && A::CAPACITY > 0
        {
            let named = path.get(from..to).unwrap_or_default();
            let name = aliases.and_then(|aliases| aliases.of(id)).unwrap_or(named);
            parts = [path.get(..from).unwrap_or_default(), name, path.get(to..).unwrap_or_default()];
        }
        let format = work.request.header.flags.device_format();
        Text::new(entry, &Prefix { parts }, aliases, format, around, rendered)
    }

    /// The entry at the cursor, which moves behind it.
    fn next(
        &mut self,
        cursor: &mut Cursor,
        flags: u32,
        directory: Directory,
        work: &mut Work<'_, '_, '_>,
    ) -> Result<Option<Entry>, Stop> {
        match directory {
            Directory::Empty => Ok(None),
            Directory::Structure if !B::SCOPE.contains(Scope::STRUCTURE) => Ok(None),
            Directory::Structure => Ok(self.next_family(cursor)),
            Directory::Properties(host, family, prefix) => {
                Ok(self.next_property(cursor, host, family, prefix.as_bytes()))
            }
            Directory::Devices => self.next_device(cursor, DirectoryFlags(flags), work),
        }
    }

    fn next_family(&self, cursor: &mut Cursor) -> Option<Entry> {
        let family = self.families.iter().copied().chain(special::<B>()).nth(cursor.second)?;
        cursor.second = cursor.second.saturating_add(1);
        Some(Entry::directory(family.name.as_bytes()))
    }

    /// What is in a directory of devices, where those that came before can do this.
    fn next_device(
        &mut self,
        cursor: &mut Cursor,
        can: DirectoryFlags,
        work: &mut Work<'_, '_, '_>,
    ) -> Result<Option<Entry>, Stop> {
        let route = work.route;
        let flags = work.request.header.flags;
        // A bus has what belongs to it; the root has the rest only for those that ask.
        let is_bus = route.bus.is_some() && !route.is_alarm;
        let is_full_root = route.bus.is_none() && !route.is_alarm && flags.contains(Flags::BUS_LIST);
        let is_uncached = route.is_uncached || flags.contains(Flags::UNCACHED);
        let converts = can.contains(DirectoryFlags::SIMULTANEOUS_TEMPERATURE)
            || can.contains(DirectoryFlags::SIMULTANEOUS_VOLTAGE);
        loop {
            let go_to = |stage| Cursor { stage, ..Cursor::default() };
            match cursor.stage {
                Stage::Interface => {
                    *cursor = go_to(Stage::Devices);
                    if B::SCOPE.contains(Scope::INTERFACES) && is_bus {
                        return Ok(Some(Entry::directory(b"interface")));
                    }
                }
                Stage::Devices => {
                    let bus = route.bus.unwrap_or(cursor.first);
                    let is_end = bus >= self.bus.buses() || (route.bus.is_some() && cursor.first > 0);
                    if is_end {
                        *cursor = go_to(Stage::Rest);
                        continue;
                    }
                    let Some(id) = ready(self.bus.device(bus, cursor.second, work.context))?? else {
                        cursor.first = cursor.first.saturating_add(1);
                        cursor.second = 0;
                        continue;
                    };
                    let shows = !route.is_alarm || ready(self.bus.is_in_alarm(id, work.context))??;
                    cursor.second = cursor.second.saturating_add(1);
                    if shows {
                        return Ok(Some(Entry { name: Name::Device(id), is_directory: true }));
                    }
                }
                Stage::Rest => {
                    if !is_bus && !is_full_root {
                        return Ok(None);
                    }
                    cursor.second = cursor.second.saturating_add(1);
                    let buses = if is_full_root { self.bus.buses().into() } else { 0usize };
                    // The highest number comes first.
                    if let Some(number) = buses.checked_sub(cursor.second) {
                        let name = Name::Bus(u16::try_from(number).unwrap_or_default());
                        return Ok(Some(Entry { name, is_directory: true }));
                    }
                    let named = |part, is_there, word| {
                        if B::SCOPE.contains(part) && is_there { word } else { &b""[..] }
                    };
                    let word = match cursor.second.wrapping_sub(buses) {
                        1 => named(Scope::LEAST, is_full_root && !is_uncached, b"uncached"),
                        2 => named(Scope::SETTINGS, is_full_root, b"settings"),
                        3 => named(Scope::SYSTEM, is_full_root, b"system"),
                        4 => named(Scope::STATISTICS, is_full_root, b"statistics"),
                        5 => named(Scope::STRUCTURE, is_full_root, b"structure"),
                        6 => named(Scope::SIMULTANEOUS, converts, b"simultaneous"),
                        7 => named(Scope::LEAST, can.contains(DirectoryFlags::ALARM), b"alarm"),
                        _ => return Ok(None),
                    };
                    if !word.is_empty() {
                        return Ok(Some(Entry::directory(word)));
                    }
                }
            }
        }
    }

    /// The properties and subdirectories of a family, sorted by name.
    fn next_property(
        &self,
        cursor: &mut Cursor,
        host: Host,
        family: &'static Family,
        prefix: &'static [u8],
    ) -> Option<Entry> {
        loop {
            let (property, behind) = at_cursor(family, *cursor)?;
            let name = property.name.as_bytes();
            let rest = match prefix {
                [] => Some(name),
                _ => name.strip_prefix(prefix).and_then(|rest| rest.strip_prefix(b"/")),
            };
            let Some(rest) = rest.filter(|_| self.is_visible(host, property)) else {
                *cursor = behind;
                continue;
            };
            let Some(slash) = rest.iter().position(|byte| *byte == b'/') else {
                return Some(element_at(property, rest, cursor, behind, host));
            };
            // A subdirectory shows once, if one of those in it does.
            let up_to_slash = name.len().saturating_sub(rest.len()).saturating_add(slash).saturating_add(1);
            let start = name.get(..up_to_slash).unwrap_or_default();
            *cursor = behind;
            while let Some((other, behind)) = at_cursor(family, *cursor)
                && other.name.as_bytes().starts_with(start)
            {
                *cursor = behind;
            }
            return Some(Entry::directory(rest.get(..slash).unwrap_or_default()));
        }
    }

    fn is_visible(&self, host: Host, property: &Property) -> bool {
        B::SCOPE.has(property)
            && match (property.visibility, host) {
                (Visibility::Always, _) => true,
                (Visibility::Hidden, _) => false,
                (Visibility::ByModel, Host::Device(id, _)) => self.bus.shows(id, property),
                (Visibility::ByModel, _) => true,
            }
    }
}

/// The property at the cursor, common ones and those of the family in one order, and the cursor behind it. Those of
/// the family stand in the place of common ones with the same name.
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
fn at_cursor(family: &'static Family, cursor: Cursor) -> Option<(&'static Property, Cursor)> {
    let common = family.common.get(usize::from(cursor.first));
    let own = family.properties.get(cursor.second);
    let order = match (common, own) {
        (Some(common), Some(own)) => common.name.as_bytes().cmp(own.name.as_bytes()),
        (Some(_), None) => Ordering::Less,
        (None, _) => Ordering::Greater,
    };
    let mut behind = Cursor { element: 0, ..cursor };
    if order.is_le() {
        behind.first = behind.first.saturating_add(1);
    }
    if order.is_ge() {
        behind.second = behind.second.saturating_add(1);
    }
    let property = if order.is_ge() { own } else { common };
    property.map(|property| (property, behind))
}

/// The entry of a property, or of its element at the cursor: `.BYTE`, `.ALL`, and then all elements; under
/// `/structure` only the first one. The cursor moves behind it.
fn element_at(
    property: &'static Property,
    name: &'static [u8],
    cursor: &mut Cursor,
    behind: Cursor,
    host: Host,
) -> Entry {
    let is_directory = property.value_type == ValueType::Directory;
    let element = cursor.element;
    let before = if property.has_byte() { 2 } else { 1 };
    let suffix = match property.array {
        Array::Scalar => {
            *cursor = behind;
            return Entry { name: Name::Word(name), is_directory };
        }
        Array::SparseNumbers => Suffix::AnyNumber,
        Array::SparseLetters => Suffix::AnyText,
        _ if element.saturating_add(1) < before => Suffix::Byte,
        _ if element < before => Suffix::All,
        Array::Numbered(_) => Suffix::Number(element.saturating_sub(before)),
        Array::Lettered(_) => Suffix::Letter(element.saturating_sub(before)),
    };
    let elements = match property.elements() {
        Some(_) if host == Host::Structure => 1,
        elements => elements.unwrap_or_default(),
    };
    cursor.element = element.saturating_add(1);
    if cursor.element >= before.saturating_add(elements) {
        *cursor = behind;
    }
    Entry { name: Name::Element(name, suffix), is_directory: false }
}

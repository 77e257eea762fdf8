use super::alias::Aliases;
use super::bus::Bus;
use super::dispatch::{Host, Job, Phase, Stop, Target, Tree, Work, ready};
use super::entry::{Entry, Name, Prefix, Rendered, Suffix, Text};
use super::families;
use super::own::count;
use super::path::Place;
use super::property::{Array, Element, Family, Node, Property, Visibility};
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
    /// Buses; or properties that most devices have.
    first: u16,
    /// Devices of a bus, words; or properties of the family.
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
    Buses,
    Words,
    Simultaneous,
    Alarm,
    End,
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

/// An entry, and the cursor behind it.
type Next = Option<(Entry, Cursor)>;

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
            Target::Structure => Directory::Structure,
            Target::Node(host, family, Node::Directory(prefix)) => {
                Directory::Properties(host, family, prefix)
            }
            Target::Node(host, _, Node::Property(property, Element::Only))
                if property.value_type == ValueType::Directory && host != Host::Structure =>
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
        let result = match work.request.message_type() {
            MessageType::DIR => self.list_frames(&mut listing, target, directory, work, answer),
            _ => self.list_at_once(&mut listing, target, directory, work, answer),
        };
        job.phase = Phase::List(listing);
        result
    }

    /// A frame for each entry, and one that ends them.
    fn list_frames<T: Storage>(
        &mut self,
        listing: &mut Listing,
        target: Target<'_>,
        directory: Directory,
        work: &mut Work<'_, '_, '_>,
        answer: &mut Answer<'_, T>,
    ) -> Result<(), Stop> {
        while let Some((entry, cursor)) = self.next(listing, directory, work)? {
            let mut rendered = Rendered::default();
            let text = self.text(&entry, target, (b"/", b"\0"), work, &mut rendered);
            let len = text.len();
            let mut begun = Begun::go_on(listing.entry, &entry, len)?;
            if listing.entry.is_none() {
                answer.begin(entry_head(len.saturating_sub(1)), Last::No)?;
            }
            let is_whole = begun.push(&text, answer);
            listing.entry = Some(begun);
            if !is_whole {
                return Err(Stop::NoRoom);
            }
            self.pass(listing, &entry, cursor);
            count(&mut self.statistics.entries, 1);
        }
        if listing.entry.is_some() {
            return Err(Stop::Broken);
        }
        Ok(answer.end_of_entries(DirectoryFlags(listing.flags))?)
    }

    /// One frame with a comma list.
    fn list_at_once<T: Storage>(
        &mut self,
        listing: &mut Listing,
        target: Target<'_>,
        directory: Directory,
        work: &mut Work<'_, '_, '_>,
        answer: &mut Answer<'_, T>,
    ) -> Result<(), Stop> {
        let slashes = matches!(work.request.message_type(), MessageType::DIRALLSLASH | MessageType::GETSLASH);
        loop {
            let next = self.next(listing, directory, work)?;
            let Some((entry, cursor)) = next else {
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
            let front: &[u8] = if listing.has_entries { b",/" } else { b"/" };
            let back: &[u8] = if slashes && entry.is_directory { b"/" } else { b"" };
            let text = self.text(&entry, target, (front, back), work, &mut rendered);
            let len = text.len();
            if listing.counted.is_some() {
                let mut begun = Begun::go_on(listing.entry, &entry, len)?;
                // The last byte is for the NUL.
                if listing.entry.is_none() && len >= answer.owed() {
                    return Err(Stop::Broken);
                }
                let is_whole = begun.push(&text, answer);
                listing.entry = Some(begun);
                if !is_whole {
                    return Err(Stop::NoRoom);
                }
                count(&mut self.statistics.entries, 1);
            }
            listing.count = listing.count.saturating_add(len);
            self.pass(listing, &entry, cursor);
        }
    }

    /// An entry is done with.
    fn pass(&self, listing: &mut Listing, entry: &Entry, cursor: Cursor) {
        if let Name::Device(device) = entry.name {
            listing.flags |= families::family(self.families, device.family()).flags.0;
        }
        listing.entry = None;
        listing.has_entries = true;
        listing.cursor = cursor;
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
        let aliases = (!work.route.is_unaliased && !self.settings.unaliased).then_some(&self.aliases);
        let path = work.route.trimmed;
        let mut parts: [&[u8]; 3] = [path, b"", b""];
        if let (Place::Device { span: (from, to), .. }, Target::Node(Host::Device(id, _), ..)) =
            (work.route.place, target)
        {
            let named = path.get(from..to).unwrap_or_default();
            let name = aliases.and_then(|aliases| aliases.of(id)).unwrap_or(named);
            parts = [path.get(..from).unwrap_or_default(), name, path.get(to..).unwrap_or_default()];
        }
        let format = work.request.header.flags.device_format();
        Text::new(entry, &Prefix { parts }, aliases, format, around, rendered)
    }

    /// The entry at the cursor.
    fn next(
        &mut self,
        listing: &Listing,
        directory: Directory,
        work: &mut Work<'_, '_, '_>,
    ) -> Result<Next, Stop> {
        match directory {
            Directory::Empty => Ok(None),
            Directory::Structure => Ok(self.next_family(listing.cursor)),
            Directory::Properties(host, family, prefix) => {
                Ok(self.next_property(listing.cursor, host, family, prefix))
            }
            Directory::Devices => self.next_device(listing, work),
        }
    }

    fn next_family(&self, cursor: Cursor) -> Next {
        let special = [&families::SIMULTANEOUS, &families::THERMOSTAT];
        let family = self.families.iter().copied().chain(special).nth(cursor.second)?;
        Some((directory(family.name), Cursor { second: cursor.second.saturating_add(1), ..cursor }))
    }

    /// What is in a directory of devices.
    fn next_device(&mut self, listing: &Listing, work: &mut Work<'_, '_, '_>) -> Result<Next, Stop> {
        let route = work.route;
        let flags = work.request.header.flags;
        // A bus has what belongs to it; the root has the rest only for those that ask.
        let is_bus = route.bus.is_some() && !route.is_alarm;
        let is_full_root = route.bus.is_none() && !route.is_alarm && flags.contains(Flags::BUS_LIST);
        let is_uncached = route.is_uncached || flags.contains(Flags::UNCACHED);
        let passed = DirectoryFlags(listing.flags);
        let can = |any: [DirectoryFlags; 2]| any.into_iter().any(|flag| passed.contains(flag));
        let converts = can([DirectoryFlags::SIMULTANEOUS_TEMPERATURE, DirectoryFlags::SIMULTANEOUS_VOLTAGE]);
        let alarms = can([DirectoryFlags::ALARM; 2]);
        let mut cursor = listing.cursor;
        loop {
            let at = |stage| Cursor { stage, ..Cursor::default() };
            match cursor.stage {
                Stage::Interface if is_bus => return Ok(Some((directory("interface"), at(Stage::Devices)))),
                Stage::Interface => cursor = at(Stage::Devices),
                Stage::Devices => {
                    let bus = route.bus.unwrap_or(cursor.first);
                    let is_end = bus >= self.bus.buses() || (route.bus.is_some() && cursor.first > 0);
                    if is_end {
                        cursor = at(Stage::Buses);
                        continue;
                    }
                    let Some(id) = ready(self.bus.device(bus, cursor.second, work.context))?? else {
                        cursor.first = cursor.first.saturating_add(1);
                        cursor.second = 0;
                        continue;
                    };
                    let behind = Cursor { second: cursor.second.saturating_add(1), ..cursor };
                    if route.is_alarm && !ready(self.bus.is_in_alarm(id, work.context))?? {
                        cursor = behind;
                        continue;
                    }
                    return Ok(Some((Entry { name: Name::Device(id), is_directory: true }, behind)));
                }
                Stage::Buses => {
                    // The highest number comes first.
                    let number = self.bus.buses().checked_sub(cursor.first.saturating_add(1));
                    match number.filter(|_| is_full_root) {
                        Some(number) => {
                            let behind = Cursor { first: cursor.first.saturating_add(1), ..cursor };
                            return Ok(Some((Entry { name: Name::Bus(number), is_directory: true }, behind)));
                        }
                        None => cursor = at(Stage::Words),
                    }
                }
                Stage::Words => {
                    const WORDS: [&str; 5] = ["uncached", "settings", "system", "statistics", "structure"];
                    match WORDS.get(cursor.second).filter(|_| is_full_root) {
                        Some(word) => {
                            let behind = Cursor { second: cursor.second.saturating_add(1), ..cursor };
                            if *word == "uncached" && is_uncached {
                                cursor = behind;
                                continue;
                            }
                            return Ok(Some((directory(word), behind)));
                        }
                        None => cursor = at(Stage::Simultaneous),
                    }
                }
                Stage::Simultaneous if converts && (is_bus || is_full_root) => {
                    return Ok(Some((directory("simultaneous"), at(Stage::Alarm))));
                }
                Stage::Simultaneous => cursor = at(Stage::Alarm),
                Stage::Alarm if alarms && (is_bus || is_full_root) => {
                    return Ok(Some((directory("alarm"), at(Stage::End))));
                }
                Stage::Alarm | Stage::End => return Ok(None),
            }
        }
    }

    /// The properties and subdirectories of a family, sorted by name.
    fn next_property(
        &self,
        mut cursor: Cursor,
        host: Host,
        family: &'static Family,
        prefix: &'static str,
    ) -> Next {
        loop {
            let (property, behind) = at_cursor(family, cursor)?;
            let rest = match prefix {
                "" => Some(property.name),
                _ => property.name.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('/')),
            };
            let Some(rest) = rest else {
                cursor = behind;
                continue;
            };
            if let Some((subdirectory, _)) = rest.split_once('/') {
                let whole = property.name.len().saturating_sub(rest.len()).saturating_add(subdirectory.len());
                let whole = property.name.get(..whole).unwrap_or_default();
                // It shows once, if one of those in it does.
                let mut is_visible = false;
                let mut after = cursor;
                while let Some((other, behind)) = at_cursor(family, after)
                    && other.name.strip_prefix(whole).is_some_and(|rest| rest.starts_with('/'))
                {
                    is_visible = is_visible || self.is_visible(host, other);
                    after = behind;
                }
                if is_visible {
                    return Some((directory(subdirectory), after));
                }
                cursor = after;
                continue;
            }
            if !self.is_visible(host, property) {
                cursor = behind;
                continue;
            }
            return Some(element_at(property, rest, cursor, behind, host));
        }
    }

    fn is_visible(&self, host: Host, property: &Property) -> bool {
        match (property.visibility, host) {
            (Visibility::Always, _) => true,
            (Visibility::Hidden, _) => false,
            (Visibility::ByModel, Host::Device(id, _)) => self.bus.shows(id, property),
            (Visibility::ByModel, _) => true,
        }
    }
}

/// The property at the cursor, common ones and those of the family in one order, and the cursor behind it. Those of
/// the family stand in the place of common ones with the same name.
fn at_cursor(family: &'static Family, cursor: Cursor) -> Option<(&'static Property, Cursor)> {
    let common = family.common.get(usize::from(cursor.first));
    let own = family.properties.get(cursor.second);
    let common_behind = Cursor { first: cursor.first.saturating_add(1), element: 0, ..cursor };
    let own_behind = Cursor { second: cursor.second.saturating_add(1), element: 0, ..cursor };
    match (common, own) {
        (Some(common), Some(own)) if common.name == own.name => {
            Some((own, Cursor { first: common_behind.first, ..own_behind }))
        }
        (Some(common), Some(own)) if common.name < own.name => Some((common, common_behind)),
        (Some(common), None) => Some((common, common_behind)),
        (_, Some(own)) => Some((own, own_behind)),
        (None, None) => None,
    }
}

/// The entry of a property, or of its element at the cursor: `.BYTE`, `.ALL`, and then all elements; under
/// `/structure` only the first one.
fn element_at(
    property: &'static Property,
    name: &'static str,
    cursor: Cursor,
    behind: Cursor,
    host: Host,
) -> (Entry, Cursor) {
    let entry = |suffix| Entry { name: Name::Element(name, suffix), is_directory: false };
    let suffix = match property.array {
        Array::Scalar => {
            let is_directory = property.value_type == ValueType::Directory;
            return (Entry { name: Name::Word(name), is_directory }, behind);
        }
        Array::SparseNumbers => return (entry(Suffix::AnyNumber), behind),
        Array::SparseLetters => return (entry(Suffix::AnyText), behind),
        Array::Numbered(_) => Suffix::Number,
        Array::Lettered(_) => Suffix::Letter,
    };
    let elements = match host {
        Host::Structure => 1,
        _ => property.elements().unwrap_or_default(),
    };
    let before: u32 = if property.has_byte() { 2 } else { 1 };
    let next = cursor.element.saturating_add(1);
    let next_cursor =
        if next >= before.saturating_add(elements) { behind } else { Cursor { element: next, ..cursor } };
    let entry = match cursor.element {
        0 if property.has_byte() => entry(Suffix::Byte),
        n if n < before => entry(Suffix::All),
        n => entry(suffix(n.saturating_sub(before))),
    };
    (entry, next_cursor)
}

/// An entry that is a directory.
const fn directory(name: &'static str) -> Entry {
    Entry { name: Name::Word(name), is_directory: true }
}

#[cfg(test)]
mod tests;

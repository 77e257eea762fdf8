use super::alias::{Aliases, MAX_ALIAS_LEN};
use super::bus::{Access, Bus};
use super::dispatch::{Host, Job, Phase, Stop, Tree, Work, ready};
use super::families;
use super::own::{self, Made, count};
use super::property::{Element, Family, NOT_THERE, Property};
use super::scope::Scope;
use super::units;
use crate::return_code::ReturnCode;
use crate::server::{Answer, Last, value_head};
use crate::storage::Storage;
use crate::text::{Date, Padding, RomId, Structure, Value, ValueType};
use crate::wire::Flags;

/// What is read: what it belongs to, its table, itself, and the element.
pub(super) type Place<'p> = (Host, &'static Family, &'static Property, Element<'p>);

/// How far a READ is.
///
/// A value is a sequence of items: one, or the elements of an `.ALL`, or the lines of the list of aliases. Its length
/// has to be known before its first byte, so a sequence is read twice: first to count, then to send. That both agree
/// is checked where it matters, before the last item is sent.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reading {
    /// The item that is next.
    item: u32,
    /// Where it begins in the whole value.
    at: usize,
    /// Bytes of the whole value, once all items were counted and the reply was begun.
    full: usize,
    /// Bytes that were pushed.
    pushed: usize,
    /// Whether the head of the reply was put.
    is_begun: bool,
}

/// Memory for an item: an alias and its line in the list are the longest.
const ITEM_LEN: usize = 512;
/// Memory that a bus may use for text.
const TEXT_LEN: usize = 256;
/// Memory that a bus may use for bytes; longer ones come in pieces.
const PIECE_LEN: usize = 512;
const _: () = assert!(ITEM_LEN > 2 * RomId::LEN + 1 + MAX_ALIAS_LEN + 2);

/// The declared length of records in `/structure` (owfs: `ow_filelength.c`).
const RECORD_LEN: usize = 32;

/// The part of a value that is asked for.
#[derive(Clone, Copy)]
struct Window {
    skip: usize,
    size: usize,
}

impl Window {
    /// Bytes of the part, if the whole value has so many.
    fn len_of(self, full: usize) -> usize {
        full.saturating_sub(self.skip).min(self.size)
    }
}

impl<B: Bus, A: Aliases> Tree<B, A> {
    /// Goes on with a READ of `size` bytes at most.
    pub(super) fn read<T: Storage>(
        &mut self,
        job: &mut Job,
        place: Place<'_>,
        size: usize,
        work: &mut Work<'_, '_, '_>,
        answer: &mut Answer<'_, T>,
    ) -> Result<(), Stop> {
        let (host, _, property, element) = place;
        let is_record = host.is_structure(B::SCOPE);
        self.count_call(job, |statistics| &mut statistics.reads);
        if !is_record && !property.access.is_readable() {
            return Err(ReturnCode::OPERATION_NOT_SUPPORTED.into());
        }
        let declared = match is_record {
            true => RECORD_LEN,
            false => usize::try_from(property.len_of(element)).unwrap_or(usize::MAX),
        };
        // Negative offsets are huge ones (owfs: `ow_read.c`).
        let skip = usize::try_from(work.request.header.offset).unwrap_or(usize::MAX);
        if skip >= declared {
            return Ok(answer.success()?);
        }
        let window = Window { skip, size: size.min(declared.saturating_sub(skip)) };
        let value_type = property.type_of(element);
        let is_text = matches!(value_type, ValueType::Text | ValueType::Alias);
        if !is_record && element == Element::All && !is_text && skip.saturating_add(window.size) < declared {
            return Err(ReturnCode::OUT_OF_RANGE.into());
        }
        let is_date = !is_record && element != Element::All && value_type == ValueType::Date;
        if B::SCOPE.contains(Scope::DATES) && is_date && window.size < Date::TEXT_LEN {
            return Err(ReturnCode::MESSAGE_SIZE.into());
        }
        let reading = match job.phase {
            Phase::Read(reading) => reading,
            _ => Reading::default(),
        };
        job.phase = Phase::Read(reading);
        if !reading.is_begun {
            // A value that had to wait for room would have been read for nothing.
            answer.has_room_for(window.size)?;
        }
        if !is_record && value_type == ValueType::Bytes {
            self.read_bytes(job, reading, place, window, work, answer)
        } else {
            self.read_items(job, reading, place, window, work, answer)
        }
    }

    /// Begins the reply: so many bytes will follow.
    fn begin<T: Storage>(
        &mut self,
        len: usize,
        work: &Work<'_, '_, '_>,
        answer: &mut Answer<'_, T>,
    ) -> Result<(), Stop> {
        answer.begin(value_head(len, work.request.header.offset), Last::Yes)?;
        count(&mut self.statistics.reads_answered, 1);
        count(&mut self.statistics.bytes_read, len);
        Ok(())
    }

    /// Numbers, text and dates: item by item.
    fn read_items<T: Storage>(
        &mut self,
        job: &mut Job,
        mut reading: Reading,
        place: Place<'_>,
        window: Window,
        work: &mut Work<'_, '_, '_>,
        answer: &mut Answer<'_, T>,
    ) -> Result<(), Stop> {
        let items = self.items(place);
        if items == 0 {
            return self.begin(0, work, answer);
        }
        while !reading.is_begun && items > 1 {
            if reading.item < items {
                let len = self.item(place, reading.item, false, work, &mut [0; ITEM_LEN])?;
                reading.at = reading.at.saturating_add(len);
                reading.item = reading.item.saturating_add(1);
                job.phase = Phase::Read(reading);
                continue;
            }
            let full = reading.at;
            let len = window.len_of(full);
            let is_text_array = matches!(place, (_, _, property, Element::All)
                if property.value_type == ValueType::Text);
            if is_text_array && len < full.saturating_sub(window.skip) {
                return Err(ReturnCode::MESSAGE_SIZE.into());
            }
            self.begin(len, work, answer)?;
            reading = Reading { full, is_begun: true, ..Reading::default() };
            job.phase = Phase::Read(reading);
        }
        while !answer.is_complete() {
            if reading.is_begun && answer.room() == 0 {
                return Err(Stop::NoRoom);
            }
            if reading.item >= items {
                // The items are shorter than when they were counted.
                return Err(Stop::Broken);
            }
            let mut text = [0; ITEM_LEN];
            let len = self.item(place, reading.item, reading.is_begun, work, &mut text)?;
            let end = reading.at.saturating_add(len);
            if !reading.is_begun {
                // The only item needs no counting.
                self.begin(window.len_of(end), work, answer)?;
                reading = Reading { full: end, is_begun: true, ..reading };
            }
            let is_last = reading.item.saturating_add(1) == items;
            // Before anything is sent that would stand in the wrong place.
            let agrees = if is_last { end == reading.full } else { end < reading.full };
            if !agrees {
                return Err(Stop::Broken);
            }
            let from = window.skip.saturating_add(reading.pushed).saturating_sub(reading.at);
            let rest = text.get(from..len).unwrap_or_default();
            let pushed = answer.push(rest);
            reading.pushed = reading.pushed.saturating_add(pushed);
            if pushed == rest.len() {
                (reading.item, reading.at) = (reading.item.saturating_add(1), end);
            }
            job.phase = Phase::Read(reading);
        }
        Ok(())
    }

    /// Bytes: of one element, or of all, one behind the other. They come from the bus in pieces, each of one element.
    fn read_bytes<T: Storage>(
        &mut self,
        job: &mut Job,
        mut reading: Reading,
        place: Place<'_>,
        window: Window,
        work: &mut Work<'_, '_, '_>,
        answer: &mut Answer<'_, T>,
    ) -> Result<(), Stop> {
        let (_, _, property, element) = place;
        let element_len = usize::try_from(property.len).unwrap_or(usize::MAX).max(1);
        while !answer.is_complete() {
            if reading.is_begun && answer.room() == 0 {
                return Err(Stop::NoRoom);
            }
            let position = window.skip.saturating_add(reading.pushed);
            let (element, offset) = match element {
                Element::All => {
                    let number = position.checked_div(element_len).unwrap_or_default();
                    let offset = position.checked_rem(element_len).unwrap_or_default();
                    (Element::Number(u32::try_from(number).unwrap_or(u32::MAX)), offset)
                }
                element => (element, position),
            };
            let wanted = window.size.saturating_sub(reading.pushed);
            let wanted = wanted.min(element_len.saturating_sub(offset)).min(PIECE_LEN);
            let wanted = if reading.is_begun { wanted.min(answer.room()) } else { wanted };
            let mut scratch = [0; PIECE_LEN];
            let mut piece = [0; PIECE_LEN];
            let scratch = scratch.get_mut(..wanted).unwrap_or_default();
            let (host, family, property, _) = place;
            let value =
                self.value((host, family, property, element), offset, reading.is_begun, work, scratch)?;
            let given = value.as_bytes().and_then(|bytes| bytes.get(..wanted)).ok_or(NOT_THERE)?;
            let Some(piece) = piece.get_mut(..wanted) else { return Err(Stop::Broken) };
            piece.copy_from_slice(given);
            if !reading.is_begun {
                self.begin(window.size, work, answer)?;
                reading.is_begun = true;
            }
            let pushed = answer.push(piece);
            reading.pushed = reading.pushed.saturating_add(pushed);
            job.phase = Phase::Read(reading);
        }
        Ok(())
    }

    /// Of how many items a value is made.
    fn items(&self, (host, family, property, element): Place<'_>) -> u32 {
        if host.is_structure(B::SCOPE) {
            return 1;
        }
        if is_alias_list::<B>(host, family, property) {
            let mut lines = 0u32;
            while self.aliases.nth(usize::try_from(lines).unwrap_or(usize::MAX)).is_some() {
                lines = lines.saturating_add(1);
            }
            return lines;
        }
        match element {
            Element::All => property.elements().unwrap_or_default(),
            _ => 1,
        }
    }

    /// Writes item `n` to the front of `text`, with the comma in front of it, and says how long it is.
    fn item(
        &mut self,
        place: Place<'_>,
        n: u32,
        is_again: bool,
        work: &mut Work<'_, '_, '_>,
        text: &mut [u8; ITEM_LEN],
    ) -> Result<usize, Stop> {
        let (host, family, property, element) = place;
        let mut made = Made::new(text);
        if host.is_structure(B::SCOPE) {
            let record: Structure = property.record(element);
            made.push(record.to_ascii().as_bytes());
            return Ok(made.finish().len());
        }
        if is_alias_list::<B>(host, family, property) {
            if let Some((device, alias)) = self.aliases.nth(usize::try_from(n).unwrap_or(usize::MAX)) {
                made.push_hex(device.as_bytes());
                made.push(b"=");
                made.push(alias);
                made.push(b"\r\n");
            }
            return Ok(made.finish().len());
        }
        let element = match element {
            Element::All => Element::Number(n),
            element => element,
        };
        if n > 0 {
            made.push(b",");
        }
        let flags = work.request.header.flags;
        let mut scratch = [0; TEXT_LEN];
        let value = self.value((host, family, property, element), 0, is_again, work, &mut scratch)?;
        let value = of_type::<B>(property.type_of(element), value, flags).ok_or(NOT_THERE)?;
        let rendered = value.render(Padding::from_flags(flags)).map_err(|_| ReturnCode::MESSAGE_SIZE)?;
        let declared = usize::try_from(property.len_of(element)).unwrap_or(usize::MAX);
        let bytes = rendered.as_bytes();
        made.push(bytes.get(..declared).unwrap_or(bytes));
        Ok(made.finish().len())
    }

    /// The value of one element, from wherever it comes.
    fn value<'a>(
        &'a mut self,
        (host, family, property, element): Place<'_>,
        offset: usize,
        is_again: bool,
        work: &mut Work<'_, '_, '_>,
        scratch: &'a mut [u8],
    ) -> Result<Value<'a>, Stop> {
        let name = property.name;
        match host {
            Host::Special if !B::SCOPE.contains(Scope::SIMULTANEOUS) => Err(Stop::Broken),
            Host::Special if core::ptr::eq(family, &families::THERMOSTAT) => {
                Err(ReturnCode::DEVICE_LOCKED.into())
            }
            Host::Special => Ok(own::simultaneous(&self.bus, work.route.bus, name)),
            Host::Section if is::<B>(family, Scope::SETTINGS, &families::SETTINGS) => {
                Ok(own::setting(&self.settings, name, element, scratch)?)
            }
            Host::Section if is::<B>(family, Scope::SYSTEM, &families::SYSTEM) => {
                Ok(own::system(&self.system, &self.bus, name))
            }
            Host::Section if is::<B>(family, Scope::STATISTICS, &families::STATISTICS) => {
                Ok(own::statistic(&self.statistics, name))
            }
            Host::Section if is::<B>(family, Scope::INTERFACES, &families::INTERFACE) => {
                Ok(own::interface(&self.bus, work.route.bus.unwrap_or_default(), name, scratch))
            }
            Host::Section | Host::Structure => Err(Stop::Broken),
            Host::Device(device, _) if own::is_common(family, property) => {
                Ok(own::of_device(device, family, property, &self.aliases, scratch).ok_or(NOT_THERE)?)
            }
            Host::Device(device, bus) => {
                let flags = work.request.header.flags;
                let access = Access {
                    device,
                    bus,
                    family,
                    property,
                    element,
                    offset,
                    is_uncached: !is_again && (work.route.is_uncached || flags.contains(Flags::UNCACHED)),
                    now: work.now,
                    operation: work.operation,
                };
                Ok(ready(self.bus.read(&access, scratch, work.context))??)
            }
        }
    }
}

/// Whether a table is this one, and in the scope.
pub(super) fn is<B: Bus>(family: &'static Family, part: Scope, table: &'static Family) -> bool {
    B::SCOPE.contains(part) && core::ptr::eq(family, table)
}

fn is_alias_list<B: Bus>(host: Host, family: &'static Family, property: &Property) -> bool {
    host == Host::Section
        && is::<B>(family, Scope::SETTINGS, &families::SETTINGS)
        && property.name == "alias/list"
}

/// A value as one of this type, in the scale that the client wants; `None` if the bus gave something else.
fn of_type<B: Bus>(value_type: ValueType, value: Value<'_>, flags: Flags) -> Option<Value<'_>> {
    Some(match value_type {
        ValueType::Integer => match value {
            Value::Integer(_) => value,
            Value::Unsigned(number) => Value::Integer(i32::try_from(number).ok()?),
            _ => return None,
        },
        ValueType::Unsigned | ValueType::BitField => match value {
            Value::Unsigned(_) => value,
            Value::Integer(number) => Value::Unsigned(u32::try_from(number).ok()?),
            _ => return None,
        },
        ValueType::Float
        | ValueType::Temperature
        | ValueType::TemperatureDifference
        | ValueType::Pressure => Value::Float(units::to_client(value_type, value.as_f64()?, flags)),
        ValueType::YesNo => Value::YesNo(value.as_bool()?),
        ValueType::Date if B::SCOPE.contains(Scope::DATES) => Value::Date(value.as_date()?),
        ValueType::Text | ValueType::Alias => Value::Text(value.as_bytes()?),
        ValueType::Bytes | ValueType::Unknown => Value::Bytes(value.as_bytes()?),
        ValueType::Date | ValueType::Directory => return None,
    })
}

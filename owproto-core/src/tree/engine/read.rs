use crate::message::ReturnCode;
use crate::server::{Answer, LastFrame, ReplyHeader};
use crate::storage::Storage;
use crate::text::{Date, Padding, RenderBuffer, RomId, Structure, Value, ValueType, arithmetic, yes_no_text};
use crate::tree::alias::{Aliases, MAX_ALIAS_LEN};
use crate::tree::builtin::{self, Made, count};
use crate::tree::bus::{Access, Bus};
use crate::tree::engine::dispatch::{Host, Subject, Tree, Work};
use crate::tree::engine::job::Job;
use crate::tree::engine::progress::{Progress, Stop, begun, done};
use crate::tree::engine::units;
use crate::tree::families;
use crate::tree::model::property::{Element, Family, NOT_THERE};
use crate::tree::model::scope::Scope;
use crate::wire::Flags;

/// Memory that a bus may use for text, or for bytes; longer ones come in pieces.
const SCRATCH_LEN: usize = 512;
const _: () = assert!(SCRATCH_LEN > 2 * RomId::LEN + 1 + MAX_ALIAS_LEN + 2, "a line of the list of aliases");

/// The declared length of records in `/structure` (owfs: `ow_filelength.c`).
const RECORD_LEN: usize = 32;

/// The part of a value that is asked for.
struct Window {
    skip: usize,
    size: usize,
    /// Of how many items the value is made.
    items: u32,
    /// Whether it is bytes, which come in pieces.
    is_bytes: bool,
}

impl Window {
    /// Bytes of the part, if the whole value has so many.
    fn len_of(&self, full: usize) -> usize {
        full.saturating_sub(self.skip).min(self.size)
    }
}

impl<B: Bus, A: Aliases> Tree<B, A> {
    /// Goes on with a READ of `size` bytes at most: of a sequence of items, which are one value, or the elements of an
    /// `.ALL`, or the lines of the list of aliases. Bytes come from the bus in pieces, and need not be counted.
    pub(in crate::tree) fn read<T: Storage>(
        &mut self,
        job: &mut Job,
        subject: &mut Subject<'_>,
        size: usize,
        work: &mut Work<'_, '_, '_>,
        answer: &mut Answer<'_, T>,
    ) -> Result<(), Stop> {
        let (host, Access { property, element, .. }) = (subject.host, subject.access);
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
            return begun(answer.try_begin(ReplyHeader::default(), LastFrame::Yes));
        }
        let size = size.min(declared.wrapping_sub(skip));
        let value_type = property.type_of(element);
        let is_text = matches!(value_type, ValueType::Text | ValueType::Alias);
        if !is_record && element == Element::All && !is_text && skip.wrapping_add(size) < declared {
            return Err(ReturnCode::OUT_OF_RANGE.into());
        }
        let is_date = !is_record && element != Element::All && value_type == ValueType::Date;
        if B::SCOPE.contains(Scope::DATES) && is_date && size < Date::TEXT_LEN {
            return Err(ReturnCode::MESSAGE_SIZE.into());
        }
        let progress = &mut job.progress;
        if progress.full.is_none() {
            // A value that had to wait for room would have been read for nothing.
            begun(answer.is_worth_beginning(size))?;
        }
        let is_bytes = !is_record && value_type == ValueType::Bytes;
        let items = if is_bytes { 1 } else { self.items(subject) };
        let window = Window { skip, size, items, is_bytes };
        while !answer.is_complete() {
            let was_begun = progress.full.is_some();
            if was_begun && answer.room() == 0 {
                return Err(Stop::NO_ROOM);
            }
            let passed = if progress.item < items {
                self.item(subject, &window, progress, work, answer)
            } else if was_begun {
                // The items are shorter than when they were counted.
                return Err(Stop::BROKEN);
            } else {
                // All were counted.
                let full = progress.at;
                let len = window.len_of(full);
                if value_type == ValueType::Text
                    && element == Element::All
                    && len < full.saturating_sub(window.skip)
                {
                    return Err(ReturnCode::MESSAGE_SIZE.into());
                }
                begin(full, &window, progress, work, answer)
            };
            if let Some(full) = progress.full
                && !was_begun
            {
                count(&mut self.statistics.reads_answered, 1);
                count(&mut self.statistics.bytes_read, window.len_of(full));
            }
            passed?;
        }
        Ok(())
    }

    /// Of how many items a value is made.
    fn items(&self, subject: &Subject<'_>) -> u32 {
        if subject.host.is_structure(B::SCOPE) {
            return 1;
        }
        if is_alias_list::<B>(subject) {
            let mut lines = 0u32;
            while self.aliases.nth(usize::try_from(lines).unwrap_or(usize::MAX)).is_some() {
                lines = lines.wrapping_add(1);
            }
            return lines;
        }
        match subject.access.element {
            Element::All => subject.access.property.elements().unwrap_or_default(),
            _ => 1,
        }
    }

    /// Goes over the next item, or a piece of bytes: counts it, or pushes what is wanted of it. The only item begins the
    /// reply itself.
    fn item<T: Storage>(
        &mut self,
        subject: &Subject<'_>,
        window: &Window,
        progress: &mut Progress,
        work: &mut Work<'_, '_, '_>,
        answer: &mut Answer<'_, T>,
    ) -> Result<(), Stop> {
        let Access { property, element: asked, .. } = subject.access;
        let flags = work.request.header.flags;
        let is_again = progress.full.is_some();
        let n = progress.item;
        let mut scratch = [0; SCRATCH_LEN];
        let (mut offset, mut wanted) = (0, scratch.len());
        let mut element = asked;
        if window.is_bytes {
            let element_len = usize::try_from(property.len).unwrap_or(usize::MAX).max(1);
            offset = progress.position.max(window.skip);
            wanted = wanted.min(window.skip.wrapping_add(window.size).wrapping_sub(offset));
            if asked == Element::All {
                let number = offset.checked_div(element_len).unwrap_or_default();
                offset = offset.wrapping_sub(number.wrapping_mul(element_len));
                element = Element::Number(u32::try_from(number).unwrap_or(u32::MAX));
            }
            wanted = wanted.min(element_len.saturating_sub(offset));
            if is_again {
                wanted = wanted.min(answer.room());
            }
        } else if asked == Element::All {
            element = Element::Number(n);
        }
        let is_uncached = work.route.is_uncached || flags.contains(Flags::UNCACHED);
        let access = Access { element, offset, is_uncached: !is_again && is_uncached, ..subject.access };
        let scratch = scratch.get_mut(..wanted).unwrap_or_default();
        let mut made = RenderBuffer::new();
        let line;
        let record;
        let item: &[u8] = if subject.host.is_structure(B::SCOPE) {
            // Of what the path names.
            let structure: Structure = property.record(asked);
            record = structure.to_ascii();
            record.as_bytes()
        } else if is_alias_list::<B>(subject) {
            line = self.alias_line(n, scratch);
            line
        } else {
            let value = self.value(subject.host, &access, work, scratch)?;
            if window.is_bytes {
                value.as_bytes().and_then(|bytes| bytes.get(..wanted)).ok_or(NOT_THERE)?
            } else {
                let text = text_of::<B>(property.type_of(element), value, flags, &mut made)?;
                let declared = usize::try_from(property.len_of(element)).unwrap_or(usize::MAX);
                text.get(..declared).unwrap_or(text)
            }
        };
        if window.is_bytes {
            if !is_again {
                let full = window.skip.wrapping_add(window.size);
                begin(full, window, progress, work, answer)?;
            }
            progress.position = progress.position.wrapping_add(answer.push(item));
            return Ok(());
        }
        let comma: &[u8] = if n > 0 && !is_alias_list::<B>(subject) { b"," } else { b"" };
        let start = progress.at;
        let end = start.wrapping_add(comma.len()).wrapping_add(item.len());
        if progress.full.is_none() && window.items == 1 {
            begin(end, window, progress, work, answer)?;
        }
        let sends = match progress.full {
            // Before anything is sent that would stand in the wrong place.
            Some(full) if end > full || (end < full && n.wrapping_add(1) == window.items) => {
                return Err(Stop::BROKEN);
            }
            full => full.is_some(),
        };
        let mut answer = sends.then_some(answer);
        progress.pass(comma, answer.as_deref_mut());
        progress.pass(item, answer);
        if sends && !progress.is_pushed() {
            // There is no room for the rest, or nobody wants it.
            progress.at = start;
        } else {
            progress.item = n.wrapping_add(1);
        }
        Ok(())
    }

    /// Line `n` of the list of aliases.
    fn alias_line<'s>(&self, n: u32, scratch: &'s mut [u8]) -> &'s [u8] {
        let mut made = Made::new(scratch);
        if let Some((device, alias)) = self.aliases.nth(usize::try_from(n).unwrap_or(usize::MAX)) {
            made.push_hex(device.as_bytes());
            made.push(b"=");
            made.push(alias);
            made.push(b"\r\n");
        }
        made.finish()
    }

    /// The value of one element, from wherever it comes.
    fn value<'a>(
        &'a mut self,
        host: Host,
        access: &Access<'_>,
        work: &mut Work<'_, '_, '_>,
        scratch: &'a mut [u8],
    ) -> Result<Value<'a>, Stop> {
        let Access { device, family, property, element, .. } = *access;
        let name = property.name;
        match host {
            Host::Special if !B::SCOPE.contains(Scope::SIMULTANEOUS) => Err(Stop::BROKEN),
            Host::Special if core::ptr::eq(family, &families::THERMOSTAT) => {
                Err(ReturnCode::DEVICE_LOCKED.into())
            }
            Host::Special => Ok(builtin::simultaneous(&self.bus, work.route.bus, name)),
            Host::Section if is::<B>(family, Scope::SETTINGS, &families::SETTINGS) => {
                Ok(builtin::setting(&self.settings, name, element, scratch)?)
            }
            Host::Section if is::<B>(family, Scope::SYSTEM, &families::SYSTEM) => {
                Ok(builtin::system(&self.system, &self.bus, name))
            }
            Host::Section if is::<B>(family, Scope::STATISTICS, &families::STATISTICS) => {
                Ok(builtin::statistic(&self.statistics, name))
            }
            Host::Section if is::<B>(family, Scope::INTERFACES, &families::INTERFACE) => {
                Ok(builtin::interface(&self.bus, work.route.bus.unwrap_or_default(), name, scratch))
            }
            Host::Section | Host::Structure => Err(Stop::BROKEN),
            Host::Device if builtin::is_common(family, property) => {
                Ok(builtin::of_device(device, family, property, &self.aliases, scratch).ok_or(NOT_THERE)?)
            }
            Host::Device => done(self.bus.read(access, scratch, work.context)),
        }
    }
}

/// Begins the reply, whose value has so many bytes, of which a part is wanted.
fn begin<T: Storage>(
    full: usize,
    window: &Window,
    progress: &mut Progress,
    work: &Work<'_, '_, '_>,
    answer: &mut Answer<'_, T>,
) -> Result<(), Stop> {
    begun(
        answer.try_begin(ReplyHeader::value(window.len_of(full), work.request.header.offset), LastFrame::Yes),
    )?;
    *progress = Progress { full: Some(full), position: window.skip, ..Progress::NEW };
    Ok(())
}

/// Whether a table is this one, and in the scope.
pub(in crate::tree) fn is<B: Bus>(family: &'static Family, part: Scope, table: &'static Family) -> bool {
    B::SCOPE.contains(part) && core::ptr::eq(family, table)
}

fn is_alias_list<B: Bus>(subject: &Subject<'_>) -> bool {
    let Access { family, property, .. } = subject.access;
    subject.host == Host::Section
        && is::<B>(family, Scope::SETTINGS, &families::SETTINGS)
        && property.name == "alias/list"
}

/// The text of a value as one of this type, in the scale and the width that the client wants.
fn text_of<'a, B: Bus>(
    value_type: ValueType,
    value: Value<'a>,
    flags: Flags,
    made: &'a mut RenderBuffer,
) -> Result<&'a [u8], Stop> {
    let padding = Padding::from_flags(flags);
    let text: Option<&[u8]> = match value_type {
        ValueType::Integer | ValueType::Unsigned | ValueType::BitField => {
            let (is_negative, magnitude) = whole(value).ok_or(NOT_THERE)?;
            // What the type does not hold.
            let is_wrong = if value_type == ValueType::Integer {
                magnitude > i32::MAX.unsigned_abs() && !is_negative
            } else {
                is_negative
            };
            if is_wrong { None } else { Some(made.integer(is_negative, magnitude, padding)) }
        }
        ValueType::Float
        | ValueType::Temperature
        | ValueType::TemperatureDifference
        | ValueType::Pressure => {
            let number = match value {
                Value::Float(number) => number,
                _ => {
                    let (is_negative, magnitude) = whole(value).ok_or(NOT_THERE)?;
                    arithmetic::from_integer(is_negative, magnitude)
                }
            };
            let text = made.float(units::to_client(value_type, number, flags), padding);
            Some(text.map_err(|_| ReturnCode::MESSAGE_SIZE)?)
        }
        ValueType::YesNo => value.as_bool().map(yes_no_text),
        ValueType::Date if B::SCOPE.contains(Scope::DATES) => value.as_date().map(|date| made.date(date)),
        ValueType::Text | ValueType::Alias | ValueType::Bytes | ValueType::Unknown => value.as_bytes(),
        ValueType::Date | ValueType::Directory => None,
    };
    Ok(text.ok_or(NOT_THERE)?)
}

/// A whole number: whether it is below 0, and its magnitude.
fn whole(value: Value<'_>) -> Option<(bool, u32)> {
    match value {
        Value::Integer(number) => Some((number < 0, number.unsigned_abs())),
        Value::Unsigned(number) => Some((false, number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;

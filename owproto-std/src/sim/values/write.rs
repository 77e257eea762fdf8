//! What clients write.

use owproto_core::text::Value;
use owproto_core::tree::{Access, Element};

use super::dates::directory_of_date;
use super::number;
use crate::sim::device_state::DeviceState;
use crate::sim::operations::Moment;
use crate::sim::stored::Stored;

impl DeviceState {
    /// Keeps a value that a client writes.
    pub(in crate::sim) fn write(&mut self, access: &Access<'_>, value: Value<'_>, moment: Moment) {
        let property = access.property;
        let n = number(access.element);
        if property.name == "latch" {
            // Any value clears all latches.
            self.latches_cleared = moment.at;
            return;
        }
        if let Some(directory) = directory_of_date(property) {
            let seconds = match value {
                Value::Date(date) => date.to_unix_seconds(),
                Value::Unsigned(seconds) => seconds.into(),
                _ => return,
            };
            self.put_seconds(directory, n, seconds, moment.at);
            return;
        }
        match (access.element, value) {
            (Element::Byte, Value::Unsigned(bits)) => {
                for n in 0..property.elements().unwrap_or_default().min(32) {
                    self.written.insert((property.name, n), Stored::YesNo(bits >> n & 1 == 1));
                }
            }
            (element, Value::Bytes(bytes)) => self.put_bytes(property, element, access.offset, bytes),
            (_, Value::Text(text)) => {
                let kept = self.written.entry((property.name, n)).or_insert(Stored::Text(Vec::new()));
                if let Stored::Text(kept) = kept {
                    kept.resize(access.offset, b' ');
                    kept.extend_from_slice(text);
                }
            }
            (_, value) => drop(self.written.insert((property.name, n), Stored::new(value))),
        }
    }
}

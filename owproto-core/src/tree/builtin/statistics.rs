use crate::text::Value;

/// What a tree counts: the part of `/statistics` that is not always 0. After `u32::MAX` a counter wraps around to 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Statistics {
    /// `read/calls`: values that clients requested.
    pub reads: u32,
    /// `read/success`: values that were sent.
    pub reads_answered: u32,
    /// `read/bytes`: the bytes of these values.
    pub bytes_read: u32,
    /// `write/calls`: writes that clients requested.
    pub writes: u32,
    /// `write/success`: writes that were done.
    pub writes_done: u32,
    /// `write/bytes`: the bytes that were written.
    pub bytes_written: u32,
    /// `directory/device/calls`: listings that clients requested.
    pub listings: u32,
    /// `directory/device/entries`: entries that were sent.
    pub entries: u32,
}

impl Statistics {
    /// Nothing was counted.
    pub const ZERO: Self = Self {
        reads: 0,
        reads_answered: 0,
        bytes_read: 0,
        writes: 0,
        writes_done: 0,
        bytes_written: 0,
        listings: 0,
        entries: 0,
    };
}

/// Adds to a counter.
pub(in crate::tree) fn count(counter: &mut u32, n: usize) {
    *counter = counter.wrapping_add(u32::try_from(n).unwrap_or(u32::MAX));
}

/// The value of a property of `/statistics`.
pub(in crate::tree) fn value(statistics: &Statistics, name: &str) -> Value<'static> {
    Value::Unsigned(match name {
        "read/calls" => statistics.reads,
        "read/success" => statistics.reads_answered,
        "read/bytes" => statistics.bytes_read,
        "write/calls" => statistics.writes,
        "write/success" => statistics.writes_done,
        "write/bytes" => statistics.bytes_written,
        "directory/device/calls" => statistics.listings,
        "directory/device/entries" => statistics.entries,
        _ => 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_counter_has_its_name() {
        let statistics = Statistics {
            reads: 1,
            reads_answered: 2,
            bytes_read: 3,
            writes: 4,
            writes_done: 5,
            bytes_written: 6,
            listings: 7,
            entries: 8,
        };
        for (name, number) in [
            ("read/calls", 1),
            ("read/success", 2),
            ("read/bytes", 3),
            ("write/calls", 4),
            ("write/success", 5),
            ("write/bytes", 6),
            ("directory/device/calls", 7),
            ("directory/device/entries", 8),
            ("cache/flips", 0),
        ] {
            assert_eq!(value(&statistics, name), Value::Unsigned(number), "{name}");
        }
        assert_eq!(Statistics::ZERO, Statistics::default());
    }

    #[test]
    fn a_counter_wraps_around() {
        let mut counter = u32::MAX;
        count(&mut counter, 3);
        assert_eq!(counter, 2);
    }
}

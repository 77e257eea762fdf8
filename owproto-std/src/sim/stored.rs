use owproto_core::text::{Date, Value};

/// A value that a device keeps or generates.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Stored {
    Integer(i32),
    Unsigned(u32),
    Float(f64),
    YesNo(bool),
    Date(Date),
    Text(Vec<u8>),
    Bytes(Vec<u8>),
}

/// A value, or bytes in the memory of the device.
pub(super) enum Found<'s> {
    Memory(&'s [u8]),
    Value(Stored),
}

impl Stored {
    pub(super) fn new(value: Value<'_>) -> Self {
        match value {
            Value::Integer(number) => Self::Integer(number),
            Value::Unsigned(number) => Self::Unsigned(number),
            Value::Float(number) => Self::Float(number),
            Value::YesNo(yes) => Self::YesNo(yes),
            Value::Date(date) => Self::Date(date),
            Value::Text(text) => Self::Text(text.to_vec()),
            Value::Bytes(bytes) => Self::Bytes(bytes.to_vec()),
            // Another kind of value is kept as the text that a client would get.
            other => Self::Text(other.encode().as_bytes().to_vec()),
        }
    }

    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.as_bytes().to_vec())
    }

    pub(super) fn value(&self) -> Value<'_> {
        match self {
            Self::Integer(number) => Value::Integer(*number),
            Self::Unsigned(number) => Value::Unsigned(*number),
            Self::Float(number) => Value::Float(*number),
            Self::YesNo(yes) => Value::YesNo(*yes),
            Self::Date(date) => Value::Date(*date),
            Self::Text(text) => Value::Text(text),
            Self::Bytes(bytes) => Value::Bytes(bytes),
        }
    }
}

impl Found<'_> {
    /// Copies the value to `scratch`, as far as it is text or bytes: of bytes those from `offset` on. `None` if the offset
    /// is past the end.
    pub(super) fn copy_to<'a>(&self, offset: usize, scratch: &'a mut [u8]) -> Option<Value<'a>> {
        let stored = match self {
            Self::Memory(bytes) => return Some(Value::Bytes(copy(bytes.get(offset..)?, scratch))),
            Self::Value(stored) => stored,
        };
        Some(match stored {
            Stored::Text(text) => Value::Text(copy(text, scratch)),
            Stored::Bytes(bytes) => Value::Bytes(copy(bytes.get(offset..)?, scratch)),
            Stored::Integer(number) => Value::Integer(*number),
            Stored::Unsigned(number) => Value::Unsigned(*number),
            Stored::Float(number) => Value::Float(*number),
            Stored::YesNo(yes) => Value::YesNo(*yes),
            Stored::Date(date) => Value::Date(*date),
        })
    }

    pub(super) fn into_stored(self) -> Stored {
        match self {
            Self::Memory(bytes) => Stored::Bytes(bytes.to_vec()),
            Self::Value(stored) => stored,
        }
    }
}

/// Copies as many bytes as fit; returns the copy.
fn copy<'a>(bytes: &[u8], scratch: &'a mut [u8]) -> &'a [u8] {
    let len = bytes.len().min(scratch.len());
    let target = scratch.get_mut(..len).unwrap_or_default();
    target.copy_from_slice(bytes.get(..len).unwrap_or_default());
    target
}

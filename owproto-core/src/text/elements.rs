use core::iter::FusedIterator;
use core::num::NonZeroUsize;

use super::value::{Value, ValueError, ValueErrorKind};
use super::value_type::ValueType;

/// Iterates over the elements of an array, as a READ of its `.ALL` gives them.
///
/// Numbers, yes/no, dates and texts are separated by commas; elements of bytes have no separator (owfs:
/// `ow_parseoutput.c`). An empty payload has no elements. Each element is parsed on its own, so the iteration continues
/// after an error.
///
/// ```
/// use owproto_core::text::{Elements, Value, ValueType};
/// let mut volts = Elements::separated(ValueType::Float, b"         3.6,         3.7");
/// assert_eq!(volts.next(), Some(Ok(Value::Float(3.6))));
/// assert_eq!(volts.next(), Some(Ok(Value::Float(3.7))));
/// assert_eq!(volts.next(), None);
/// ```
///
/// A text that contains a comma looks like two texts: `.ALL` does not mark it.
#[derive(Clone, Debug)]
pub struct Elements<'a> {
    value_type: ValueType,
    /// `None` at the end.
    rest: Option<&'a [u8]>,
    /// Bytes before `rest`.
    position: usize,
    split: Split,
}

#[derive(Clone, Copy, Debug)]
enum Split {
    AtCommas,
    /// After this number of bytes.
    Every(NonZeroUsize),
    /// All bytes are one element.
    Never,
}

impl<'a> Elements<'a> {
    /// Elements separated by commas: those of any type but bytes.
    #[must_use]
    pub const fn separated(value_type: ValueType, bytes: &'a [u8]) -> Self {
        Self::new(value_type, bytes, Split::AtCommas)
    }

    /// Elements of `element_len` bytes each. If the last one is shorter, it is a [`ValueErrorKind::Length`] error.
    ///
    /// ```
    /// use core::num::NonZeroUsize;
    /// use owproto_core::text::{Elements, Value};
    /// let pages = Elements::of_length(b"abcdef", NonZeroUsize::new(3).unwrap());
    /// assert!(pages.eq([Ok(Value::Bytes(b"abc")), Ok(Value::Bytes(b"def"))]));
    /// ```
    #[must_use]
    pub const fn of_length(bytes: &'a [u8], element_len: NonZeroUsize) -> Self {
        Self::new(ValueType::Bytes, bytes, Split::Every(element_len))
    }

    /// One value, not an `.ALL`.
    #[must_use]
    pub(crate) const fn single(value_type: ValueType, bytes: &'a [u8]) -> Self {
        Self { value_type, rest: Some(bytes), position: 0, split: Split::Never }
    }

    const fn new(value_type: ValueType, bytes: &'a [u8], split: Split) -> Self {
        Self { value_type, rest: if bytes.is_empty() { None } else { Some(bytes) }, position: 0, split }
    }

    fn parse(&self, element: &'a [u8]) -> Result<Value<'a>, ValueError> {
        match self.split {
            Split::Every(len) if element.len() < len.get() => Err(ValueError {
                position: self.position.saturating_add(element.len()),
                kind: ValueErrorKind::Length { expected: len.get(), found: element.len() },
            }),
            _ => Value::parse(self.value_type, element).map_err(|error| ValueError {
                position: self.position.saturating_add(error.position),
                ..error
            }),
        }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Result<Value<'a>, ValueError>;

    fn next(&mut self) -> Option<Self::Item> {
        let all = self.rest?;
        let (element, rest) = match self.split {
            Split::AtCommas => match split_at_comma(all) {
                Some((element, rest)) => (element, Some(rest)),
                None => (all, None),
            },
            Split::Every(len) => match all.split_at_checked(len.get()) {
                Some((element, rest @ [_, ..])) => (element, Some(rest)),
                _ => (all, None),
            },
            Split::Never => (all, None),
        };
        let value = self.parse(element);
        self.position = self.position.saturating_add(all.len()).saturating_sub(rest.map_or(0, <[u8]>::len));
        self.rest = rest;
        Some(value)
    }
}

impl FusedIterator for Elements<'_> {}

/// Element `n`, from 0, of a comma-separated list, borrowed and not parsed.
///
/// ```
/// use owproto_core::text::list_element;
/// // The beginning of `/settings/return_codes/text.ALL` (observed, owserver 3.2p4).
/// let texts = b"Good result,Startup - command line parameters invalid,legacy - No such entity";
/// assert_eq!(list_element(texts, 2), Some(&b"legacy - No such entity"[..]));
/// assert_eq!(list_element(texts, 3), None);
/// ```
#[must_use]
pub fn list_element(list: &[u8], n: usize) -> Option<&[u8]> {
    if list.is_empty() { None } else { list.split(|&byte| byte == b',').nth(n) }
}

/// The bytes before and after the first comma.
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
pub(crate) fn split_at_comma(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let comma = bytes.iter().position(|&byte| byte == b',')?;
    let (element, rest) = bytes.split_at_checked(comma)?;
    Some((element, rest.get(1..)?))
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    fn separated(value_type: ValueType, bytes: &[u8]) -> Vec<Result<Value<'_>, ValueError>> {
        Elements::separated(value_type, bytes).collect()
    }

    #[test]
    fn elements_of_each_type_are_separated_by_commas() {
        let yes_no = [false, true, false].map(|yes| Ok(Value::YesNo(yes)));
        assert_eq!(separated(ValueType::YesNo, b"0,1,0"), yes_no);
        assert_eq!(
            separated(ValueType::Unsigned, b"          36,          37"),
            [36, 37].map(|n| Ok(Value::Unsigned(n)))
        );
        assert_eq!(
            separated(ValueType::Text, b"a,,b,"),
            [&b"a"[..], b"", b"b", b""].map(|text| Ok(Value::Text(text)))
        );
        assert_eq!(separated(ValueType::Text, b""), []);
        assert_eq!(separated(ValueType::Integer, b""), []);
    }

    #[test]
    fn iteration_continues_after_an_error_with_its_position_in_the_list() {
        assert_eq!(
            separated(ValueType::Integer, b" 1, x, 3,"),
            [
                Ok(Value::Integer(1)),
                Err(ValueError { position: 4, kind: ValueErrorKind::Syntax }),
                Ok(Value::Integer(3)),
                Err(ValueError { position: 9, kind: ValueErrorKind::Empty }),
            ]
        );
    }

    #[test]
    fn bytes_are_split_by_length() {
        let elements =
            |bytes, len| Elements::of_length(bytes, NonZeroUsize::new(len).unwrap()).collect::<Vec<_>>();
        assert_eq!(elements(b"a,cd", 2), [Ok(Value::Bytes(b"a,")), Ok(Value::Bytes(b"cd"))]);
        let kind = ValueErrorKind::Length { expected: 3, found: 1 };
        assert_eq!(elements(b"abcd", 3), [Ok(Value::Bytes(b"abc")), Err(ValueError { position: 4, kind })]);
        assert_eq!(elements(b"", 3), []);
    }

    proptest! {
        #[test]
        fn a_list_has_one_element_more_than_commas(bytes in proptest::collection::vec(prop_oneof![Just(b','), any::<u8>()], 0..40)) {
            let commas = bytes.iter().filter(|&&byte| byte == b',').count();
            let expected = if bytes.is_empty() { 0 } else { commas + 1 };
            for &value_type in ValueType::ALL {
                prop_assert_eq!(Elements::separated(value_type, &bytes).count(), expected);
            }
            let texts: Vec<_> = Elements::separated(ValueType::Text, &bytes).map(|text| text.unwrap().as_bytes().unwrap()).collect();
            prop_assert_eq!(texts.join(&b','), bytes.clone());
            for (n, text) in texts.iter().enumerate() {
                prop_assert_eq!(list_element(&bytes, n), Some(*text));
            }
            prop_assert_eq!(list_element(&bytes, expected), None);
        }

        #[test]
        fn all_bytes_belong_to_an_element(bytes: Vec<u8>, len in 1usize..9) {
            let elements: Vec<_> = Elements::of_length(&bytes, NonZeroUsize::new(len).unwrap()).collect();
            prop_assert_eq!(elements.len(), bytes.len().div_ceil(len));
            prop_assert!(elements.iter().take(bytes.len() / len).all(Result::is_ok));
        }
    }
}

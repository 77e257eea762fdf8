use std::fmt;
use std::str::FromStr;

use owproto_core::text::{RomId, RomIdError};

/// The devices of a simulator as text.
///
/// ```text
/// spec   = ["tester:"] bus *("+" bus)
/// bus    = [device *("," device)]
/// device = (family | address) ["*" count] ["=" alias]
/// ```
///
/// - A family is two hexadecimal digits, and may be repeated. Its devices get generated addresses, which follow from the
///   seed, or with `tester:` from the rule of owserver's `--tester`.
/// - An address is a ROM id in any notation. With `tester:` it is not allowed.
/// - `28*3` stands for three devices of a family.
/// - An alias is a name without comma, plus, slash or NUL.
///
/// ```
/// use owproto_std::sim::Spec;
/// let spec: Spec = "10,28=kitchen,28.000028D70100=cellar+26".parse()?;
/// assert_eq!(spec.buses(), 2);
/// assert_eq!(spec.devices(), 4);
/// assert_eq!(spec.to_string(), "10,28=kitchen,28.000028D70100=cellar+26");
/// # Ok::<(), owproto_std::sim::SpecError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Spec {
    pub(super) is_tester: bool,
    /// At least one bus.
    pub(super) buses: Vec<Vec<Item>>,
}

/// A device, or several devices of a family.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Item {
    pub(super) which: Which,
    pub(super) count: u16,
    pub(super) alias: Option<Vec<u8>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Which {
    Family(u8),
    Address(RomId),
}

impl Spec {
    /// Whether values are those of owserver's `--tester`.
    #[must_use]
    pub const fn is_tester(&self) -> bool {
        self.is_tester
    }

    /// The number of buses.
    #[must_use]
    pub fn buses(&self) -> usize {
        self.buses.len()
    }

    /// The number of devices on all buses.
    #[must_use]
    pub fn devices(&self) -> usize {
        self.buses.iter().flatten().map(|item| usize::from(item.count)).sum()
    }
}

/// The default devices: all families that are simulated in detail, with the addresses from the examples of the tool.
const DEFAULT: &str = "01,05.4AEC29CDBAAB,10.67C6697351FF=garden,12,1D=rain,20,21,22,23.000023DC0800,\
    26.000026D90200=weather,28.000028D70100=kitchen,28=cellar,29.000029D60400,3A,3B,F0+10,1D,28";

/// A bus with devices of many kinds, and a second one with three.
impl Default for Spec {
    fn default() -> Self {
        // A test checks that it can be parsed.
        DEFAULT.parse().unwrap_or(Self { is_tester: false, buses: vec![Vec::new()] })
    }
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_tester { "tester:" } else { "" })?;
        for (number, bus) in self.buses.iter().enumerate() {
            f.write_str(if number > 0 { "+" } else { "" })?;
            for (place, item) in bus.iter().enumerate() {
                f.write_str(if place > 0 { "," } else { "" })?;
                match item.which {
                    Which::Family(code) => write!(f, "{code:02X}")?,
                    Which::Address(id) => write!(f, "{id}")?,
                }
                if item.count != 1 {
                    write!(f, "*{}", item.count)?;
                }
                if let Some(alias) = &item.alias {
                    write!(f, "={}", String::from_utf8_lossy(alias))?;
                }
            }
        }
        Ok(())
    }
}

impl FromStr for Spec {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        let list = text.strip_prefix("tester:");
        let mut parser =
            Parser { text, is_tester: list.is_some(), aliases: Vec::new(), addresses: Vec::new() };
        let mut at = text.len() - list.unwrap_or(text).len();
        let mut buses = Vec::new();
        for bus in list.unwrap_or(text).split('+') {
            let mut items = Vec::new();
            if !bus.is_empty() {
                for item in bus.split(',') {
                    items.push(parser.item(item, at)?);
                    at += item.len() + 1;
                }
            } else {
                at += 1;
            }
            let devices = items.iter().map(|item| usize::from(item.count)).sum::<usize>();
            if devices > MAX_DEVICES || buses.len() == MAX_BUSES {
                return Err(parser.error(text.len(), SpecErrorKind::TooMany));
            }
            buses.push(items);
        }
        Ok(Self { is_tester: parser.is_tester, buses })
    }
}

/// The maximum number of devices of a bus: the addresses of the tester have two bytes for the number of the device.
const MAX_DEVICES: usize = 1 << 16;

/// The maximum number of buses.
const MAX_BUSES: usize = 1 << 8;

struct Parser<'t> {
    text: &'t str,
    is_tester: bool,
    aliases: Vec<&'t str>,
    addresses: Vec<RomId>,
}

impl<'t> Parser<'t> {
    /// Parses the item that starts at byte `at`.
    fn item(&mut self, item: &'t str, at: usize) -> Result<Item, SpecError> {
        let (device, alias) = match item.split_once('=') {
            Some((device, alias)) => (device, Some(alias)),
            None => (item, None),
        };
        let (which, count) = match device.split_once('*') {
            Some((which, count)) => (which, Some(count)),
            None => (device, None),
        };
        let count_at = at + which.len() + 1;
        let is_family = which.len() == 2 && which.bytes().all(|digit| digit.is_ascii_hexdigit());
        let which = if is_family {
            let code = u8::from_str_radix(which, 16);
            Which::Family(code.map_err(|_| self.error(at, SpecErrorKind::Device(None)))?)
        } else {
            // A text as short as a family was meant to be one, so the reason why it is not an address does not help.
            let short = which.len() <= 2;
            let id = RomId::parse(which.as_bytes())
                .map_err(|error| self.error(at, SpecErrorKind::Device((!short).then_some(error))))?;
            if self.is_tester {
                return Err(self.error(at, SpecErrorKind::TesterAddress));
            }
            if self.addresses.contains(&id) {
                return Err(self.error(at, SpecErrorKind::DuplicateAddress));
            }
            self.addresses.push(id);
            Which::Address(id)
        };
        let count = match count {
            None => 1,
            Some(count) => count
                .parse()
                .ok()
                .filter(|&count| count > 0 && (count == 1 || (is_family && alias.is_none())))
                .ok_or_else(|| self.error(count_at, SpecErrorKind::Count))?,
        };
        let alias_at = at + device.len() + 1;
        if let Some(alias) = alias {
            if alias.trim().is_empty()
                || alias.trim() != alias
                || alias.contains(['/', '\0'])
                || alias.len() > 256
            {
                return Err(self.error(alias_at, SpecErrorKind::Alias));
            }
            if self.aliases.contains(&alias) {
                return Err(self.error(alias_at, SpecErrorKind::DuplicateAlias));
            }
            self.aliases.push(alias);
        }
        Ok(Item { which, count, alias: alias.map(|alias| alias.as_bytes().to_vec()) })
    }

    fn error(&self, position: usize, kind: SpecErrorKind) -> SpecError {
        SpecError { text: self.text.to_owned(), position, kind }
    }
}

/// A text that is not a valid [`Spec`].
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{kind} (at byte {position} of {text:?})")]
pub struct SpecError {
    text: String,
    /// The index of the byte at which the invalid part starts.
    pub position: usize,
    /// What is invalid there.
    pub kind: SpecErrorKind,
}

/// What is invalid in a [`Spec`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpecErrorKind {
    /// Neither a family code nor an address. For a longer text, the reason why it is not an address.
    #[error(
        "expected a family code of two hexadecimal digits, such as 28, or an address, such as 28.000028D70100"
    )]
    Device(#[source] Option<RomIdError>),
    /// An address after `tester:`.
    #[error("after tester: only families can be given, because the addresses are computed")]
    TesterAddress,
    /// An address that appears before.
    #[error("this address is used twice")]
    DuplicateAddress,
    /// A count that is not a number of 1 or more, or a count of more than one for an address or an alias.
    #[error(
        "after * a number of devices must follow; with an address or an alias there can be only one device"
    )]
    Count,
    /// An alias that is empty or too long, has spaces at an end, or has a slash or a NUL.
    #[error("an alias must have 1 to 256 bytes, no slash or NUL, and no spaces at its ends")]
    Alias,
    /// An alias that appears before.
    #[error("this alias is used twice")]
    DuplicateAlias,
    /// More than 65,536 devices on a bus, or more than 256 buses.
    #[error("there can be at most 65536 devices on a bus, and 256 buses")]
    TooMany,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spec_prints_as_it_was_written() {
        for text in
            ["", "10", "tester:10,28,28", "28=a b,10*3+1D+", "+", "28.000028D70100=x+10", "tester:28*2000"]
        {
            assert_eq!(text.parse::<Spec>().unwrap().to_string(), text);
        }
        let spec: Spec = "3a,ff*2+".parse().unwrap();
        assert_eq!((spec.devices(), spec.buses(), spec.is_tester()), (3, 2, false));
        assert_eq!(spec.to_string(), "3A,FF*2+");
    }

    #[test]
    fn the_default_has_all_families_that_are_simulated_in_detail() {
        let text = Spec::default().to_string();
        assert_eq!(text, DEFAULT);
        for family in ["01", "05", "10", "12", "1D", "20", "21", "22", "23", "26", "28", "29", "3A", "3B"] {
            assert!(text.contains(family), "{family}");
        }
    }

    #[test]
    fn an_error_has_the_position_of_the_invalid_part() {
        use SpecErrorKind::*;
        for (text, position, kind) in [
            (",", 0, Device(None)),
            ("10,", 3, Device(None)),
            ("10,2", 3, Device(None)),
            ("tester:28, 28", 10, Device(Some(RomId::parse(b" 28").unwrap_err()))),
            ("10+28,0x28", 6, Device(Some(RomId::parse(b"0x28").unwrap_err()))),
            ("28.000028D70100.00", 0, Device(Some(RomId::parse(b"28.000028D70100.00").unwrap_err()))),
            ("tester:28.000028D70100", 7, TesterAddress),
            ("28.000028D70100,28000028D70100", 16, DuplicateAddress),
            ("28*0", 3, Count),
            ("28*x", 3, Count),
            ("28*70000", 3, Count),
            ("28*2=a", 3, Count),
            ("28.000028D70100*2", 16, Count),
            ("28=", 3, Alias),
            ("28=a/b", 3, Alias),
            ("28= a", 3, Alias),
            ("28=a,10=a", 8, DuplicateAlias),
            ("28*65535,28*2", 13, TooMany),
        ] {
            let error = text.parse::<Spec>().unwrap_err();
            assert_eq!((error.position, error.kind), (position, kind), "{text}");
            assert!(error.to_string().contains(&format!("{text:?}")), "{error}");
        }
    }
}

use super::scope::Scope;
use super::segment::{decimal, is_word, split_first};
use crate::text::RomId;

/// The longest path that a tree parses, in bytes (owfs: `PATH_MAX` in `ow_parsename.c`).
pub const MAX_TREE_PATH_LEN: usize = 4096;

/// A path, parsed without looking at any device.
///
/// ```text
/// path     = *prefix [ bus ] *prefix kind
/// prefix   = "uncached" | "unaliased" | "text" | "json"
/// bus      = "bus." digits
/// kind     = ""
///          | "settings"/... | "system"/... | "statistics"/... | "structure"/...     not below a bus
///          | "interface"/...                                                        only below a bus
///          | [ "alarm"/ ] ( address | alias | "simultaneous" | "thermostat" ) /...
/// ```
///
/// Segments are separated by single slashes. The first slash may be missing, and a directory may end with one. Special
/// names are whole words in upper or lower case; owserver accepts anything that starts like one.
///
/// ```
/// use owproto_core::tree::{ParsedPath, PathKind};
/// let path = ParsedPath::parse(b"/uncached/bus.0/28.000028D70100/temperature").unwrap();
/// assert!(path.is_uncached && path.bus == Some(0));
/// let PathKind::Device { rest, .. } = path.kind else { panic!() };
/// assert_eq!(rest, b"temperature");
/// assert!(ParsedPath::parse(b"//28.000028D70100").is_none());
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ParsedPath<'p> {
    /// The path without its first and last slash.
    pub(in crate::tree) trimmed: &'p [u8],
    /// Whether it has the prefix `uncached`.
    pub is_uncached: bool,
    /// Whether it has the prefix `unaliased`.
    pub is_unaliased: bool,
    /// The number after `bus.`.
    pub bus: Option<u16>,
    /// Whether it has the prefix `alarm`.
    pub is_alarm: bool,
    /// What it names after the prefixes.
    pub kind: PathKind<'p>,
}

/// What a path names after its prefixes.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum PathKind<'p> {
    /// A directory of devices: the root, `/bus.N` or `/alarm`.
    Devices,
    /// A device, or something below it.
    #[non_exhaustive]
    Device {
        /// How the path names the device.
        name: DeviceName<'p>,
        /// Where that name starts and ends, in bytes of the path without its first slash.
        name_span: (usize, usize),
        /// The path below the device.
        rest: &'p [u8],
    },
    /// A directory of the server itself, or something below it.
    #[non_exhaustive]
    Builtin {
        /// Which one.
        directory: BuiltinDirectory,
        /// The path below it.
        rest: &'p [u8],
    },
    /// `/structure`, a family in it, or one of the family's properties.
    #[non_exhaustive]
    Structure {
        /// The path below it.
        rest: &'p [u8],
    },
}

/// A directory whose properties belong to the server, not to a device.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum BuiltinDirectory {
    /// `/settings`
    Settings,
    /// `/system`
    System,
    /// `/statistics`
    Statistics,
    /// `/bus.N/interface`
    Interface,
    /// `simultaneous`: commands to all devices of a bus, or of all buses.
    Simultaneous,
    /// `thermostat`: a DS1620, which has no address.
    Thermostat,
}

impl BuiltinDirectory {
    /// Its name in a path.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::System => "system",
            Self::Statistics => "statistics",
            Self::Interface => "interface",
            Self::Simultaneous => "simultaneous",
            Self::Thermostat => "thermostat",
        }
    }

    /// The part of a [`Scope`] that it belongs to.
    #[must_use]
    pub const fn scope(self) -> Scope {
        match self {
            Self::Settings => Scope::SETTINGS,
            Self::System => Scope::SYSTEM,
            Self::Statistics => Scope::STATISTICS,
            Self::Interface => Scope::INTERFACES,
            Self::Simultaneous | Self::Thermostat => Scope::SIMULTANEOUS,
        }
    }
}

/// How a path names a device.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DeviceName<'p> {
    /// By its address, in any of the six spellings.
    Address(RomId),
    /// By an alias: any text that is not an address.
    Alias(&'p [u8]),
}

impl<'p> ParsedPath<'p> {
    /// Parses a path. `None` if it is wrong whatever devices exist.
    #[must_use]
    pub fn parse(path: &'p [u8]) -> Option<Self> {
        Self::parse_in_scope(path, Scope::FULL)
    }

    /// As [`parse`](Self::parse), for a tree of this scope. Directories outside of it have no special name.
    #[inline]
    pub(in crate::tree) fn parse_in_scope(path: &'p [u8], scope: Scope) -> Option<Self> {
        if path.len() > MAX_TREE_PATH_LEN {
            return None;
        }
        let whole = path.strip_prefix(b"/").unwrap_or(path);
        let mut parsed = Self {
            trimmed: whole.strip_suffix(b"/").unwrap_or(whole),
            is_uncached: false,
            is_unaliased: false,
            bus: None,
            is_alarm: false,
            kind: PathKind::Devices,
        };
        let mut rest = whole;
        while !rest.is_empty() {
            let start = whole.len().saturating_sub(rest.len());
            let segment;
            (segment, rest) = split_first(rest);
            if segment.is_empty() {
                return None;
            }
            if parsed.take_prefix(segment)? {
                continue;
            }
            parsed.kind = parsed.kind_of(segment, start, rest, scope)?;
            break;
        }
        Some(parsed)
    }

    /// Takes a segment that is a prefix; false if it is not one.
    fn take_prefix(&mut self, segment: &[u8]) -> Option<bool> {
        if self.is_alarm {
            return Some(false);
        }
        if is_word(segment, "uncached") {
            self.is_uncached = true;
        } else if is_word(segment, "unaliased") {
            self.is_unaliased = true;
        } else if is_word(segment, "alarm") {
            self.is_alarm = true;
        } else if let Some(number) = bus_number(segment) {
            // There are no buses below a bus.
            if self.bus.is_some() {
                return None;
            }
            self.bus = Some(u16::try_from(decimal(number)?).ok()?);
        } else if !is_word(segment, "text") && !is_word(segment, "json") {
            return Some(false);
        }
        Some(true)
    }

    /// What the first segment after the prefixes names.
    #[inline]
    fn kind_of(&self, segment: &'p [u8], start: usize, rest: &'p [u8], scope: Scope) -> Option<PathKind<'p>> {
        use BuiltinDirectory::{Interface, Settings, Simultaneous, Statistics, System, Thermostat};
        let is_named = |directory: BuiltinDirectory| {
            scope.contains(directory.scope()) && is_word(segment, directory.name())
        };
        let builtin = |directory| PathKind::Builtin { directory, rest };
        let is_root = !self.is_alarm && self.bus.is_none();
        // Not a loop: the name of a directory outside of the scope must not be linked.
        if is_named(Settings) {
            return is_root.then_some(builtin(Settings));
        }
        if is_named(System) {
            return is_root.then_some(builtin(System));
        }
        if is_named(Statistics) {
            return is_root.then_some(builtin(Statistics));
        }
        if is_named(Interface) {
            let is_bus = !self.is_alarm && self.bus.is_some();
            return is_bus.then_some(builtin(Interface));
        }
        if scope.contains(Scope::STRUCTURE) && is_word(segment, "structure") {
            return is_root.then_some(PathKind::Structure { rest });
        }
        if is_word(segment, "alarm") || is_word(segment, "uncached") || is_word(segment, "unaliased") {
            return None;
        }
        if is_named(Simultaneous) {
            return Some(builtin(Simultaneous));
        }
        if is_named(Thermostat) {
            return Some(builtin(Thermostat));
        }
        let name = match RomId::parse(segment) {
            Ok(id) => DeviceName::Address(id),
            Err(_) => DeviceName::Alias(segment),
        };
        Some(PathKind::Device { name, name_span: (start, start.saturating_add(segment.len())), rest })
    }
}

/// The text after `bus.`.
fn bus_number(segment: &[u8]) -> Option<&[u8]> {
    let (name, number) = segment.split_at_checked(4)?;
    is_word(name, "bus.").then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(path: &str) -> Option<&'static str> {
        Some(match ParsedPath::parse(path.as_bytes())?.kind {
            PathKind::Devices => "devices",
            PathKind::Device { name: DeviceName::Address(_), .. } => "address",
            PathKind::Device { name: DeviceName::Alias(_), .. } => "alias",
            PathKind::Builtin { directory, .. } => directory.name(),
            PathKind::Structure { .. } => "structure",
        })
    }

    #[test]
    fn the_segment_after_the_prefixes_decides_what_a_path_names() {
        for (path, expected) in [
            ("", "devices"),
            ("/", "devices"),
            ("/uncached", "devices"),
            ("/uncached/", "devices"),
            ("/text/json/unaliased/uncached/uncached", "devices"),
            ("/bus.0", "devices"),
            ("/uncached/bus.3/uncached/", "devices"),
            ("/alarm/", "devices"),
            ("/bus.1/alarm", "devices"),
            ("/settings", "settings"),
            ("/SETTINGS/units", "settings"),
            ("settings/units", "settings"),
            ("/uncached/statistics", "statistics"),
            ("/system/", "system"),
            ("/structure/10", "structure"),
            ("/bus.0/interface", "interface"),
            ("/simultaneous", "simultaneous"),
            ("/bus.0/simultaneous/temperature", "simultaneous"),
            ("/alarm/simultaneous", "simultaneous"),
            ("/thermostat/type", "thermostat"),
            ("/10.67C6697351FF", "address"),
            ("/alarm/1067c6697351ff8d/type", "address"),
            ("/settingsXYZ", "alias"),
            ("/alar", "alias"),
            ("/kitchen, left/temperature", "alias"),
        ] {
            assert_eq!(kind(path), Some(expected), "{path}");
        }
    }

    #[test]
    fn a_path_that_no_device_could_make_right_is_refused() {
        for path in [
            "//",
            "//10.67C6697351FF",
            "/uncached//",
            "/bus.",
            "/bus.x",
            "/bus.0x",
            "/bus.99999",
            "/bus.0/bus.0",
            "/bus.0/settings",
            "/bus.0/structure",
            "/interface",
            "/alarm/alarm",
            "/alarm/settings",
            "/alarm/uncached",
        ] {
            assert_eq!(kind(path), None, "{path}");
        }
        assert!(ParsedPath::parse(&[b'a'; MAX_TREE_PATH_LEN]).is_some());
        assert!(ParsedPath::parse(&[b'a'; MAX_TREE_PATH_LEN + 1]).is_none());
    }

    #[test]
    fn the_span_of_a_device_name_is_its_place_in_the_path() {
        let path = b"/uncached/28.000028D70100/errata/die";
        let parsed = ParsedPath::parse(path).unwrap();
        let PathKind::Device { name_span: (from, to), rest, .. } = parsed.kind else { panic!() };
        assert_eq!(&parsed.trimmed[from..to], b"28.000028D70100");
        assert_eq!(rest, b"errata/die");
    }
}

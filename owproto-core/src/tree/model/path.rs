use crate::text::RomId;
use crate::tree::families::{INTERFACE, SETTINGS, SIMULTANEOUS, STATISTICS, SYSTEM, THERMOSTAT};
use crate::tree::model::property::Family;
use crate::tree::model::scope::Scope;

/// The longest path, in bytes (owfs: `PATH_MAX` in `ow_parsename.c`).
pub const MAX_TREE_PATH_LEN: usize = 4096;

/// A path, taken apart without looking at any device.
///
/// ```text
/// path     = *prefix [ bus ] *prefix place
/// prefix   = "uncached" | "unaliased" | "text" | "json"
/// bus      = "bus." digits
/// place    = nothing
///          | "settings"/... | "system"/... | "statistics"/... | "structure"/...     not below a bus
///          | "interface"/...                                                        only below a bus
///          | [ "alarm"/ ] ( address | alias | "simultaneous" | "thermostat" ) /...
/// ```
///
/// Segments have single slashes between them. One in front may be missing; one at the end is allowed behind a
/// directory. Special names are whole words in any case, where owserver takes whatever begins like one.
///
/// ```
/// use owproto_core::tree::{Place, Route};
/// let route = Route::parse(b"/uncached/bus.0/28.000028D70100/temperature").unwrap();
/// assert!(route.is_uncached && route.bus == Some(0));
/// let Place::Device { rest, .. } = route.place else { panic!() };
/// assert_eq!(rest, b"temperature");
/// assert!(Route::parse(b"//28.000028D70100").is_none());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Route<'p> {
    /// The path without a slash in front and at the end.
    pub(in crate::tree) trimmed: &'p [u8],
    /// `/uncached` was there.
    pub is_uncached: bool,
    /// `/unaliased` was there.
    pub is_unaliased: bool,
    /// The number behind `bus.`.
    pub bus: Option<u16>,
    /// `/alarm` was there.
    pub is_alarm: bool,
    /// What the rest is about.
    pub place: Place<'p>,
}

/// What a path is about.
#[derive(Clone, Copy, Debug)]
pub enum Place<'p> {
    /// A directory of devices: the root, `/bus.N`, `/alarm`.
    Devices,
    /// A device, and what is named below it.
    Device {
        /// How it is named.
        name: DeviceName<'p>,
        /// Where that name begins in the path without its first slash, and where it ends.
        span: (usize, usize),
        /// The path below it.
        rest: &'p [u8],
    },
    /// `simultaneous` or `thermostat`, and what is named below it.
    Special {
        /// The table.
        family: &'static Family,
        /// The path below it.
        rest: &'p [u8],
    },
    /// A directory of the server itself.
    Section {
        /// The table.
        family: &'static Family,
        /// The path below it.
        rest: &'p [u8],
    },
    /// `/structure`: a family and one of its properties, or less.
    Structure {
        /// The path below it.
        rest: &'p [u8],
    },
}

/// How a path names a device.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DeviceName<'p> {
    /// By its address, in any of the six spellings.
    Address(RomId),
    /// By something that is no address.
    Alias(&'p [u8]),
}

impl<'p> Route<'p> {
    /// Takes a path apart. `None` if it cannot be right, whatever devices there are.
    #[must_use]
    pub fn parse(path: &'p [u8]) -> Option<Self> {
        Self::within(path, Scope::FULL)
    }

    /// As [`parse`](Self::parse), for a tree of this scope. What is not in it has no special name.
    #[inline]
    pub(in crate::tree) fn within(path: &'p [u8], scope: Scope) -> Option<Self> {
        if path.len() > MAX_TREE_PATH_LEN {
            return None;
        }
        let whole = path.strip_prefix(b"/").unwrap_or(path);
        let mut route = Self {
            trimmed: whole.strip_suffix(b"/").unwrap_or(whole),
            is_uncached: false,
            is_unaliased: false,
            bus: None,
            is_alarm: false,
            place: Place::Devices,
        };
        let mut rest = whole;
        while !rest.is_empty() {
            let at = whole.len().saturating_sub(rest.len());
            let segment;
            (segment, rest) = split(rest);
            if segment.is_empty() {
                return None;
            }
            if route.prefix(segment)? {
                continue;
            }
            route.place = route.place_of(segment, at, rest, scope)?;
            break;
        }
        Some(route)
    }

    /// Takes what stands in front of a place; false if it is the place.
    fn prefix(&mut self, segment: &[u8]) -> Option<bool> {
        if self.is_alarm {
            return Some(false);
        }
        if is(segment, "uncached") {
            self.is_uncached = true;
        } else if is(segment, "unaliased") {
            self.is_unaliased = true;
        } else if is(segment, "alarm") {
            self.is_alarm = true;
        } else if let Some(number) = behind_bus(segment) {
            // A bus of its own has no buses below it.
            if self.bus.is_some() {
                return None;
            }
            self.bus = Some(u16::try_from(crate::tree::model::property::number(number)?).ok()?);
        } else if !is(segment, "text") && !is(segment, "json") {
            return Some(false);
        }
        Some(true)
    }

    /// No loop over the tables: what is not in the scope must not be named.
    #[inline]
    fn place_of(&self, segment: &'p [u8], at: usize, rest: &'p [u8], scope: Scope) -> Option<Place<'p>> {
        let named = |part, family: &Family| scope.contains(part) && is(segment, family.name);
        let is_root = !self.is_alarm && self.bus.is_none();
        if named(Scope::SETTINGS, &SETTINGS) {
            return is_root.then_some(Place::Section { family: &SETTINGS, rest });
        }
        if named(Scope::SYSTEM, &SYSTEM) {
            return is_root.then_some(Place::Section { family: &SYSTEM, rest });
        }
        if named(Scope::STATISTICS, &STATISTICS) {
            return is_root.then_some(Place::Section { family: &STATISTICS, rest });
        }
        if named(Scope::INTERFACES, &INTERFACE) {
            let is_bus = !self.is_alarm && self.bus.is_some();
            return is_bus.then_some(Place::Section { family: &INTERFACE, rest });
        }
        if scope.contains(Scope::STRUCTURE) && is(segment, "structure") {
            return is_root.then_some(Place::Structure { rest });
        }
        if is(segment, "alarm") || is(segment, "uncached") || is(segment, "unaliased") {
            return None;
        }
        if named(Scope::SIMULTANEOUS, &SIMULTANEOUS) {
            return Some(Place::Special { family: &SIMULTANEOUS, rest });
        }
        if named(Scope::SIMULTANEOUS, &THERMOSTAT) {
            return Some(Place::Special { family: &THERMOSTAT, rest });
        }
        let name = match RomId::parse(segment) {
            Ok(id) => DeviceName::Address(id),
            Err(_) => DeviceName::Alias(segment),
        };
        Some(Place::Device { name, span: (at, at.saturating_add(segment.len())), rest })
    }
}

/// The first segment, and what follows the slash behind it.
pub(in crate::tree) fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().position(|&byte| byte == b'/') {
        Some(slash) => {
            (path.get(..slash).unwrap_or_default(), path.get(slash.saturating_add(1)..).unwrap_or_default())
        }
        None => (path, &[]),
    }
}

/// What stands behind `bus.`.
fn behind_bus(segment: &[u8]) -> Option<&[u8]> {
    let (name, number) = segment.split_at_checked(4)?;
    is(name, "bus.").then_some(number)
}

#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
pub(in crate::tree) fn is(segment: &[u8], name: &str) -> bool {
    segment.eq_ignore_ascii_case(name.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(path: &str) -> Option<&'static str> {
        Some(match Route::parse(path.as_bytes())?.place {
            Place::Devices => "devices",
            Place::Device { name: DeviceName::Address(_), .. } => "address",
            Place::Device { name: DeviceName::Alias(_), .. } => "alias",
            Place::Special { family, .. } | Place::Section { family, .. } => family.name,
            Place::Structure { .. } => "structure",
        })
    }

    #[test]
    fn places() {
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
            assert_eq!(place(path), Some(expected), "{path}");
        }
    }

    #[test]
    fn paths_that_cannot_be_right() {
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
            assert_eq!(place(path), None, "{path}");
        }
        assert!(Route::parse(&[b'a'; MAX_TREE_PATH_LEN]).is_some());
        assert!(Route::parse(&[b'a'; MAX_TREE_PATH_LEN + 1]).is_none());
    }

    #[test]
    fn a_device_is_found_in_the_path() {
        let path = b"/uncached/28.000028D70100/errata/die";
        let route = Route::parse(path).unwrap();
        let Place::Device { span: (from, to), rest, .. } = route.place else { panic!() };
        assert_eq!(&route.trimmed[from..to], b"28.000028D70100");
        assert_eq!(rest, b"errata/die");
    }
}

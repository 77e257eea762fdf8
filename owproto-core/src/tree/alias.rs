use super::scratch::ScratchWriter;
use crate::message::ReturnCode;
use crate::text::RomId;

/// The longest alias, in bytes (observed, owserver 3.2p4: `/structure/10/alias`).
pub const MAX_ALIAS_LEN: usize = 256;

/// Names that clients give to devices.
///
/// They are kept by the program: in a table in memory ([`AliasTable`]), in a file, or not at all (`()`).
pub trait Aliases {
    /// The maximum number of devices with an alias. With 0 the code for aliases is not linked.
    const CAPACITY: usize = usize::MAX;

    /// The alias of a device.
    fn of(&self, device: RomId) -> Option<&[u8]>;

    /// The device with an alias.
    fn device(&self, alias: &[u8]) -> Option<RomId>;

    /// The `n`th device with an alias, from 0, and its alias: the lines of `/settings/alias/list`.
    fn nth(&self, n: usize) -> Option<(RomId, &[u8])>;

    /// Replaces the alias of a device; an empty one removes it. Another device with the same alias loses it.
    ///
    /// The tree has checked the alias: 0 to [`MAX_ALIAS_LEN`] bytes, no `/`, no NUL, no blank at either end, and not the
    /// name of a special directory.
    ///
    /// # Errors
    /// The code for the client, such as [`ReturnCode::OUT_OF_MEMORY`].
    fn set(&mut self, device: RomId, alias: &[u8]) -> Result<(), ReturnCode>;
}

/// No device has an alias, and none can be set.
impl Aliases for () {
    const CAPACITY: usize = 0;

    fn of(&self, _: RomId) -> Option<&[u8]> {
        None
    }
    fn device(&self, _: &[u8]) -> Option<RomId> {
        None
    }
    fn nth(&self, _: usize) -> Option<(RomId, &[u8])> {
        None
    }
    fn set(&mut self, _: RomId, alias: &[u8]) -> Result<(), ReturnCode> {
        if alias.is_empty() { Ok(()) } else { Err(ReturnCode::OPERATION_NOT_SUPPORTED) }
    }
}

impl<A: Aliases + ?Sized> Aliases for &mut A {
    const CAPACITY: usize = A::CAPACITY;

    fn of(&self, device: RomId) -> Option<&[u8]> {
        (**self).of(device)
    }
    fn device(&self, alias: &[u8]) -> Option<RomId> {
        (**self).device(alias)
    }
    fn nth(&self, n: usize) -> Option<(RomId, &[u8])> {
        (**self).nth(n)
    }
    fn set(&mut self, device: RomId, alias: &[u8]) -> Result<(), ReturnCode> {
        (**self).set(device, alias)
    }
}

/// Up to `N` aliases of up to `LEN` bytes each, without a heap. Longer ones, and more of them, are refused with
/// [`ReturnCode::OUT_OF_MEMORY`].
///
/// ```
/// use owproto_core::text::RomId;
/// use owproto_core::tree::{AliasTable, Aliases};
/// let device = RomId::new(0x28, [0, 0, 0x28, 0xd7, 1, 0]);
/// let mut aliases = AliasTable::<4>::new();
/// aliases.set(device, b"kitchen")?;
/// assert_eq!(aliases.device(b"kitchen"), Some(device));
/// aliases.set(device, b"")?;
/// assert_eq!(aliases.of(device), None);
/// # Ok::<(), owproto_core::ReturnCode>(())
/// ```
#[derive(Clone, Debug)]
pub struct AliasTable<const N: usize, const LEN: usize = 32> {
    /// The first `len` slots are in use, in the order in which the aliases were set.
    slots: [Alias<LEN>; N],
    len: usize,
}

#[derive(Clone, Copy, Debug)]
struct Alias<const LEN: usize> {
    device: RomId,
    bytes: [u8; LEN],
    len: usize,
}

impl<const LEN: usize> Alias<LEN> {
    fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

impl<const N: usize, const LEN: usize> AliasTable<N, LEN> {
    /// An empty table.
    #[must_use]
    pub const fn new() -> Self {
        let empty = Alias { device: RomId::new(0, [0; 6]), bytes: [0; LEN], len: 0 };
        Self { slots: [empty; N], len: 0 }
    }

    fn used(&self) -> &[Alias<LEN>] {
        self.slots.get(..self.len).unwrap_or_default()
    }

    fn remove(&mut self, is_removed: impl Fn(&Alias<LEN>) -> bool) {
        while let Some(at) = self.used().iter().position(&is_removed) {
            if let Some(rest) = self.slots.get_mut(at..self.len) {
                rest.rotate_left(1);
            }
            self.len = self.len.saturating_sub(1);
        }
    }
}

impl<const N: usize, const LEN: usize> Default for AliasTable<N, LEN> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize, const LEN: usize> Aliases for AliasTable<N, LEN> {
    const CAPACITY: usize = N;

    fn of(&self, device: RomId) -> Option<&[u8]> {
        self.used().iter().find(|slot| slot.device == device).map(Alias::bytes)
    }

    fn device(&self, alias: &[u8]) -> Option<RomId> {
        self.used().iter().find(|slot| slot.bytes() == alias).map(|slot| slot.device)
    }

    fn nth(&self, n: usize) -> Option<(RomId, &[u8])> {
        self.used().get(n).map(|slot| (slot.device, slot.bytes()))
    }

    fn set(&mut self, device: RomId, alias: &[u8]) -> Result<(), ReturnCode> {
        let mut new = Alias { device, bytes: [0; LEN], len: alias.len() };
        new.bytes.get_mut(..alias.len()).ok_or(ReturnCode::OUT_OF_MEMORY)?.copy_from_slice(alias);
        let is_replaced = |slot: &Alias<LEN>| slot.device == device || slot.bytes() == alias;
        let has_room = self.len < N || self.used().iter().any(is_replaced);
        if !alias.is_empty() && !has_room {
            return Err(ReturnCode::OUT_OF_MEMORY);
        }
        self.remove(is_replaced);
        if !alias.is_empty()
            && let Some(slot) = self.slots.get_mut(self.len)
        {
            *slot = new;
            self.len = self.len.saturating_add(1);
        }
        Ok(())
    }
}

/// Sets the alias of a device to what a client wrote.
pub(super) fn write<A: Aliases>(aliases: &mut A, device: RomId, data: &[u8]) -> Result<(), ReturnCode> {
    if A::CAPACITY == 0 {
        return if data.iter().all(u8::is_ascii_whitespace) {
            Ok(())
        } else {
            Err(ReturnCode::OPERATION_NOT_SUPPORTED)
        };
    }
    aliases.set(device, check(data)?)
}

/// The number of lines of `/settings/alias/list`.
pub(super) fn list_len<A: Aliases>(aliases: &A) -> u32 {
    let mut lines = 0u32;
    while aliases.nth(usize::try_from(lines).unwrap_or(usize::MAX)).is_some() {
        lines = lines.wrapping_add(1);
    }
    lines
}

/// A line of `/settings/alias/list`: `28010000000000A5=kitchen` and a line end. Empty after the last one.
pub(super) fn list_line<'s, A: Aliases>(aliases: &A, line: u32, scratch: &'s mut [u8]) -> &'s [u8] {
    let mut text = ScratchWriter::new(scratch);
    if let Some((device, alias)) = aliases.nth(usize::try_from(line).unwrap_or(usize::MAX)) {
        text.push_hex(device.as_bytes());
        text.push(b"=");
        text.push(alias);
        text.push(b"\r\n");
    }
    text.finish()
}

/// The longest line of `/settings/alias/list`, in bytes.
pub(super) const MAX_LIST_LINE_LEN: usize = 2 * RomId::LEN + 1 + MAX_ALIAS_LEN + 2;

/// Checks an alias and removes blanks at both ends (owfs: `ow_alias.c`).
///
/// # Errors
/// [`ReturnCode::INVALID_VALUE`] for the name of a special directory, and for a name that a path cannot contain.
fn check(alias: &[u8]) -> Result<&[u8], ReturnCode> {
    const RESERVED: [&str; 9] = [
        "interface",
        "settings",
        "uncached",
        "unaliased",
        "text",
        "alarm",
        "statistics",
        "simultaneous",
        "structure",
    ];
    let alias = alias.trim_ascii();
    let is_reserved = RESERVED.iter().any(|name| alias.eq_ignore_ascii_case(name.as_bytes()))
        || alias.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"bus."));
    let is_impossible = alias.iter().any(|byte| matches!(byte, b'/' | 0));
    if is_reserved || is_impossible { Err(ReturnCode::INVALID_VALUE) } else { Ok(alias) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(n: u8) -> RomId {
        RomId::new(0x28, [n, 0, 0, 0, 0, 0])
    }

    #[test]
    fn an_alias_names_one_device_and_a_device_has_one_alias() {
        let mut aliases = AliasTable::<2, 8>::new();
        aliases.set(device(1), b"a").unwrap();
        aliases.set(device(2), b"b").unwrap();
        assert_eq!(aliases.set(device(3), b"c"), Err(ReturnCode::OUT_OF_MEMORY));
        aliases.set(device(1), b"b").unwrap();
        assert_eq!((aliases.of(device(1)), aliases.of(device(2))), (Some(&b"b"[..]), None));
        assert_eq!(aliases.nth(0), Some((device(1), &b"b"[..])));
        assert_eq!(aliases.nth(1), None);
        aliases.set(device(3), b"c").unwrap();
        aliases.set(device(1), b"").unwrap();
        assert_eq!(aliases.device(b"b"), None);
        assert_eq!(aliases.nth(0), Some((device(3), &b"c"[..])));
        assert_eq!(aliases.set(device(3), b"123456789"), Err(ReturnCode::OUT_OF_MEMORY));
    }

    #[test]
    fn the_name_of_a_special_directory_cannot_be_an_alias() {
        assert_eq!(check(b" back door "), Ok(&b"back door"[..]));
        assert_eq!(check(b"  "), Ok(&b""[..]));
        for alias in ["settings", "Alarm", "bus.1", "BUS.x", "a/b", "a\0b"] {
            assert_eq!(check(alias.as_bytes()), Err(ReturnCode::INVALID_VALUE), "{alias:?}");
        }
        for alias in ["system", "json", "thermostat", "buss", "k\u{fc}che", "a,b"] {
            assert!(check(alias.as_bytes()).is_ok(), "{alias:?}");
        }
    }

    #[test]
    fn a_client_can_remove_an_alias_even_if_none_can_be_set() {
        assert_eq!(write(&mut (), device(1), b" \n"), Ok(()));
        assert_eq!(write(&mut (), device(1), b"a"), Err(ReturnCode::OPERATION_NOT_SUPPORTED));
        let mut aliases = AliasTable::<1>::new();
        write(&mut aliases, device(1), b" a ").unwrap();
        assert_eq!(aliases.of(device(1)), Some(&b"a"[..]));
        assert_eq!(write(&mut aliases, device(1), b"alarm"), Err(ReturnCode::INVALID_VALUE));
    }

    #[test]
    fn the_list_has_a_line_for_each_alias() {
        let mut aliases = AliasTable::<2>::new();
        let mut scratch = [0; MAX_LIST_LINE_LEN];
        assert_eq!((list_len(&aliases), list_line(&aliases, 0, &mut scratch)), (0, &b""[..]));
        aliases.set(RomId::new(0x28, [0, 0, 0x28, 0xd7, 1, 0]), b"kitchen").unwrap();
        assert_eq!(
            (list_len(&aliases), list_line(&aliases, 0, &mut scratch)),
            (1, &b"28000028D70100D5=kitchen\r\n"[..])
        );
    }

    #[test]
    fn without_a_table_no_alias_can_be_set() {
        let mut none = ();
        assert_eq!(none.set(device(1), b"a"), Err(ReturnCode::OPERATION_NOT_SUPPORTED));
        assert_eq!(none.set(device(1), b""), Ok(()));
        assert_eq!(
            (Aliases::of(&none, device(1)), none.device(b"a"), Aliases::nth(&none, 0)),
            (None, None, None)
        );
        assert_eq!((<() as Aliases>::CAPACITY, AliasTable::<3>::CAPACITY), (0, 3));
    }

    #[test]
    fn a_borrowed_table_behaves_as_the_table() {
        fn set_and_look<A: Aliases>(mut aliases: A) {
            aliases.set(device(1), b"a").unwrap();
            assert_eq!((aliases.of(device(1)), aliases.device(b"a")), (Some(&b"a"[..]), Some(device(1))));
            assert_eq!((aliases.nth(0), aliases.nth(1)), (Some((device(1), &b"a"[..])), None));
            assert_eq!(A::CAPACITY, 2);
        }
        let mut table = AliasTable::<2>::default();
        set_and_look(&mut table);
        assert_eq!(table.of(device(1)), Some(&b"a"[..]));
    }
}

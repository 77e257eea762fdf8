use std::collections::{BTreeMap, HashMap};

use owproto_core::ReturnCode;
use owproto_core::text::RomId;
use owproto_core::tree::Aliases;

/// The aliases of devices, in memory, for a [`Tree`](owproto_core::tree::Tree).
///
/// ```
/// use owproto_core::text::RomId;
/// use owproto_core::tree::Aliases;
/// use owproto_std::AliasMap;
///
/// let device: RomId = "28.000028D70100".parse()?;
/// let aliases = AliasMap::from_iter([(device, "kitchen")]);
/// assert_eq!(aliases.device(b"kitchen"), Some(device));
/// # Ok::<(), owproto_core::text::RomIdError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct AliasMap {
    /// For each device with an alias: its number in the order in which the aliases were set, and the alias.
    by_device: HashMap<RomId, (u64, Vec<u8>)>,
    by_alias: HashMap<Vec<u8>, RomId>,
    order: BTreeMap<u64, RomId>,
    next_number: u64,
}

impl AliasMap {
    /// An empty map.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of aliases.
    #[must_use]
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there are no aliases.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// All aliases, in the order in which they were set.
    fn iter(&self) -> impl Iterator<Item = (RomId, Option<&[u8]>)> {
        self.order.values().map(|device| (*device, self.of(*device)))
    }

    fn remove(&mut self, device: RomId) {
        if let Some((number, alias)) = self.by_device.remove(&device) {
            self.by_alias.remove(&alias);
            self.order.remove(&number);
        }
    }
}

/// Two maps are equal if they have the same aliases in the same order.
impl PartialEq for AliasMap {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for AliasMap {}

impl<A: AsRef<[u8]>> FromIterator<(RomId, A)> for AliasMap {
    fn from_iter<I: IntoIterator<Item = (RomId, A)>>(aliases: I) -> Self {
        let mut map = Self::new();
        for (device, alias) in aliases {
            // It never fails.
            let _ = map.set(device, alias.as_ref());
        }
        map
    }
}

impl Aliases for AliasMap {
    fn of(&self, device: RomId) -> Option<&[u8]> {
        self.by_device.get(&device).map(|(_, alias)| alias.as_slice())
    }

    fn device(&self, alias: &[u8]) -> Option<RomId> {
        self.by_alias.get(alias).copied()
    }

    fn nth(&self, n: usize) -> Option<(RomId, &[u8])> {
        let device = *self.order.values().nth(n)?;
        Some((device, self.of(device)?))
    }

    fn set(&mut self, device: RomId, alias: &[u8]) -> Result<(), ReturnCode> {
        self.remove(device);
        if alias.is_empty() {
            return Ok(());
        }
        if let Some(other) = self.device(alias) {
            self.remove(other);
        }
        self.by_device.insert(device, (self.next_number, alias.to_vec()));
        self.by_alias.insert(alias.to_vec(), device);
        self.order.insert(self.next_number, device);
        self.next_number += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(n: u8) -> RomId {
        RomId::new(0x28, [n, 0, 0, 0, 0, 0])
    }

    #[test]
    fn an_alias_belongs_to_one_device_and_a_device_has_one() {
        let mut aliases = AliasMap::from_iter([(device(1), "a"), (device(2), "b")]);
        aliases.set(device(1), b"b").unwrap();
        assert_eq!((aliases.of(device(1)), aliases.of(device(2))), (Some(&b"b"[..]), None));
        assert_eq!((aliases.device(b"a"), aliases.len()), (None, 1));
        aliases.set(device(3), b"c").unwrap();
        assert_eq!(aliases.nth(0), Some((device(1), &b"b"[..])));
        assert_eq!(aliases.nth(1), Some((device(3), &b"c"[..])));
        assert_eq!(aliases.nth(2), None);
        aliases.set(device(1), b"").unwrap();
        aliases.set(device(3), b"").unwrap();
        assert_eq!(aliases, AliasMap::new());
    }
}

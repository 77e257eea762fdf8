use super::cursor::{Cursor, Stage};
use super::entry::Entry;
use crate::tree::alias::Aliases;
use crate::tree::bus::Bus;
use crate::tree::engine::stop::{StopReason, ready};
use crate::tree::engine::target::RequestContext;
use crate::tree::engine::tree::Tree;
use crate::tree::model::scope::Scope;
use crate::wire::{DirectoryFlags, Flags};

impl<B: Bus, A: Aliases> Tree<B, A> {
    /// The next entry of a directory of devices. `flags` is what the devices before it can do.
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(super) fn next_device(
        &mut self,
        cursor: &mut Cursor,
        flags: u32,
        request: &mut RequestContext<'_, '_, '_>,
        entry: &mut Entry,
    ) -> Result<(), StopReason> {
        let path = request.path;
        let request_flags = request.frame.header.flags;
        // A bus lists its special directories. The root lists them only if the flags want it.
        let is_bus = path.bus.is_some() && !path.is_alarm;
        let is_full_root = path.bus.is_none() && !path.is_alarm && request_flags.contains(Flags::BUS_LIST);
        if cursor.stage == Stage::Interface {
            cursor.stage = Stage::Devices;
            if B::SCOPE.contains(Scope::INTERFACES) && is_bus {
                entry.set_directory(b"interface");
                return Ok(());
            }
        }
        while cursor.stage == Stage::Devices {
            let bus = path.bus.unwrap_or(cursor.first);
            if bus >= self.bus.buses() || (path.bus.is_some() && cursor.first > 0) {
                *cursor = Cursor::at(Stage::Rest);
            } else if let Some(id) = ready(self.bus.device(bus, cursor.second, request.context))? {
                let is_listed = !path.is_alarm || ready(self.bus.is_in_alarm(id, request.context))?;
                cursor.second = cursor.second.wrapping_add(1);
                if is_listed {
                    entry.device = Some(id);
                    id.write(&mut entry.generated.writer(), request_flags.device_format());
                    entry.is_directory = true;
                    return Ok(());
                }
            } else {
                cursor.first = cursor.first.wrapping_add(1);
                cursor.second = 0;
            }
        }
        if !is_bus && !is_full_root {
            return Err(StopReason::END_OF_LIST);
        }
        let buses = if is_full_root { self.bus.buses() } else { 0 };
        let is_uncached = path.is_uncached || request_flags.contains(Flags::UNCACHED);
        let flags = DirectoryFlags(flags);
        let can_convert = flags.contains(DirectoryFlags::SIMULTANEOUS_TEMPERATURE)
            || flags.contains(DirectoryFlags::SIMULTANEOUS_VOLTAGE);
        loop {
            let n = cursor.second;
            cursor.second = n.wrapping_add(1);
            let Some(n) = n.checked_sub(buses.into()) else {
                // The bus with the highest number is the first one.
                let number = u32::from(buses).wrapping_sub(u32::try_from(cursor.second).unwrap_or_default());
                entry.set_directory(b"bus.");
                entry.generated.writer().push_decimal(number, 0, b' ');
                return Ok(());
            };
            let (part, is_listed, name): (_, _, &[u8]) = match n {
                0 => (Scope::LEAST, is_full_root && !is_uncached, b"uncached"),
                1 => (Scope::SETTINGS, is_full_root, b"settings"),
                2 => (Scope::SYSTEM, is_full_root, b"system"),
                3 => (Scope::STATISTICS, is_full_root, b"statistics"),
                4 => (Scope::STRUCTURE, is_full_root, b"structure"),
                5 => (Scope::SIMULTANEOUS, can_convert, b"simultaneous"),
                6 => (Scope::LEAST, flags.contains(DirectoryFlags::ALARM), b"alarm"),
                _ => return Err(StopReason::END_OF_LIST),
            };
            if B::SCOPE.contains(part) && is_listed {
                entry.set_directory(name);
                return Ok(());
            }
        }
    }
}

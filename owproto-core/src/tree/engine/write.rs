use super::input::WriteInput;
use super::job::Job;
use super::stop::{StopReason, error, ready, require_room};
use super::target::{Owner, PropertyTarget, RequestContext, in_scope};
use super::tree::Tree;
use crate::message::ReturnCode;
use crate::server::{Answer, LastFrame, ReplyHeader};
use crate::storage::Storage;
use crate::text::{Value, ValueType};
use crate::tree::alias::{self, Aliases};
use crate::tree::builtin::statistics::count;
use crate::tree::builtin::{settings, simultaneous};
use crate::tree::bus::{Access, Bus, ConversionCommand};
use crate::tree::model::path::BuiltinDirectory::{Settings, Simultaneous, Thermostat};
use crate::tree::model::scope::Scope;
use crate::wire::word;

impl<B: Bus, A: Aliases> Tree<B, A> {
    /// Continues a WRITE. The checks have the order of owserver (owfs: `ow_write.c`): first the path, the permission and
    /// whether it is a directory, which are done before; then the value, and then whether the property is writable.
    pub(super) fn write<'p, T: Storage>(
        &mut self,
        job: &mut Job,
        target: &mut PropertyTarget<'p>,
        request: &mut RequestContext<'_, 'p, '_>,
        answer: &mut Answer<'_, T>,
    ) -> Result<(), StopReason> {
        let Access { property, element, .. } = target.access;
        job.count_call(&mut self.statistics.writes);
        let header = request.frame.header;
        let data = request.frame.data().unwrap_or_default();
        let clock = if B::SCOPE.contains(Scope::DATES) { self.bus.clock() } else { None };
        let mut input = WriteInput::new(property, element, data, header.flags, clock);
        input.check::<B>(header.offset).map_err(error)?;
        if !property.access.is_writable() || target.owner.is_structure(B::SCOPE) {
            return Err(ReturnCode::OPERATION_NOT_SUPPORTED.into());
        }
        // The symbol of a unit is compared from its start (observed, owserver 3.2p4).
        let is_setting = in_scope::<B>(Settings) && target.owner == Owner::Builtin(Settings);
        if is_setting && property.name == "units/pressure_scale" && header.offset != 0 {
            return Err(ReturnCode::INVALID_VALUE.into());
        }
        target.access.offset = usize::try_from(header.offset).unwrap_or_default();
        target.access.is_uncached = true;
        // Past the end of a property bytes and text are ignored, without an error.
        let is_ignored = input.accepted == 0 && !data.is_empty();
        let progress = &mut job.progress;
        while progress.item < input.values() && !is_ignored {
            target.access.element = input.element(progress.item);
            let value = input.value::<B>(progress.item).map_err(error)?;
            self.write_value(target, value, request)?;
            progress.item = progress.item.wrapping_add(1);
        }
        if progress.total.is_none() {
            progress.total = Some(input.accepted);
            count(&mut self.statistics.writes_done, 1);
            count(&mut self.statistics.bytes_written, input.accepted);
        }
        let size = word::from_len(input.accepted).unwrap_or(i32::MAX);
        require_room(answer.try_begin(ReplyHeader { size, ..ReplyHeader::default() }, LastFrame::Yes))
    }

    fn write_value(
        &mut self,
        target: &PropertyTarget<'_>,
        value: Value<'_>,
        request: &mut RequestContext<'_, '_, '_>,
    ) -> Result<(), StopReason> {
        let Access { device, property, .. } = target.access;
        match target.owner {
            Owner::Builtin(Settings) if in_scope::<B>(Settings) => {
                Ok(settings::write(&mut self.settings, property.name, value)?)
            }
            Owner::Builtin(Thermostat) if in_scope::<B>(Thermostat) => Err(ReturnCode::DEVICE_LOCKED.into()),
            Owner::Builtin(Simultaneous) if in_scope::<B>(Simultaneous) => {
                let Some(conversion) = simultaneous::conversion(property.name) else { return Ok(()) };
                let command = match value.as_bool() {
                    Some(true) => ConversionCommand::Start,
                    _ => ConversionCommand::Forget,
                };
                ready(self.bus.convert(request.path.bus, conversion, command, request.context))
            }
            // The settings of an interface belong to its bus master, and are constant here.
            Owner::Builtin(_) | Owner::Structure => Err(ReturnCode::OPERATION_NOT_SUPPORTED.into()),
            Owner::Device if property.value_type == ValueType::Alias => {
                Ok(alias::write(&mut self.aliases, device, value.as_bytes().unwrap_or_default())?)
            }
            Owner::Device => ready(self.bus.write(&target.access, value, request.context)),
        }
    }
}

#[cfg(test)]
mod tests;

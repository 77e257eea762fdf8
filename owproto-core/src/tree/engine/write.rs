use crate::message::ReturnCode;
use crate::server::{Answer, LastFrame, ReplyHeader};
use crate::storage::Storage;
use crate::text::{Value, ValueType};
use crate::tree::alias::Aliases;
use crate::tree::builtin::{self, count};
use crate::tree::bus::{Access, Bus, ConversionCommand};
use crate::tree::engine::dispatch::{Host, Subject, Tree, Work};
use crate::tree::engine::input::Input;
use crate::tree::engine::job::Job;
use crate::tree::engine::progress::{Stop, begun, done, failed};
use crate::tree::engine::read::is;
use crate::tree::families;
use crate::tree::model::scope::Scope;
use crate::wire::word;

impl<B: Bus, A: Aliases> Tree<B, A> {
    /// Goes on with a WRITE. The order of the checks is that of owserver (owfs: `ow_write.c`): the path, permission and
    /// directories were looked at before; then come the value, and only then whether the property can be written.
    pub(in crate::tree) fn write<'p, T: Storage>(
        &mut self,
        job: &mut Job,
        subject: &mut Subject<'p>,
        work: &mut Work<'_, 'p, '_>,
        answer: &mut Answer<'_, T>,
    ) -> Result<(), Stop> {
        let Access { family, property, element, .. } = subject.access;
        self.count_call(job, |statistics| &mut statistics.writes);
        let header = work.request.header;
        let data = work.request.data().unwrap_or_default();
        let clock = if B::SCOPE.contains(Scope::DATES) { self.bus.clock() } else { None };
        let mut input = Input::new(property, element, data, header.flags, clock);
        input.check::<B>(header.offset).map_err(failed)?;
        if !property.access.is_writable() || subject.host.is_structure(B::SCOPE) {
            return Err(ReturnCode::OPERATION_NOT_SUPPORTED.into());
        }
        // The name of a scale is compared from its beginning (observed, owserver 3.2p4).
        let is_setting = is::<B>(family, Scope::SETTINGS, &families::SETTINGS);
        if is_setting && property.name == "units/pressure_scale" && header.offset != 0 {
            return Err(ReturnCode::INVALID_VALUE.into());
        }
        subject.access.offset = usize::try_from(header.offset).unwrap_or_default();
        subject.access.is_uncached = true;
        // Bytes and text past the end of the property: nothing to be written, and no error.
        let is_nothing = input.taken == 0 && !data.is_empty();
        let progress = &mut job.progress;
        while progress.item < input.values() && !is_nothing {
            subject.access.element = input.element(progress.item);
            let value = input.value::<B>(progress.item).map_err(failed)?;
            self.write_value(subject, value, work)?;
            progress.item = progress.item.wrapping_add(1);
        }
        if progress.full.is_none() {
            progress.full = Some(input.taken);
            count(&mut self.statistics.writes_done, 1);
            count(&mut self.statistics.bytes_written, input.taken);
        }
        let size = word::from_len(input.taken).unwrap_or(i32::MAX);
        begun(answer.try_begin(ReplyHeader { size, ..ReplyHeader::default() }, LastFrame::Yes))
    }

    fn write_value(
        &mut self,
        subject: &Subject<'_>,
        value: Value<'_>,
        work: &mut Work<'_, '_, '_>,
    ) -> Result<(), Stop> {
        let unsupported = ReturnCode::OPERATION_NOT_SUPPORTED;
        let Access { device, family, property, .. } = subject.access;
        match subject.host {
            Host::Section if is::<B>(family, Scope::SETTINGS, &families::SETTINGS) => {
                Ok(builtin::set(&mut self.settings, property.name, value)?)
            }
            // The settings of an interface are not ours to change.
            Host::Section | Host::Structure => Err(unsupported.into()),
            Host::Special if !B::SCOPE.contains(Scope::SIMULTANEOUS) => Err(unsupported.into()),
            Host::Special if core::ptr::eq(family, &families::THERMOSTAT) => {
                Err(ReturnCode::DEVICE_LOCKED.into())
            }
            Host::Special => match builtin::conversion(property.name) {
                Some(what) => {
                    let command = match value.as_bool() {
                        Some(true) => ConversionCommand::Start,
                        _ => ConversionCommand::Forget,
                    };
                    done(self.bus.convert(work.route.bus, what, command, work.context))
                }
                None => Ok(()),
            },
            Host::Device if property.value_type == ValueType::Alias => {
                Ok(builtin::set_alias(&mut self.aliases, device, value.as_bytes().unwrap_or_default())?)
            }
            Host::Device => done(self.bus.write(&subject.access, value, work.context)),
        }
    }
}

#[cfg(test)]
mod tests;

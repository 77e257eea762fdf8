use super::stop::{StopReason, ready};
use super::target::{Owner, RequestContext, in_scope};
use super::tree::Tree;
use crate::message::ReturnCode;
use crate::text::Value;
use crate::tree::alias::Aliases;
use crate::tree::builtin::{common, interface, settings, simultaneous, statistics, system};
use crate::tree::bus::{Access, Bus, NO_VALUE};
use crate::tree::model::path::BuiltinDirectory::{
    Interface, Settings, Simultaneous, Statistics, System, Thermostat,
};

impl<B: Bus, A: Aliases> Tree<B, A> {
    /// The value of one element: from the bus, or from what the tree itself knows.
    pub(super) fn value<'a>(
        &'a mut self,
        owner: Owner,
        access: &Access<'_>,
        request: &mut RequestContext<'_, '_, '_>,
        scratch: &'a mut [u8],
    ) -> Result<Value<'a>, StopReason> {
        let Access { device, family, property, element, .. } = *access;
        let (name, bus) = (property.name, request.path.bus);
        match owner {
            Owner::Builtin(Thermostat) if in_scope::<B>(Thermostat) => Err(ReturnCode::DEVICE_LOCKED.into()),
            Owner::Builtin(Simultaneous) if in_scope::<B>(Simultaneous) => {
                Ok(simultaneous::value(&self.bus, bus, name))
            }
            Owner::Builtin(Settings) if in_scope::<B>(Settings) => {
                Ok(settings::value(&self.settings, name, element, scratch)?)
            }
            Owner::Builtin(System) if in_scope::<B>(System) => {
                Ok(system::value(&self.system, &self.bus, name))
            }
            Owner::Builtin(Statistics) if in_scope::<B>(Statistics) => {
                Ok(statistics::value(&self.statistics, name))
            }
            Owner::Builtin(Interface) if in_scope::<B>(Interface) => {
                Ok(interface::value(&self.bus, bus.unwrap_or_default(), name, scratch))
            }
            // No path leads here: these are outside of the scope, or have no value.
            Owner::Builtin(_) | Owner::Structure => Err(StopReason::ABORT),
            Owner::Device if common::is_common(family, property) => {
                Ok(common::value(device, family, property, &self.aliases, scratch).ok_or(NO_VALUE)?)
            }
            Owner::Device => ready(self.bus.read(access, scratch, request.context)),
        }
    }
}

use crate::text::Value;
use crate::tree::bus::Bus;

/// The values of `/system` that a program can choose.
///
/// ```
/// # use owproto_core::tree::System;
/// const SYSTEM: System = System::DEFAULT.with_version("my-gateway 1.0").with_process_id(1);
/// assert_eq!(SYSTEM.pid_file, "");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct System {
    /// `configuration/version`
    pub version: &'static str,
    /// `process/pid`
    pub process_id: u32,
    /// `process/pidfile`
    pub pid_file: &'static str,
}

impl System {
    /// The version of this crate, process 0, and no file.
    pub const DEFAULT: Self =
        Self { version: concat!("owproto-", env!("CARGO_PKG_VERSION")), process_id: 0, pid_file: "" };

    /// Sets the version.
    #[must_use]
    pub const fn with_version(mut self, version: &'static str) -> Self {
        self.version = version;
        self
    }

    /// Sets the process id.
    #[must_use]
    pub const fn with_process_id(mut self, process_id: u32) -> Self {
        self.process_id = process_id;
        self
    }

    /// Sets the path of the file that has the process id.
    #[must_use]
    pub const fn with_pid_file(mut self, pid_file: &'static str) -> Self {
        self.pid_file = pid_file;
        self
    }
}

impl Default for System {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The value of a property of `/system`.
pub(in crate::tree) fn value<B: Bus>(system: &System, bus: &B, name: &str) -> Value<'static> {
    match name {
        "configuration/version" => Value::Text(system.version.as_bytes()),
        "configuration/trim" => Value::YesNo(false),
        "process/pid" => Value::Unsigned(system.process_id),
        "process/pidfile" => Value::Text(system.pid_file.as_bytes()),
        "connections/count_current_buses" => Value::Unsigned(bus.buses().into()),
        // Parts that owserver can be built with and this crate does not have: USB, I2C, parallel port, zeroconf.
        _ => Value::Unsigned(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::tester::Tester;

    #[test]
    fn each_property_has_what_the_program_chose() {
        let system = System::default().with_version("1.2.3").with_process_id(42).with_pid_file("/run/pid");
        let bus = Tester::with_buses(&[&[0x10], &[0x28]]);
        for (name, expected) in [
            ("configuration/version", Value::Text(b"1.2.3")),
            ("configuration/trim", Value::YesNo(false)),
            ("process/pid", Value::Unsigned(42)),
            ("process/pidfile", Value::Text(b"/run/pid")),
            ("connections/count_current_buses", Value::Unsigned(2)),
            ("connections/usb", Value::Unsigned(0)),
        ] {
            assert_eq!(value(&system, &bus, name), expected, "{name}");
        }
    }
}

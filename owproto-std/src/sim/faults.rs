use std::time::Duration;

use super::generate::{mix, unit};

/// Which of the requests to a device a fault affects.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
#[non_exhaustive]
pub enum Occurrence {
    /// None of them.
    #[default]
    Never,
    /// All of them.
    Always,
    /// Each `n`th: `Every(3)` is the third, the sixth and so on. `Every(0)` is none.
    Every(u32),
    /// Each with this probability, from 0 to 1. The seed of the simulator determines which.
    Chance(f64),
}

impl Occurrence {
    /// Whether it affects the `n`th request, counted from 1.
    pub(super) fn affects(self, n: u64, key: u64) -> bool {
        match self {
            Self::Never | Self::Every(0) => false,
            Self::Always => true,
            Self::Every(every) => n.is_multiple_of(every.into()),
            Self::Chance(chance) => unit(mix(key, n)) < chance,
        }
    }
}

/// When a device is present on its bus.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum Presence {
    /// Always.
    #[default]
    Present,
    /// Never.
    Absent,
    /// Present and absent in turn, from the start of the simulator on.
    Changing {
        /// How long it is present.
        present: Duration,
        /// How long it is absent.
        absent: Duration,
    },
}

impl Presence {
    pub(super) fn is_present(self, at: Duration) -> bool {
        match self {
            Self::Present => true,
            Self::Absent => false,
            Self::Changing { present, absent } => {
                let period = present.saturating_add(absent).as_nanos();
                period == 0 || at.as_nanos() % period < present.as_nanos()
            }
        }
    }
}

/// Whether a device is in alarm.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum Alarm {
    /// A thermometer is in alarm while its temperature is not between its `templow` and its `temphigh`. Other devices are
    /// not.
    #[default]
    ByValue,
    /// It is in alarm.
    On,
    /// It is not in alarm.
    Off,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_occurrence_affects_the_requests_that_it_names() {
        let affected = |occurrence: Occurrence| (1..=1000).filter(|n| occurrence.affects(*n, 7)).count();
        assert_eq!(affected(Occurrence::Never), 0);
        assert_eq!(affected(Occurrence::Always), 1000);
        assert_eq!(affected(Occurrence::Every(0)), 0);
        assert_eq!(affected(Occurrence::Every(3)), 333);
        assert!((200..300).contains(&affected(Occurrence::Chance(0.25))));
        assert!(!Occurrence::Every(3).affects(2, 0) && Occurrence::Every(3).affects(3, 0));
    }

    #[test]
    fn a_changing_presence_starts_present_and_repeats() {
        let ms = Duration::from_millis;
        let presence = Presence::Changing { present: ms(30), absent: ms(70) };
        for (at, is_present) in [(0, true), (29, true), (30, false), (99, false), (100, true), (130, false)] {
            assert_eq!(presence.is_present(ms(at)), is_present, "{at}");
        }
        assert!(Presence::Changing { present: ms(0), absent: ms(0) }.is_present(ms(5)));
    }
}

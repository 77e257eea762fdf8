//! Numbers that look like measurements and follow from a key and the time.

use std::f64::consts::TAU;

/// A number without pattern that follows from two others (the finalizer of splitmix64).
pub(super) const fn mix(key: u64, salt: u64) -> u64 {
    let mut z = key ^ salt.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The same for a text.
pub(super) fn mix_text(key: u64, text: &str) -> u64 {
    text.bytes().fold(key, |key, byte| mix(key, byte.into()))
}

/// A number from 0 to 1 (not included).
pub(super) fn unit(key: u64) -> f64 {
    (key >> 11) as f64 / (1u64 << 53) as f64
}

/// A smooth curve between `low` and `high`: a slow wave of about an hour, a faster one of some minutes, and a little
/// one of some seconds, each with a phase of its own.
pub(super) fn smooth(key: u64, seconds: f64, low: f64, high: f64) -> f64 {
    let wave = |salt, period: f64| {
        let period = period * (0.75 + 0.5 * unit(mix(key, salt)));
        (TAU * (seconds / period + unit(mix(key, salt + 1)))).sin()
    };
    let sum = 0.7 * wave(1, 3600.0) + 0.25 * wave(3, 300.0) + 0.05 * wave(5, 20.0);
    low + (high - low) * (0.5 + 0.5 * sum)
}

/// The nearest multiple of a step.
pub(super) fn in_steps(value: f64, step: f64) -> f64 {
    (value / step).round() * step
}

/// Whether something that changes now and then is on: it is looked at anew every few seconds, and does not always
/// change.
pub(super) fn toggling(key: u64, seconds: f64) -> bool {
    mix(key, toggles(key, seconds)) & 1 == 1
}

/// How often it was looked at anew.
pub(super) fn toggles(key: u64, seconds: f64) -> u64 {
    let period = 5.0 + 10.0 * unit(key);
    (seconds / period) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_smooth_and_stay_between_their_limits() {
        for key in 0..50 {
            let at = |tenth: u32| smooth(key, f64::from(tenth) / 10.0, 5.0, 25.0);
            let mut seen = (f64::MAX, f64::MIN);
            for tenth in 0..40_000 {
                assert!((5.0..=25.0).contains(&at(tenth)), "{key}");
                assert!((at(tenth) - at(tenth + 1)).abs() < 0.06, "{key}: {} {}", at(tenth), at(tenth + 1));
                seen = (seen.0.min(at(tenth)), seen.1.max(at(tenth)));
            }
            assert!(seen.1 - seen.0 > 10.0, "{key} hardly moves: {seen:?}");
        }
    }

    #[test]
    fn what_toggles_is_sometimes_on_and_sometimes_off() {
        let on = (0..1000).filter(|second| toggling(7, f64::from(*second))).count();
        assert!((200..800).contains(&on), "{on}");
    }
}

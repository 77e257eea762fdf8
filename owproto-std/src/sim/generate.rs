//! Numbers that look like measurements and follow from a key and the time.

use std::f64::consts::TAU;

/// A pseudo-random number that follows from two others (the finalizer of splitmix64).
pub(super) const fn mix(key: u64, salt: u64) -> u64 {
    let mut z = key ^ salt.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A pseudo-random number that follows from a key and a text.
pub(super) fn mix_text(key: u64, text: &str) -> u64 {
    text.bytes().fold(key, |key, byte| mix(key, byte.into()))
}

/// Pseudo-random bytes.
pub(super) fn bytes(key: u64, len: usize) -> Vec<u8> {
    (0..len).map(|at| mix(key, at as u64).to_le_bytes()[0]).collect()
}

/// A number in `0.0..1.0`.
pub(super) fn unit(key: u64) -> f64 {
    (key >> 11) as f64 / (1u64 << 53) as f64
}

/// A smooth curve between `low` and `high`: the sum of three waves with periods of about an hour, five minutes and 20
/// seconds. Periods and phases depend on the key.
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

/// The state of a switch that is set at random every 5 to 15 seconds, so it often keeps its state.
pub(super) fn toggling(key: u64, seconds: f64) -> bool {
    mix(key, toggles(key, seconds)) & 1 == 1
}

/// How often the switch of [`toggling`] was set.
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
    fn a_toggling_switch_is_on_for_a_part_of_the_time() {
        let on = (0..1000).filter(|second| toggling(7, f64::from(*second))).count();
        assert!((200..800).contains(&on), "{on}");
    }
}

//! One input, cut in every way in which a network may deliver it.
//!
//! Whatever reads a stream must give the same result however the stream is cut. A test passes its check to
//! [`for_every_split`], which calls it once for each way of cutting.

use std::thread;

use owproto_core::wire::HEADER_LEN;

use crate::frames::frame_len;

/// Inputs up to this length are cut at every place; longer ones around their frames and at a sample of places.
pub const EVERY_CUT_UP_TO: usize = 4096;

/// The size of that sample.
const SAMPLED_CUTS: usize = 256;

/// The most frames around which a long input is cut: the first and the last ones.
const FRAMES_CUT: usize = 128;

/// Calls `check` with `bytes` in one piece, in two pieces for every place of the cut, and byte by byte.
///
/// The concatenated pieces are always `bytes`. If `check` panics, the cut is printed.
pub fn for_every_split(bytes: &[u8], mut check: impl FnMut(&[&[u8]])) {
    let mut call = |what: &dyn Fn() -> String, pieces: &[&[u8]]| {
        let _report = ReportOnPanic(what);
        check(pieces);
    };
    call(&|| "in one piece".to_owned(), &[bytes]);
    for cut in cuts(bytes) {
        let (first, second) = bytes.split_at(cut);
        call(&|| format!("cut after byte {cut} of {}", bytes.len()), &[first, second]);
    }
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    call(&|| "byte by byte".to_owned(), &single);
}

/// Calls `check` with `bytes` and trailing bytes, cut as in [`for_every_split`], and with the number of trailing bytes,
/// which the code under test must leave unread.
///
/// The trailing bytes are one byte, a part of a header, a whole keepalive, and `bytes` once more.
pub fn for_every_split_with_trailing(bytes: &[u8], mut check: impl FnMut(&[&[u8]], usize)) {
    let mut keepalive = [0; HEADER_LEN];
    keepalive[4..8].fill(0xff);
    for trailing in [&[0xa5][..], &keepalive[..HEADER_LEN - 1], &keepalive, bytes] {
        if trailing.is_empty() {
            continue;
        }
        let _report = ReportOnPanic(&|| format!("followed by {} bytes", trailing.len()));
        let longer = [bytes, trailing].concat();
        for_every_split(&longer, |pieces| check(pieces, trailing.len()));
    }
}

/// The places where whole frames end in `bytes`, for requests and replies.
#[must_use]
pub fn frame_boundaries(bytes: &[u8]) -> Vec<usize> {
    let mut boundaries = Vec::new();
    let mut start = 0_usize;
    while let Some(len) = bytes.get(start..).and_then(frame_len) {
        start = start.saturating_add(len);
        if start > bytes.len() {
            break;
        }
        boundaries.push(start);
    }
    boundaries
}

/// The places to cut, in ascending order, without the two ends.
fn cuts(bytes: &[u8]) -> Vec<usize> {
    let len = bytes.len();
    if len <= EVERY_CUT_UP_TO {
        return (1..len).collect();
    }
    let mut boundaries = vec![0];
    boundaries.extend(frame_boundaries(bytes));
    if boundaries.len() > FRAMES_CUT {
        boundaries.drain(FRAMES_CUT / 2..boundaries.len() - FRAMES_CUT / 2);
    }
    let mut cuts: Vec<usize> = boundaries
        .iter()
        .flat_map(|&boundary| boundary.saturating_sub(2)..=boundary.saturating_add(2))
        .chain(
            boundaries.first().into_iter().chain(boundaries.last()).flat_map(|&at| at..=at + HEADER_LEN + 1),
        )
        .chain(len - 2..len)
        .collect();
    // Spread over the whole input, at the same places in every run.
    let sample = |n: usize| (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) % len as u64;
    cuts.extend((1..=SAMPLED_CUTS).map(|n| sample(n) as usize));
    cuts.retain(|&cut| 0 < cut && cut < len);
    cuts.sort_unstable();
    cuts.dedup();
    cuts
}

/// Prints the case if a panic leaves the scope.
struct ReportOnPanic<'a>(&'a dyn Fn() -> String);

impl Drop for ReportOnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("the panic was with the input {}", (self.0)());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::vectors;

    #[test]
    fn a_short_input_is_cut_at_every_place() {
        let bytes: Vec<u8> = (0..30).collect();
        let mut seen = HashSet::new();
        for_every_split(&bytes, |pieces| {
            assert_eq!(pieces.concat(), bytes);
            seen.insert(pieces.iter().map(|piece| piece.len()).collect::<Vec<_>>());
        });
        assert_eq!(seen.len(), 1 + 29 + 1);
        assert!(seen.contains(&vec![1; 30]));
        assert!(seen.contains(&vec![29, 1]));
    }

    #[test]
    fn a_long_input_is_cut_around_its_frames() {
        let mut bytes = Vec::new();
        for vector in vectors::in_file("dir") {
            bytes.extend_from_slice(&vector.reply);
        }
        assert!(bytes.len() > EVERY_CUT_UP_TO);
        let boundaries = frame_boundaries(&bytes);
        assert_eq!(boundaries.last(), Some(&bytes.len()));
        let cuts = cuts(&bytes);
        assert!(cuts.len() < 1500, "{}", cuts.len());
        for boundary in [boundaries[0], boundaries[1], boundaries[boundaries.len() - 2]] {
            for cut in boundary - 2..=boundary + 2 {
                assert!(cuts.contains(&cut), "{cut}");
            }
        }
        assert!(cuts.contains(&(bytes.len() - 1)));
    }

    #[test]
    fn trailing_bytes_follow_the_input() {
        let bytes = &vectors::named("keepalive_read_3").reply;
        let mut lengths = HashSet::new();
        for_every_split_with_trailing(bytes, |pieces, trailing| {
            let all = pieces.concat();
            assert_eq!(all[..all.len() - trailing], bytes[..]);
            lengths.insert(trailing);
        });
        assert_eq!(lengths, HashSet::from([1, 23, 24, bytes.len()]));
    }

    #[test]
    fn boundaries_count_tokens_and_skip_keepalives() {
        let keepalives = vectors::named("keepalive_read_3");
        assert_eq!(frame_boundaries(&keepalives.reply), [24, 48, 72, 108]);
        let tokens = vectors::named("loop_second_token");
        assert_eq!(frame_boundaries(&tokens.request), [tokens.request.len()]);
        assert!(frame_boundaries(&[0; 23]).is_empty());
    }

    #[test]
    fn an_empty_input_has_no_cuts() {
        let mut calls = 0;
        for_every_split(&[], |pieces| {
            assert!(pieces.concat().is_empty());
            calls += 1;
        });
        assert_eq!(calls, 2);
    }
}

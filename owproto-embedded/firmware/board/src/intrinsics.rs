//! Functions that the compiler calls: copying, moving and filling memory, and dividing numbers of 64 bits. They take 240
//! bytes. Those of the compiler's library take 1750, to be fast with long blocks and with divisors that are rare here.
//!
//! Memory is accessed in words, aligned or not, as a Cortex-M3 allows. They are written in assembly, because the compiler
//! would replace a loop that copies by a call of `memcpy`, that is of itself.

use core::arch::global_asm;

global_asm!(
    ".syntax unified",
    ".thumb",
    ".macro function names:vararg",
    ".irp name, \\names",
    ".global \\name",
    ".type \\name, %function",
    ".thumb_func",
    "\\name:",
    ".endr",
    ".endm",
    // r0: to, r1: from, r2: length. Returns `to`.
    ".section .text.memmove, \"ax\", %progbits",
    "function memmove, __aeabi_memmove, __aeabi_memmove4, __aeabi_memmove8",
    "subs r3, r0, r1",
    "cmp r3, r2",
    // Unless `to` begins within `from`, it copies forwards.
    "bhs 8f",
    "add r3, r0, r2",
    "add r1, r2",
    "subs r2, #4",
    "blo 3f",
    "2: ldr r12, [r1, #-4]!",
    "str r12, [r3, #-4]!",
    "subs r2, #4",
    "bhs 2b",
    "3: adds r2, #4",
    "beq 5f",
    "4: ldrb r12, [r1, #-1]!",
    "strb r12, [r3, #-1]!",
    "subs r2, #1",
    "bne 4b",
    "5: bx lr",
    "function memcpy, __aeabi_memcpy, __aeabi_memcpy4, __aeabi_memcpy8",
    "8: mov r3, r0",
    "subs r2, #4",
    "blo 3f",
    "2: ldr r12, [r1], #4",
    "str r12, [r3], #4",
    "subs r2, #4",
    "bhs 2b",
    "3: adds r2, #4",
    "beq 5f",
    "4: ldrb r12, [r1], #1",
    "strb r12, [r3], #1",
    "subs r2, #1",
    "bne 4b",
    "5: bx lr",
    // r0: to, r1: value, r2: length. Returns `to`.
    ".section .text.memset, \"ax\", %progbits",
    "function memset",
    "mov r3, r1",
    "mov r1, r2",
    "mov r2, r3",
    "b 8f",
    // r0: to, r1: length.
    "function __aeabi_memclr, __aeabi_memclr4, __aeabi_memclr8",
    "movs r2, #0",
    // r0: to, r1: length, r2: value.
    "function __aeabi_memset, __aeabi_memset4, __aeabi_memset8",
    "8: uxtb r2, r2",
    "orr r2, r2, r2, lsl #8",
    "orr r2, r2, r2, lsl #16",
    "mov r3, r0",
    "subs r1, #4",
    "blo 3f",
    "2: str r2, [r3], #4",
    "subs r1, #4",
    "bhs 2b",
    "3: adds r1, #4",
    "beq 5f",
    "4: strb r2, [r3], #1",
    "subs r1, #1",
    "bne 4b",
    "5: bx lr",
    // r0 and r1: dividend, r2 and r3: divisor, not 0. Returns the quotient in r0 and r1, the remainder in r2 and r3.
    ".section .text.__aeabi_uldivmod, \"ax\", %progbits",
    "function __aeabi_uldivmod",
    "orrs r12, r1, r3",
    "bne 1f",
    // Most divisions are of 32 bits, which the processor can do.
    "udiv r12, r0, r2",
    "mls r2, r12, r2, r0",
    "mov r0, r12",
    "bx lr",
    "1: push {{r4, r5, r6, lr}}",
    "movs r4, #0",
    "movs r5, #0",
    "movs r6, #64",
    "2: adds r0, r0",
    "adcs r1, r1",
    "adcs r4, r4",
    "adcs r5, r5",
    "cmp r5, r3",
    "it eq",
    "cmpeq r4, r2",
    "blo 4f",
    "subs r4, r2",
    "sbc r5, r3",
    "adds r0, #1",
    "4: subs r6, #1",
    "bne 2b",
    "mov r2, r4",
    "mov r3, r5",
    "pop {{r4, r5, r6, pc}}",
);

/// Panics if one of them is wrong.
#[cfg(feature = "host")]
pub(crate) fn check() {
    copies();
    divides();
}

/// Tests blocks of all small lengths and alignments, overlapping or not.
#[cfg(feature = "host")]
fn copies() {
    use core::hint::black_box;

    const LEN: usize = 16;
    let original: [u8; LEN] = core::array::from_fn(|n| n as u8 | 0x80);
    for len in 0..=9 {
        for (from, to) in (0..=LEN - len).flat_map(|from| (0..=LEN - len).map(move |to| (from, to))) {
            let expected =
                |n: usize| if (to..to + len).contains(&n) { original[n - to + from] } else { original[n] };
            let mut moved = original;
            moved.copy_within(black_box(from..from + len), black_box(to));
            let mut copied = original;
            black_box(&mut copied[to..to + len]).copy_from_slice(black_box(&original[from..from + len]));
            let mut filled = original;
            black_box(&mut filled[to..to + len]).fill(black_box(from as u8));
            for n in 0..LEN {
                let fill = if (to..to + len).contains(&n) { from as u8 } else { original[n] };
                assert!(moved[n] == expected(n), "{len} bytes moved from {from} to {to}");
                assert!(copied[n] == expected(n), "{len} bytes copied from {from} to {to}");
                assert!(filled[n] == fill, "{len} bytes filled from {to} on");
            }
        }
    }
}

/// Tests numbers around powers of two.
#[cfg(feature = "host")]
fn divides() {
    use core::hint::black_box;

    let numbers =
        || (0..64).step_by(3).flat_map(|bit| [1_u64 << bit, (1 << bit) - 1, u64::MAX << bit, 5 << bit]);
    for dividend in numbers() {
        for divisor in numbers().filter(|divisor| *divisor > 0) {
            let (quotient, remainder) =
                (black_box(dividend) / black_box(divisor), black_box(dividend) % black_box(divisor));
            let is_right = quotient.checked_mul(divisor).and_then(|product| product.checked_add(remainder))
                == Some(dividend);
            assert!(
                is_right && remainder < divisor,
                "{dividend} / {divisor} = {quotient}, remainder {remainder}"
            );
        }
    }
}

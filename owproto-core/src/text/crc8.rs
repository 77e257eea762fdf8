/// The Dallas/Maxim CRC8 of 1-Wire: x⁸ + x⁵ + x⁴ + 1, least significant bit first, start value 0.
///
/// Over a whole ROM id, CRC included, it is 0 (owfs: `ow_crc.c`). It is computed bit by bit: a table would take 256 bytes of
/// flash.
///
/// ```
/// use owproto_core::text::crc8;
/// assert_eq!(crc8(&[0x28, 0x00, 0x00, 0x28, 0xd7, 0x01, 0x00]), 0xd5);
/// assert_eq!(crc8(&[0x28, 0x00, 0x00, 0x28, 0xd7, 0x01, 0x00, 0xd5]), 0);
/// ```
#[must_use]
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
pub const fn crc8(bytes: &[u8]) -> u8 {
    let mut crc = 0u8;
    let mut rest = bytes;
    while let [byte, tail @ ..] = rest {
        crc ^= *byte;
        let mut bit = 0u8;
        while bit < 8 {
            crc = if crc & 1 == 0 { crc >> 1 } else { crc >> 1 ^ 0x8c };
            bit = bit.wrapping_add(1);
        }
        rest = tail;
    }
    crc
}

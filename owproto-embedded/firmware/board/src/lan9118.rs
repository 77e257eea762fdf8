use smoltcp::phy::{self, Device, DeviceCapabilities, Medium};
use smoltcp::time::Instant;

use crate::registers::Registers;

// Registers (LAN9118 data sheet, table 5-1).
const RX_DATA: usize = 0x00;
const TX_DATA: usize = 0x20;
const RX_STATUS: usize = 0x40;
const TX_STATUS: usize = 0x48;
const IRQ_CFG: usize = 0x54;
const INT_STS: usize = 0x58;
const INT_EN: usize = 0x5c;
const FIFO_INT: usize = 0x68;
const RX_CFG: usize = 0x6c;
const TX_CFG: usize = 0x70;
const HW_CFG: usize = 0x74;
const RX_FIFO_INF: usize = 0x7c;
const TX_FIFO_INF: usize = 0x80;
const MAC_CSR_CMD: usize = 0xa4;
const MAC_CSR_DATA: usize = 0xa8;

/// The interrupt for a receive status FIFO that is not empty, in INT_STS and INT_EN.
const FRAME_RECEIVED: u32 = 1 << 3;

// Registers of the MAC, which are accessed through the last two.
const MAC_CR: u32 = 1;
const ADDRH: u32 = 2;
const ADDRL: u32 = 3;

/// The longest frame in bytes: the Ethernet header and 1500 bytes, without the checksum.
const MAX_FRAME_LEN: usize = 1514;

/// The checksum after each received frame.
const CHECKSUM_LEN: usize = 4;

/// A buffer for a frame with its checksum, in whole words.
type Frame = [u8; (MAX_FRAME_LEN + CHECKSUM_LEN).next_multiple_of(4)];

/// A buffer for each direction. smoltcp writes an answer while it still reads the received frame, so one is not enough.
#[derive(Debug)]
pub(crate) struct Frames {
    received: Frame,
    to_send: Frame,
}

impl Frames {
    /// Zeros, so that they need no initial values in the flash.
    pub(crate) const fn new() -> Self {
        Self { received: [0; size_of::<Frame>()], to_send: [0; size_of::<Frame>()] }
    }
}

/// The network interface. The processor transfers frames word by word, without DMA.
///
/// Frames that arrive while the 10 KB of the chip are full are lost. Damaged and too long frames are discarded.
#[derive(Debug)]
pub struct Lan9118 {
    frames: &'static mut Frames,
}

impl Lan9118 {
    pub(crate) fn start(frames: &'static mut Frames) -> Self {
        // The chip clears this bit when its reset has finished.
        write(HW_CFG, 1);
        while read(HW_CFG) & 1 != 0 {}
        // 5 KB of its memory for transmission, and a bit that must be one.
        write(HW_CFG, 1 << 20 | 5 << 16);
        write(FIFO_INT, 0);
        write(INT_STS, u32::MAX);
        write(INT_EN, FRAME_RECEIVED);
        // The line has to be push-pull and active high. Otherwise it signals an interrupt while there is none.
        const ENABLED: u32 = 1 << 8;
        const ACTIVE_HIGH: u32 = 1 << 4;
        const PUSH_PULL: u32 = 1;
        write(IRQ_CFG, ENABLED | ACTIVE_HIGH | PUSH_PULL);
        write(RX_CFG, 0);
        const TRANSMITTER_ON: u32 = 1 << 1;
        write(TX_CFG, TRANSMITTER_ON);
        const FULL_DUPLEX: u32 = 1 << 20;
        const TRANSMIT: u32 = 1 << 3;
        const RECEIVE: u32 = 1 << 2;
        write_mac(MAC_CR, FULL_DUPLEX | TRANSMIT | RECEIVE);
        Self { frames }
    }

    /// The address from the EEPROM of the chip.
    #[must_use]
    pub fn mac_address(&self) -> [u8; 6] {
        let [a, b, c, d] = read_mac(ADDRL).to_le_bytes();
        let [e, f, ..] = read_mac(ADDRH).to_le_bytes();
        [a, b, c, d, e, f]
    }
}

/// Whether a received frame is waiting.
pub(crate) fn has_frame() -> bool {
    read(RX_FIFO_INF) & 0x00ff_0000 != 0
}

/// Clears the interrupt, so that the next frame interrupts again.
pub(crate) fn clear_interrupt() {
    write(INT_STS, u32::MAX);
}

impl Device for Lan9118 {
    type RxToken<'a> = Received<'a>;
    type TxToken<'a> = ToSend<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Received<'_>, ToSend<'_>)> {
        // smoltcp may answer a frame, so receive it only when there is room for the answer.
        if !has_room() {
            return None;
        }
        let len = receive_frame(&mut self.frames.received)?;
        let frame = self.frames.received.get(..len)?;
        Some((Received(frame), ToSend(&mut self.frames.to_send)))
    }

    fn transmit(&mut self, _: Instant) -> Option<ToSend<'_>> {
        has_room().then_some(ToSend(&mut self.frames.to_send))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = MAX_FRAME_LEN;
        capabilities
    }
}

/// A received frame.
#[derive(Debug)]
pub struct Received<'a>(&'a [u8]);

impl phy::RxToken for Received<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(self.0)
    }
}

/// A buffer for a frame to send.
#[derive(Debug)]
pub struct ToSend<'a>(&'a mut Frame);

impl phy::TxToken for ToSend<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        // smoltcp respects the capabilities.
        let len = len.min(MAX_FRAME_LEN);
        let result = f(&mut self.0[..len]);
        send_frame(&self.0[..len.next_multiple_of(4)], len as u32);
        result
    }
}

/// Reads the next valid frame from the chip and returns its length; `None` if there is none.
fn receive_frame(buffer: &mut Frame) -> Option<usize> {
    const IS_BAD: u32 = 1 << 15;
    while has_frame() {
        let status = read(RX_STATUS);
        let len = (status >> 16 & 0x3fff) as usize;
        let words = len.div_ceil(4);
        if status & IS_BAD != 0 || len > size_of::<Frame>() || len < CHECKSUM_LEN {
            for _ in 0..words {
                read(RX_DATA);
            }
            continue;
        }
        for word in buffer.chunks_exact_mut(4).take(words) {
            word.copy_from_slice(&read(RX_DATA).to_le_bytes());
        }
        return Some(len - CHECKSUM_LEN);
    }
    None
}

/// Whether the chip has room for a frame of any length. Discards the status of earlier frames: TCP detects losses.
fn has_room() -> bool {
    loop {
        let state = read(TX_FIFO_INF);
        if state & 0x00ff_0000 == 0 {
            // Two command words precede it.
            return (state & 0xffff) as usize >= size_of::<Frame>() + 8;
        }
        read(TX_STATUS);
    }
}

/// Writes a frame of `len` bytes to the chip, in whole words.
fn send_frame(words: &[u8], len: u32) {
    const FIRST_AND_LAST: u32 = 1 << 13 | 1 << 12;
    write(TX_DATA, FIRST_AND_LAST | len);
    write(TX_DATA, len);
    for word in words.chunks_exact(4) {
        let &[a, b, c, d] = word else { continue };
        write(TX_DATA, u32::from_le_bytes([a, b, c, d]));
    }
}

const MAC_BUSY: u32 = 1 << 31;
const MAC_READ: u32 = 1 << 30;

fn read_mac(register: u32) -> u32 {
    write(MAC_CSR_CMD, MAC_BUSY | MAC_READ | register);
    while read(MAC_CSR_CMD) & MAC_BUSY != 0 {}
    read(MAC_CSR_DATA)
}

fn write_mac(register: u32, value: u32) {
    write(MAC_CSR_DATA, value);
    write(MAC_CSR_CMD, MAC_BUSY | register);
    while read(MAC_CSR_CMD) & MAC_BUSY != 0 {}
}

fn read(register: usize) -> u32 {
    Registers::ETHERNET.read(register)
}

fn write(register: usize, value: u32) {
    Registers::ETHERNET.write(register, value);
}

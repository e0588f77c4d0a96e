//! Quantized blocks to bits: Huffman codes for the coefficients, byte stuffing, markers.

use super::dct::Block;
use super::lanes::Lanes;
use super::tables::{COLUMN_ORDER, HuffmanCodes, in_zigzag_order};

/// Bytes that one MCU takes at most: 6 blocks of 63 coefficients of 26 bits and a difference of 20,
/// each byte of which may need another one behind it.
const MCU_BYTES: usize = 6 * (63_usize * 26 + 20).div_ceil(8) * 2 + 16;

/// The bytes of a picture, written bit by bit.
#[derive(Debug, Default)]
pub(super) struct BitWriter {
    /// Longer than what was written, so that the length is checked only once for each MCU.
    bytes: Vec<u8>,
    length: usize,
    /// Bits that are not written to `bytes` yet, in the lowest places.
    pending: u64,
    /// How many, fewer than 64.
    count: u32,
}

impl BitWriter {
    /// Forgets all bytes; their memory is used again.
    pub(super) fn clear(&mut self) {
        (self.length, self.pending, self.count) = (0, 0, 0);
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// Appends bytes unchanged. No bits may be pending.
    pub(super) fn append(&mut self, bytes: &[u8]) {
        debug_assert_eq!(self.count, 0);
        self.make_room(bytes.len());
        self.bytes[self.length..self.length + bytes.len()].copy_from_slice(bytes);
        self.length += bytes.len();
    }

    /// To be called before each MCU.
    #[inline(always)]
    pub(super) fn make_room_for_mcu(&mut self) {
        self.make_room(MCU_BYTES);
    }

    #[inline(always)]
    fn make_room(&mut self, bytes: usize) {
        if self.bytes.len() - self.length < bytes {
            self.grow(bytes);
        }
    }

    #[cold]
    fn grow(&mut self, bytes: usize) {
        let length = self.length + bytes;
        self.bytes.resize(length + length / 2, 0);
    }

    /// Fills the last byte with ones.
    pub(super) fn end_bits(&mut self) {
        let missing = self.count.wrapping_neg() % 8;
        self.make_room(MCU_BYTES);
        self.put((1 << missing) - 1, missing);
        for at in (0..self.count / 8).rev() {
            self.push((self.pending >> (at * 8)) as u8);
        }
        (self.pending, self.count) = (0, 0);
    }

    /// Appends the `count` lowest bits, the others of which are 0; at most 32.
    #[inline(always)]
    fn put(&mut self, bits: u32, count: u32) {
        let room = 64 - self.count;
        if count < room {
            self.pending = self.pending << count | u64::from(bits);
            self.count += count;
            return;
        }
        let rest = count - room;
        self.write(self.pending << room | u64::from(bits >> rest));
        self.pending = u64::from(bits);
        self.count = rest;
    }

    #[inline(always)]
    fn write(&mut self, word: u64) {
        const HIGHEST: u64 = 0x8080_8080_8080_8080;
        const ONES: u64 = 0x0101_0101_0101_0101;
        let bytes = word.to_be_bytes();
        // Finds bytes of 0xff: their highest bit is set, and adding 1 clears it. A carry from the
        // byte below may report others too, which costs only time.
        if word & HIGHEST & !word.wrapping_add(ONES) == 0 {
            self.bytes[self.length..self.length + 8].copy_from_slice(&bytes);
            self.length += 8;
        } else {
            bytes.into_iter().for_each(|byte| self.push(byte));
        }
    }

    /// Appends one byte of coded data, and a zero after 0xff, which would be a marker otherwise.
    fn push(&mut self, byte: u8) {
        self.bytes[self.length] = byte;
        self.length += 1;
        if byte == 0xff {
            self.bytes[self.length] = 0;
            self.length += 1;
        }
    }

    /// Codes a block. `predicted` is the DC coefficient of the previous block of its component.
    #[inline(always)]
    pub(super) fn put_block(&mut self, block: Block, predicted: &mut i16, codes: &HuffmanCodes) {
        let columns = block.map(Lanes::get);
        let first = columns[0][0];
        let difference = i32::from(first) - i32::from(*predicted);
        *predicted = first;
        self.put_value(&codes.dc, 0, difference);

        let [a, b, c, d, e, f, g, h] = block;
        let halves = [a.nonzero(b), c.nonzero(d), e.nonzero(f), g.nonzero(h)];
        // The first coefficient is done.
        let mut left = in_zigzag_order(halves) & !1;
        let mut last = 0;
        while left != 0 {
            let at = left.trailing_zeros();
            left &= left - 1;
            let mut run = at - last - 1;
            last = at;
            while run > 15 {
                self.put_code(&codes.ac, SIXTEEN_ZEROS);
                run -= 16;
            }
            let place = usize::from(COLUMN_ORDER[at as usize % 64]);
            let level = columns.as_flattened()[place % 64];
            self.put_value(&codes.ac, run, level.into());
        }
        if last != 63 {
            self.put_code(&codes.ac, END_OF_BLOCK);
        }
    }

    #[inline(always)]
    fn put_code(&mut self, codes: &[(u16, u8); 256], symbol: u8) {
        let (code, length) = codes[usize::from(symbol)];
        self.put(code.into(), length.into());
    }

    /// The code of a run of zeros and of the size of the value behind them, then its bits: those of
    /// a negative value are inverted.
    #[inline(always)]
    fn put_value(&mut self, codes: &[(u16, u8); 256], run: u32, value: i32) {
        let size = 32 - value.unsigned_abs().leading_zeros();
        let bits = (value + (value >> 31)) as u32 & ((1 << size) - 1);
        let (code, length) = codes[(run << 4 | size) as usize % 256];
        self.put(u32::from(code) << size | bits, u32::from(length) + size);
    }
}

const SIXTEEN_ZEROS: u8 = 0xf0;
const END_OF_BLOCK: u8 = 0x00;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_become_bytes_with_a_zero_behind_each_0xff() {
        let mut bits = BitWriter::default();
        bits.append(&[0xff, 0xd8]);
        bits.make_room_for_mcu();
        bits.put(0xffff, 16);
        for _ in 0..7 {
            bits.put(0x1234, 16);
        }
        bits.put(0b101, 3);
        bits.end_bits();
        let mut wanted = vec![0xff, 0xd8, 0xff, 0, 0xff, 0];
        wanted.extend([0x12, 0x34].repeat(7));
        wanted.push(0b1011_1111);
        assert_eq!(bits.bytes(), wanted);
        bits.clear();
        bits.end_bits();
        assert_eq!(bits.bytes(), []);
    }

    #[test]
    fn the_largest_mcu_fits_into_the_room_for_it() {
        // Runs of 16 bits for every coefficient, with all bits set.
        let codes = HuffmanCodes {
            dc: [(u16::MAX, 16); 256],
            ac: [(u16::MAX, 16); 256],
        };
        let block: Block = [Lanes::new([1023; 8]); 8];
        let mut bits = BitWriter::default();
        bits.make_room_for_mcu();
        let room = bits.bytes.len();
        for _ in 0..6 {
            bits.put_block(block, &mut 0, &codes);
        }
        assert!(bits.length + 16 <= MCU_BYTES && bits.bytes.len() == room);
    }
}

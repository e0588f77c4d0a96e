//! Writes baseline JPEG files (ITU-T T.81) from rows of pixels: default Huffman tables, one scan,
//! one pass. It holds no more of a picture than the lines of one row of MCUs, and takes no memory
//! once it has seen a picture of that size.
//!
//! It is our own because it is small, faster than the alternatives, and safe except for the few
//! calls in `lanes` and one in [`code`]. A picture of 1280x720 as YUYV at quality 80, with 214,000
//! bytes of noise and detail, on one core of an x86-64 server, the split of YUYV into planes
//! included:
//!
//! | encoder | ms |
//! |---|---|
//! | this one | 3.4 |
//! | this one without AVX2 and BMI | 4.1 |
//! | libjpeg-turbo 2.1.5 in C | 3.9 |
//! | libjpeg-turbo-rs 0.9, 72,000 lines of young Rust | 4.5 |
//! | jpeg-encoder 0.7 with `simd`, which has none on ARM | 9.4 |

mod dct;
mod entropy;
mod lanes;
mod tables;

use self::dct::{Quantizer, transform};
use self::entropy::BitWriter;
use self::lanes::Lanes;
use self::tables::{HuffmanCodes, ZIGZAG, quantization};
use super::huffman::DEFAULT_HUFFMAN_TABLES;
use super::rows::{Chroma, Planes, Rows};
use super::{MAX_JPEG_BYTES, MAX_SIDE};
use crate::ImageError;

/// Encodes one picture after the other.
#[derive(Debug)]
pub(crate) struct Baseline {
    tables: Tables,
    strip: Strip,
    bits: BitWriter,
}

impl Baseline {
    /// Quality is 1 to 100.
    pub(crate) fn new(quality: u8) -> Self {
        Self {
            tables: Tables::new(quality),
            strip: Strip::default(),
            bits: BitWriter::default(),
        }
    }

    /// Encodes in that quality from now on.
    pub(crate) fn set_quality(&mut self, quality: u8) {
        if quality.clamp(1, 100) != self.tables.quality {
            self.tables = Tables::new(quality);
        }
    }

    /// From 1 to 100.
    pub(crate) fn quality(&self) -> u8 {
        self.tables.quality
    }

    /// The whole file.
    pub(crate) fn encode(&mut self, rows: &impl Rows) -> Result<&[u8], ImageError> {
        let (width, height) = rows.size();
        if width == 0 || height == 0 || width > MAX_SIDE || height > MAX_SIDE {
            let (width, height) = (width.into(), height.into());
            return Err(ImageError::TooLarge { width, height });
        }
        self.strip.fit(rows);
        self.bits.clear();
        self.write_headers(rows);
        let mut predicted = [0; 3];
        for top in (0..height).step_by(self.strip.lines) {
            self.strip.fill(rows, top.into());
            code(&self.strip, &self.tables, &mut predicted, &mut self.bits);
            if self.bits.len() > MAX_JPEG_BYTES {
                return Err(ImageError::TooLong(self.bits.len()));
            }
        }
        self.bits.end_bits();
        self.bits.append(&[0xff, 0xd9]);
        Ok(self.bits.bytes())
    }

    fn write_headers(&mut self, rows: &impl Rows) {
        let ((width, height), components) = (rows.size(), self.strip.components());
        let bits = &mut self.bits;
        // Start of the file, and JFIF 1.02 with square pixels and no thumbnail.
        bits.append(b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x02\0\0\x01\0\x01\0\0");
        for (number, table) in (0..).zip(&self.tables.quantization) {
            bits.append(&[0xff, 0xdb, 0, 67, number]);
            bits.append(&ZIGZAG.map(|place| table[usize::from(place)]));
        }
        let ([height_high, height_low], [width_high, width_low]) =
            (height.to_be_bytes(), width.to_be_bytes());
        bits.append(&[0xff, 0xc0, 0, 8 + 3 * components, 8]);
        bits.append(&[height_high, height_low, width_high, width_low, components]);
        for number in 0..components {
            let sampling = if number == 0 {
                self.strip.sampling()
            } else {
                0x11
            };
            bits.append(&[number + 1, sampling, number.min(1)]);
        }
        bits.append(&DEFAULT_HUFFMAN_TABLES);
        bits.append(&[0xff, 0xda, 0, 6 + 2 * components, components]);
        for number in 0..components {
            bits.append(&[number + 1, number.min(1) * 0x11]);
        }
        bits.append(&[0, 63, 0]);
    }
}

/// What is the same for all pictures of a quality.
#[derive(Debug)]
struct Tables {
    quality: u8,
    quantization: [[u8; 64]; 2],
    quantizers: [Quantizer; 2],
    codes: &'static [HuffmanCodes; 2],
}

impl Tables {
    fn new(quality: u8) -> Self {
        static CODES: [HuffmanCodes; 2] = HuffmanCodes::DEFAULT;
        let quality = quality.clamp(1, 100);
        let quantization = quantization(quality);
        Self {
            quality,
            quantizers: quantization.each_ref().map(Quantizer::new),
            quantization,
            codes: &CODES,
        }
    }
}

/// The lines of one row of MCUs, filled up to whole MCUs by repeating the last pixels and lines.
#[derive(Debug, Default)]
struct Strip {
    /// Lines of luma, 8 or 16.
    lines: usize,
    mcus: usize,
    planes: [Plane; 3],
    /// The blocks of one MCU in their order.
    blocks: Vec<BlockOf>,
    /// Two lines of Cb and of Cr before they are halved, where each pixel has its own chroma.
    whole: [Plane; 2],
}

#[derive(Debug, Default)]
struct Plane {
    pixels: Vec<u8>,
    /// From one line to the next.
    stride: usize,
}

/// Where a block of an MCU lies.
#[derive(Clone, Copy, Debug)]
struct BlockOf {
    /// 0 is luma.
    component: usize,
    /// Of the first MCU's block, in bytes.
    start: usize,
    /// From one MCU to the next.
    step: usize,
}

impl Plane {
    fn fit(&mut self, stride: usize, lines: usize) {
        self.stride = stride;
        self.pixels.resize(stride * lines, 0);
    }

    fn line(&mut self, y: usize) -> &mut [u8] {
        &mut self.pixels[y * self.stride..][..self.stride]
    }

    /// Repeats the last of `width` pixels.
    fn pad(&mut self, y: usize, width: usize) {
        let line = self.line(y);
        let last = line[width - 1];
        line[width..].fill(last);
    }

    #[inline(always)]
    fn block(&self, start: usize) -> [Lanes; 8] {
        let (lines, stride) = (&self.pixels[start..], self.stride);
        std::array::from_fn(|y| {
            let pixels = lines[y * stride..].first_chunk();
            Lanes::of_pixels(pixels.unwrap_or(&[0; 8]))
        })
    }
}

impl Strip {
    /// Prepares for the rows of a picture.
    fn fit(&mut self, rows: &impl Rows) {
        let (across, down) = match rows.chroma() {
            Chroma::None => (1, 1),
            Chroma::Yuv422 => (2, 1),
            Chroma::Yuv420 | Chroma::Yuv444 => (2, 2),
        };
        self.mcus = usize::from(rows.size().0).div_ceil(8 * across);
        self.lines = 8 * down;
        let stride = self.mcus * 8 * across;
        let chroma = if rows.chroma() == Chroma::None {
            0
        } else {
            self.mcus * 8
        };
        let [y, cb, cr] = &mut self.planes;
        y.fit(stride, self.lines);
        cb.fit(chroma, 8);
        cr.fit(chroma, 8);
        let whole = if rows.chroma() == Chroma::Yuv444 {
            stride
        } else {
            0
        };
        self.whole.iter_mut().for_each(|plane| plane.fit(whole, 2));
        self.blocks.clear();
        for (y, x) in (0..down).flat_map(|y| (0..across).map(move |x| (y, x))) {
            self.blocks.push(BlockOf {
                component: 0,
                start: (y * stride + x) * 8,
                step: 8 * across,
            });
        }
        if chroma > 0 {
            self.blocks.extend([1, 2].map(|component| BlockOf {
                component,
                start: 0,
                step: 8,
            }));
        }
    }

    fn components(&self) -> u8 {
        if self.planes[1].stride == 0 { 1 } else { 3 }
    }

    /// Blocks of luma across and down, 4 bits each.
    fn sampling(&self) -> u8 {
        match self.blocks.len() {
            1 => 0x11,
            4 => 0x21,
            _ => 0x22,
        }
    }

    /// Reads the lines from `top` on.
    fn fill(&mut self, rows: &impl Rows, top: usize) {
        let width = usize::from(rows.size().0);
        let half = width.div_ceil(2);
        for y in 0..self.lines {
            let [luma, cb, cr] = &mut self.planes;
            let [whole_cb, whole_cr] = &mut self.whole;
            let (cb, cr, length) = match rows.chroma() {
                Chroma::None => (&mut [][..], &mut [][..], 0),
                Chroma::Yuv422 => (cb.line(y), cr.line(y), half),
                Chroma::Yuv420 => (cb.line(y / 2), cr.line(y / 2), half),
                Chroma::Yuv444 => (whole_cb.line(y % 2), whole_cr.line(y % 2), width),
            };
            let mut planes = Planes {
                y: &mut luma.line(y)[..width],
                cb: &mut cb[..length],
                cr: &mut cr[..length],
            };
            let last = usize::from(rows.size().1) - 1;
            // It is below the height, which is a u16.
            rows.line((top + y).min(last) as u16, &mut planes);
            luma.pad(y, width);
            match rows.chroma() {
                Chroma::None => {}
                Chroma::Yuv422 | Chroma::Yuv420 => {
                    let y = if self.lines == 8 { y } else { y / 2 };
                    self.planes[1].pad(y, half);
                    self.planes[2].pad(y, half);
                }
                Chroma::Yuv444 => {
                    self.whole
                        .iter_mut()
                        .for_each(|plane| plane.pad(y % 2, width));
                    if y % 2 == 1 {
                        self.halve(y / 2);
                    }
                }
            }
        }
    }

    /// Makes a line of chroma, each value the mean of four pixels.
    fn halve(&mut self, y: usize) {
        for (whole, plane) in self.whole.iter().zip(&mut self.planes[1..]) {
            let (upper, lower) = whole.pixels.split_at(whole.stride);
            let pairs = upper.as_chunks().0.iter().zip(lower.as_chunks().0);
            for (mean, (&[a, b], &[c, d])) in plane.line(y).iter_mut().zip(pairs) {
                let sum: u16 = [a, b, c, d].map(u16::from).iter().sum();
                *mean = ((sum + 2) / 4) as u8;
            }
        }
    }
}

/// Codes the MCUs of a strip, with the instructions that this processor has.
fn code(strip: &Strip, tables: &Tables, predicted: &mut [i16; 3], bits: &mut BitWriter) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::is_x86_feature_detected as has;
        if has!("avx2") && has!("bmi1") && has!("bmi2") && has!("lzcnt") {
            // SAFETY: this processor has the instructions that the function is marked for.
            #[expect(
                unsafe_code,
                reason = "the function is marked for some processors only"
            )]
            return unsafe { code_avx2(strip, tables, predicted, bits) };
        }
    }
    code_any(strip, tables, predicted, bits);
}

/// Like [`code_any`], compiled for processors with three-operand instructions and cheaper shifts.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
fn code_avx2(strip: &Strip, tables: &Tables, predicted: &mut [i16; 3], bits: &mut BitWriter) {
    code_any(strip, tables, predicted, bits);
}

#[inline(always)]
fn code_any(strip: &Strip, tables: &Tables, predicted: &mut [i16; 3], bits: &mut BitWriter) {
    for mcu in 0..strip.mcus {
        bits.make_room_for_mcu();
        for block in &strip.blocks {
            let (component, table) = (block.component, block.component.min(1));
            let lines = strip.planes[component].block(block.start + mcu * block.step);
            let levels = tables.quantizers[table].quantize(transform(lines));
            bits.put_block(levels, &mut predicted[component], &tables.codes[table]);
        }
    }
}

#[cfg(test)]
mod tests;

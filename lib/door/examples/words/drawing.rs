//! Letters of 5x7 dots on grey, as a JPEG.

use std::time::Instant;

use transom_media::{ColorEncoding, Encoder, Frame, Layout, RawFrame};

/// The files and what is written in them.
pub(crate) const WORDS: [(&str, &str); 5] = [
    ("away", "The camera is away"),
    ("lost", "The camera is lost"),
    ("off", "The camera is off"),
    ("refused", "The camera is not shown"),
    ("starting", "The camera is starting"),
];

pub(crate) const SIZE: (u16, u16) = (640, 360);

/// The picture of one line of text.
pub(crate) fn jpeg(text: &str) -> Vec<u8> {
    let now = Instant::now();
    let frame = RawFrame {
        data: &luma(text),
        layout: Layout::Grey,
        color: ColorEncoding::default(),
        width: SIZE.0,
        height: SIZE.1,
        stride: SIZE.0.into(),
        sequence: 0,
        captured: now,
        acquired: now,
    };
    let picture = Encoder::new(QUALITY, None).encode(Frame::Raw(frame));
    picture.expect("a whole frame").jpeg.to_vec()
}

/// Each pixel's brightness, line after line.
pub(crate) fn luma(text: &str) -> Vec<u8> {
    let (width, height) = (usize::from(SIZE.0), usize::from(SIZE.1));
    let wide = text.len() * 6 * DOT - DOT;
    let (left, top) = ((width - wide) / 2, (height - 7 * DOT) / 2);
    let mut luma = vec![GREY; width * height];
    for (at, letter) in text.chars().enumerate() {
        for (row, bits) in rows(letter).into_iter().enumerate() {
            for column in (0..5).filter(|column| bits >> (4 - column) & 1 == 1) {
                let x = left + (6 * at + column) * DOT;
                for y in top + row * DOT..top + (row + 1) * DOT {
                    luma[y * width + x..][..DOT].fill(WHITE);
                }
            }
        }
    }
    luma
}

/// A letter's rows from the top, each of five bits.
fn rows(letter: char) -> [u8; 7] {
    match letter {
        ' ' => [0; 7],
        'T' => [31, 4, 4, 4, 4, 4, 4],
        'a' => [0, 0, 14, 1, 15, 17, 15],
        'c' => [0, 0, 14, 16, 16, 17, 14],
        'e' => [0, 0, 14, 17, 31, 16, 14],
        'f' => [6, 9, 8, 28, 8, 8, 8],
        'g' => [0, 15, 17, 17, 15, 1, 14],
        'h' => [16, 16, 22, 25, 17, 17, 17],
        'i' => [4, 0, 12, 4, 4, 4, 14],
        'l' => [12, 4, 4, 4, 4, 4, 14],
        'm' => [0, 0, 26, 21, 21, 17, 17],
        'n' => [0, 0, 22, 25, 17, 17, 17],
        'o' => [0, 0, 14, 17, 17, 17, 14],
        'r' => [0, 0, 22, 25, 16, 16, 16],
        's' => [0, 0, 14, 16, 14, 1, 30],
        't' => [8, 8, 28, 8, 8, 9, 6],
        'w' => [0, 0, 17, 17, 21, 21, 10],
        'y' => [0, 0, 17, 17, 15, 1, 14],
        other => panic!("no picture of {other:?}"),
    }
}

/// Pixels of a dot's side: the longest text fills most of the width.
const DOT: usize = 4;
const GREY: u8 = 0x30;
const WHITE: u8 = 0xe0;
/// The letters' edges stay clean, in 6 KB.
const QUALITY: u8 = 60;

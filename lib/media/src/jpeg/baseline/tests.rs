use jpeg_encoder::{ColorType, SamplingFactor};

use super::*;
use crate::jpeg::decode::{Limit, decode_planes};
use crate::jpeg::frame_of;
use crate::jpeg::rows::RawRows;
use crate::{Image, Layout, Mended, RawFrame, decode, repair};

/// Waves, edges and noise in three bytes a pixel: Y, Cb, Cr.
fn scene(width: u16, height: u16) -> Vec<u8> {
    let mut seed = 1_u32;
    let mut pixels = Vec::new();
    for y in 0..i32::from(height) {
        for x in 0..i32::from(width) {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = (seed >> 28) as i32 - 8;
            let wave = (f64::from(x * x + y * y) / 700.0).sin() * 60.0;
            let edge = if (x / 40 + y / 24) % 2 == 0 { 40 } else { 0 };
            pixels.push((110 + wave as i32 + edge + noise).clamp(0, 255) as u8);
            pixels.push((x * 90 / i32::from(width) + 80 + noise / 4).clamp(0, 255) as u8);
            pixels.push((y * 90 / i32::from(height) + 80 - noise / 4).clamp(0, 255) as u8);
        }
    }
    pixels
}

fn raw(layout: Layout, width: u16, height: u16, data: Vec<u8>) -> RawFrame<'static> {
    frame_of(layout, (width, height), data)
}

/// The scene in a layout whose chroma is that of the first pixel of those that share it.
fn frame(layout: Layout, width: u16, height: u16) -> RawFrame<'static> {
    let pixels = scene(width, height);
    let (across, down) = (usize::from(width), usize::from(height));
    let at = |x: usize, y: usize, component: usize| {
        pixels[(y.min(down - 1) * across + x.min(across - 1)) * 3 + component]
    };
    let evens = |length: usize| (0..length).step_by(2);
    let data = match layout {
        Layout::Ycbcr => pixels,
        Layout::Grey => pixels.chunks(3).map(|pixel| pixel[0]).collect(),
        Layout::Yuyv => (0..down)
            .flat_map(|y| evens(across).map(move |x| (x, y)))
            .flat_map(|(x, y)| [at(x, y, 0), at(x, y, 1), at(x + 1, y, 0), at(x, y, 2)])
            .collect(),
        _ => {
            let luma = (0..down).flat_map(|y| (0..across).map(move |x| (x, y)));
            let mut data: Vec<u8> = luma.map(|(x, y)| at(x, y, 0)).collect();
            for component in [1, 2] {
                let chroma = evens(down).flat_map(|y| evens(across).map(move |x| (x, y)));
                data.extend(chroma.map(|(x, y)| at(x, y, component)));
            }
            data
        }
    };
    raw(layout, width, height, data)
}

fn encode(quality: u8, frame: &RawFrame<'_>) -> Vec<u8> {
    let rows = RawRows::new(frame).unwrap();
    Baseline::new(quality).encode(&rows).unwrap().to_vec()
}

/// The JPEG of the other encoder, from the same pixels with the same subsampling.
fn encode_by_other(quality: u8, frame: &RawFrame<'_>) -> Vec<u8> {
    let rows = RawRows::new(frame).unwrap();
    let (width, chroma) = (usize::from(frame.width), rows.chroma());
    let mut pixels = Vec::new();
    for y in 0..frame.height {
        let [mut luma, mut cb, mut cr] = [
            width,
            chroma.across(frame.width),
            chroma.across(frame.width),
        ]
        .map(|n| vec![0; n]);
        let mut planes = Planes {
            y: &mut luma,
            cb: &mut cb,
            cr: &mut cr,
        };
        rows.line(y, &mut planes);
        for (x, luma) in luma.into_iter().enumerate() {
            match chroma {
                Chroma::None => pixels.push(luma),
                Chroma::Yuv444 => pixels.extend([luma, cb[x], cr[x]]),
                Chroma::Yuv422 | Chroma::Yuv420 => pixels.extend([luma, cb[x / 2], cr[x / 2]]),
            }
        }
    }
    let mut jpeg = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut jpeg, quality);
    encoder.set_sampling_factor(match chroma {
        Chroma::None => SamplingFactor::R_4_4_4,
        Chroma::Yuv422 => SamplingFactor::R_4_2_2,
        Chroma::Yuv420 | Chroma::Yuv444 => SamplingFactor::R_4_2_0,
    });
    let method = match chroma {
        Chroma::Yuv444 => jpeg_encoder::ChromaSubsamplingMethod::Average,
        _ => jpeg_encoder::ChromaSubsamplingMethod::Nearest,
    };
    encoder.set_chroma_subsampling_method(method);
    let kind = if chroma == Chroma::None {
        ColorType::Luma
    } else {
        ColorType::Ycbcr
    };
    encoder
        .encode(&pixels, frame.width, frame.height, kind)
        .unwrap();
    jpeg
}

/// The peak signal-to-noise ratio of a JPEG to the pixels, in dB; larger is better.
fn psnr(jpeg: &[u8], frame: &RawFrame<'_>) -> f64 {
    let (mut decoded, mut squares, mut count) = (Vec::new(), 0.0, 0.0);
    let (layout, ..) = decode_planes(jpeg, Limit::default(), &mut decoded).unwrap();
    let decoded = raw(layout, frame.width, frame.height, decoded);
    let (ours, theirs) = (
        RawRows::new(frame).unwrap(),
        RawRows::new(&decoded).unwrap(),
    );
    let width = usize::from(frame.width);
    let line = |rows: &RawRows<'_>, y| {
        let across = rows.chroma().across(frame.width);
        let mut planes = [width, across, across].map(|length| vec![128; length]);
        let [luma, cb, cr] = &mut planes;
        rows.line(y, &mut Planes { y: luma, cb, cr });
        let shared = (width + 1) / across.max(1);
        (0..width)
            .flat_map(|x| {
                let chroma = |plane: &Vec<u8>| plane.get(x / shared).copied().unwrap_or(128);
                [planes[0][x], chroma(&planes[1]), chroma(&planes[2])]
            })
            .collect::<Vec<u8>>()
    };
    for y in 0..frame.height {
        for (a, b) in line(&ours, y).into_iter().zip(line(&theirs, y)) {
            squares += (f64::from(a) - f64::from(b)).powi(2);
            count += 1.0;
        }
    }
    10.0 * (255.0 * 255.0 / (squares / count).max(1e-9)).log10()
}

const LAYOUTS: [Layout; 4] = [Layout::Grey, Layout::I420, Layout::Ycbcr, Layout::Yuyv];

#[test]
fn pictures_are_as_near_to_the_pixels_as_those_of_another_encoder_and_no_larger() {
    for quality in [10, 35, 60, 80, 90, 95, 98] {
        for layout in LAYOUTS {
            let frame = frame(layout, 320, 200);
            let (ours, other) = (encode(quality, &frame), encode_by_other(quality, &frame));
            let (our_psnr, other_psnr) = (psnr(&ours, &frame), psnr(&other, &frame));
            assert!(
                our_psnr > other_psnr - 0.2,
                "{our_psnr:.2} dB, not {other_psnr:.2}: {layout:?} {quality}"
            );
            // Ours has the tables of chroma in a grey picture too.
            assert!(
                ours.len() < other.len() * 101 / 100 + 300,
                "{} bytes, not {}: {layout:?} {quality}",
                ours.len(),
                other.len()
            );
        }
    }
    let best = frame(Layout::Ycbcr, 64, 64);
    let smooth = raw(
        Layout::Grey,
        64,
        64,
        best.data.chunks(3).map(|pixel| pixel[0]).collect(),
    );
    assert!(psnr(&encode(100, &smooth), &smooth) > 50.0);
}

#[test]
fn sizes_that_are_no_whole_mcus_decode_to_what_was_encoded() {
    for (width, height) in [
        (1, 1),
        (1, 40),
        (40, 1),
        (7, 9),
        (8, 8),
        (15, 17),
        (17, 15),
        (33, 47),
    ] {
        for layout in LAYOUTS {
            let frame = frame(layout, width, height);
            let jpeg = encode(92, &frame);
            let mut image = Image::default();
            decode(&jpeg, Limit::default(), &mut image).unwrap();
            assert_eq!((image.width, image.height), (width.into(), height.into()));
            let psnr = psnr(&jpeg, &frame);
            assert!(psnr > 28.0, "{psnr:.1} dB: {layout:?} {width}x{height}");
            let Mended { header, .. } = repair(&jpeg).unwrap();
            assert_eq!((header.width, header.height), (width, height));
            assert!(repair(&jpeg).unwrap().is_unchanged());
        }
    }
}

#[test]
fn a_strip_of_another_picture_leaves_nothing_behind() {
    let mut baseline = Baseline::new(80);
    for layout in LAYOUTS {
        for (width, height) in [(100, 60), (9, 9), (64, 33)] {
            let frame = frame(layout, width, height);
            let again = baseline.encode(&RawRows::new(&frame).unwrap()).unwrap();
            assert!(
                *again == encode(80, &frame)[..],
                "{layout:?} {width}x{height}"
            );
        }
    }
}

#[test]
fn the_longest_sides_are_encoded_and_longer_ones_refused() {
    for (width, height) in [(MAX_SIDE, 1), (1, MAX_SIDE)] {
        let frame = frame(Layout::Yuyv, width, height);
        let jpeg = encode(50, &frame);
        let mut image = Image::default();
        decode(&jpeg, Limit::default(), &mut image).unwrap();
        assert_eq!((image.width, image.height), (width.into(), height.into()));
    }
    /// Rows of a size alone.
    struct Size(u16, u16);
    impl Rows for Size {
        fn size(&self) -> (u16, u16) {
            (self.0, self.1)
        }
        fn chroma(&self) -> Chroma {
            Chroma::None
        }
        fn line(&self, _: u16, _: &mut Planes<'_>) {
            unreachable!("it has none")
        }
    }
    for size in [
        Size(0, 8),
        Size(8, 0),
        Size(MAX_SIDE + 1, 8),
        Size(8, u16::MAX),
    ] {
        let refused = Baseline::new(80).encode(&size).err();
        assert!(
            matches!(refused, Some(ImageError::TooLarge { .. })),
            "{refused:?}"
        );
    }
}

#[test]
fn a_picture_of_too_many_bytes_ends_before_it_has_taken_them_all() {
    let mut seed = 1_u32;
    let noise = (0..4000 * 4000).map(|_| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 24) as u8
    });
    let frame = raw(Layout::Grey, 4000, 4000, noise.collect());
    let mut baseline = Baseline::new(100);
    let refused = baseline.encode(&RawRows::new(&frame).unwrap()).err();
    let Some(ImageError::TooLong(bytes)) = refused else {
        panic!("{refused:?}")
    };
    assert!(bytes < MAX_JPEG_BYTES * 11 / 10, "{bytes}");
}

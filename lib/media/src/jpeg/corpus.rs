//! Pictures of many encoders, whole and as faulty cameras send them, processed like every picture:
//! split from a stream and repaired by the box, decoded by the viewer, shrunk for a slow link.

use super::header::marker;
use crate::fuzzing::{pictures, shrunk, without_tables};
use crate::{Image, ImageError, Limit, MAX_JPEG_BYTES, decode, probe, repair};

/// What box and viewer make of a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    /// It shows what it was made of, and nothing was mended.
    Shown,
    /// It shows what it was made of, after something was mended.
    Mended,
    /// Something is shown, of the right size.
    Damaged,
    /// The box refuses it with an error that contains these words.
    Refused(&'static str),
    /// Only the viewer finds that it can't be decoded.
    Undecodable,
}

use Outcome::{Damaged, Mended, Refused, Shown, Undecodable};

macro_rules! file {
    ($name:literal) => {
        include_bytes!(concat!("../../corpus/", $name)).as_slice()
    };
}

/// Pictures as encoders make them; `corpus/make.sh` says how.
const FILES: &[(&str, &[u8], Outcome)] = &[
    ("ffmpeg 4:2:0", file!("ffmpeg-yuvj420p.jpg"), Shown),
    ("ffmpeg 4:2:2", file!("ffmpeg-yuvj422p.jpg"), Shown),
    ("ffmpeg 4:4:4", file!("ffmpeg-yuvj444p.jpg"), Shown),
    (
        "ffmpeg, default tables",
        file!("ffmpeg-default-tables.jpg"),
        Shown,
    ),
    ("ffmpeg, slices", file!("ffmpeg-slices.jpg"), Shown),
    ("4:2:0", file!("cjpeg-420.jpg"), Shown),
    ("4:2:2", file!("cjpeg-422.jpg"), Shown),
    ("4:4:0", file!("cjpeg-440.jpg"), Shown),
    ("4:4:4", file!("cjpeg-444.jpg"), Shown),
    ("4:1:1", file!("cjpeg-411.jpg"), Shown),
    ("4:1:0", file!("cjpeg-410.jpg"), Shown),
    (
        "chroma larger than luma",
        file!("cjpeg-chroma-larger.jpg"),
        Refused("a luma-subsampled"),
    ),
    ("grey", file!("cjpeg-grey.jpg"), Damaged),
    ("RGB", file!("cjpeg-rgb.jpg"), Shown),
    ("optimal tables", file!("cjpeg-optimal-tables.jpg"), Shown),
    (
        "restart after each MCU",
        file!("cjpeg-restart-blocks.jpg"),
        Shown,
    ),
    (
        "restart after each row",
        file!("cjpeg-restart-rows.jpg"),
        Shown,
    ),
    (
        "tables of 16 bits",
        file!("cjpeg-tables-of-16-bits.jpg"),
        Damaged,
    ),
    (
        "three scans",
        file!("cjpeg-three-scans.jpg"),
        Refused("a multi-scan"),
    ),
    ("turned", file!("jpegtran-rotated.jpg"), Damaged),
    (
        "progressive",
        file!("cjpeg-progressive.jpg"),
        Refused("a progressive"),
    ),
    (
        "arithmetic",
        file!("cjpeg-arithmetic.jpg"),
        Refused("an arithmetic-coded"),
    ),
    (
        "arithmetic, progressive",
        file!("cjpeg-arithmetic-progressive.jpg"),
        Refused("an arithmetic-coded"),
    ),
    ("PNG", file!("ffmpeg-png.png"), Refused("PNG, not JPEG")),
];

/// A JPEG in parts that can be changed.
#[derive(Clone)]
struct Parts {
    /// Marker and content.
    segments: Vec<(u8, Vec<u8>)>,
    /// With its end marker.
    data: Vec<u8>,
}

impl Parts {
    fn of(jpeg: &[u8]) -> Self {
        let header = probe(jpeg).unwrap();
        let (mut at, mut segments) = (2, Vec::new());
        while at < header.data {
            let length = usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]));
            let content = jpeg[at + 4..at + 2 + length].to_vec();
            segments.push((jpeg[at + 1], content));
            at += 2 + length;
        }
        let data = jpeg[header.data..].to_vec();
        Self { segments, data }
    }

    fn joined(&self) -> Vec<u8> {
        let mut jpeg = vec![0xff, marker::SOI];
        for (marker, content) in &self.segments {
            jpeg.extend([0xff, *marker]);
            jpeg.extend((content.len() as u16 + 2).to_be_bytes());
            jpeg.extend(content);
        }
        jpeg.extend(&self.data);
        jpeg
    }

    /// The picture with another content of the first segment of this marker.
    fn changed(&self, wanted: u8, change: impl Fn(&mut (u8, Vec<u8>))) -> Vec<u8> {
        let mut parts = self.clone();
        let mut found = parts
            .segments
            .iter_mut()
            .filter(|(marker, _)| *marker == wanted);
        change(found.next().unwrap());
        parts.joined()
    }

    fn without(&self, unwanted: u8) -> Vec<u8> {
        let mut parts = self.clone();
        parts.segments.retain(|(marker, _)| *marker != unwanted);
        parts.joined()
    }

    /// The picture with a segment before all others.
    fn with(&self, marker: u8, content: &[u8]) -> Vec<u8> {
        let mut parts = self.clone();
        parts.segments.insert(0, (marker, content.to_vec()));
        parts.joined()
    }
}

const DQT: u8 = 0xdb;
const DRI: u8 = 0xdd;
const APP0: u8 = 0xe0;
const COM: u8 = 0xfe;

/// Good pictures with the faults that cameras and transmission add.
fn changed() -> Vec<(&'static str, Vec<u8>, Outcome)> {
    let whole = file!("cjpeg-420.jpg");
    let usual = file!("ffmpeg-default-tables.jpg");
    let restarts = Parts::of(file!("cjpeg-restart-blocks.jpg"));
    let parts = Parts::of(whole);
    let (body, data) = (&whole[..whole.len() - 2], parts.data.len());
    let head = &whole[..whole.len() - data];
    let cut = |percent: usize| whole[..whole.len() - data + data * percent / 100].to_vec();
    let sized = |at: usize, bytes: &[u8]| {
        parts.changed(marker::SOF0, |(_, frame)| {
            frame[at..at + bytes.len()].copy_from_slice(bytes);
        })
    };
    let framed = |kind: u8| parts.changed(marker::SOF0, |(marker, _)| *marker = kind);
    let first_of = |count: u8| {
        let index = b"MPF\0MM\0*\0\0\0\x08\0\x01\xb0\x01\0\x04\0\0\0\x01\0\0\0";
        parts.with(marker::APP2, &[index, &[count][..]].concat())
    };
    let flipped = |step: usize| {
        let mut bytes = whole.to_vec();
        for at in (head.len() + 20..bytes.len() - 2).step_by(step) {
            bytes[at] ^= 0x10;
        }
        bytes
    };
    let mut lost = restarts.clone();
    let second = lost
        .data
        .windows(2)
        .position(|pair| pair == [0xff, 0xd1])
        .unwrap();
    let third = lost
        .data
        .windows(2)
        .position(|pair| pair == [0xff, 0xd2])
        .unwrap();
    lost.data.drain(second..third);
    let bare = without_tables(usual);
    vec![
        ("no end marker", body.to_vec(), Mended),
        ("half an end marker", [body, &[0xff]].concat(), Mended),
        ("two ends", [whole, &[0xff, 0xd9]].concat(), Shown),
        ("zeros behind", [whole, &[0; 4096]].concat(), Shown),
        ("noise behind", [whole, b"camera 1"].concat(), Shown),
        (
            "fill bytes before the end",
            [body, &[0xff; 9], &[0xff, 0xd9]].concat(),
            Shown,
        ),
        ("no tables", bare.clone(), Mended),
        ("no tables, no end", bare[..bare.len() - 2].to_vec(), Mended),
        (
            "an AVI frame without tables",
            Parts::of(&bare).with(APP0, b"AVI1\0\0\0\0\0\0\0\0\0\0"),
            Mended,
        ),
        (
            "tables of others",
            without_tables(file!("ffmpeg-yuvj420p.jpg")),
            Damaged,
        ),
        ("cut at a tenth", cut(10), Damaged),
        ("cut in the middle", cut(50), Damaged),
        ("cut near the end", cut(95), Damaged),
        (
            "cut in its header",
            head[..head.len() - 9].to_vec(),
            Refused("within its header"),
        ),
        ("no data", head.to_vec(), Refused("within its header")),
        ("one bit wrong", flipped(1 << 20), Damaged),
        ("many bits wrong", flipped(29), Damaged),
        ("a restart interval lost", lost.joined(), Damaged),
        (
            "restarts that never come",
            parts.with(DRI, &[0, 1]),
            Damaged,
        ),
        ("no quantization tables", parts.without(DQT), Undecodable),
        ("twice as high as its data", sized(1, &[0, 64]), Damaged),
        ("no height", sized(1, &[0, 0]), Refused("an empty")),
        (
            "too wide",
            sized(3, &[0xff, 0xff]),
            Refused("beyond the limit"),
        ),
        (
            "16,384 pixels of nothing",
            sized(1, &[0x40, 0, 0x40, 0]),
            Refused("beyond the limit"),
        ),
        ("12 bits", sized(0, &[12]), Refused("a 12-bit")),
        ("four colours", sized(5, &[4]), Refused("a four-colour")),
        ("two colours", sized(5, &[2]), Refused("a multispectral")),
        ("no sampling", sized(7, &[0]), Refused("a luma-subsampled")),
        ("lossless", framed(0xc3), Refused("a lossless")),
        ("hierarchical", framed(0xc5), Refused("a hierarchical")),
        (
            "hierarchical by its first segment",
            parts.with(marker::DHP, &[8]),
            Refused("a hierarchical"),
        ),
        ("JPEG-LS", framed(0xf7), Refused("a lossless")),
        (
            "two frame headers",
            {
                let mut twice = parts.clone();
                let frame = twice
                    .segments
                    .iter()
                    .position(|(marker, _)| *marker == marker::SOF0);
                twice
                    .segments
                    .insert(1, parts.segments[frame.unwrap()].clone());
                twice.joined()
            },
            Refused("a hierarchical"),
        ),
        (
            "no frame header",
            parts.without(marker::SOF0),
            Refused("within its header"),
        ),
        ("a thumbnail in a comment", parts.with(COM, whole), Shown),
        (
            "the longest comment",
            parts.with(COM, &[0xd9; 65_533]),
            Shown,
        ),
        (
            "fill bytes before a segment",
            [&whole[..2], &[0xff; 7], &whole[2..]].concat(),
            Shown,
        ),
        (
            "a segment of no length",
            [&whole[..2], &[0xff, COM, 0, 1], &whole[2..]].concat(),
            Refused(""),
        ),
        (
            "two beginnings",
            [&[0xff, 0xd8], whole].concat(),
            Refused(""),
        ),
        ("no beginning", whole[2..].to_vec(), Refused("not a JPEG")),
        (
            "first of two",
            [&first_of(2)[..], file!("cjpeg-grey.jpg")].concat(),
            Shown,
        ),
        (
            "first of two, no end",
            {
                let first = first_of(2);
                [&first[..first.len() - 2], file!("cjpeg-grey.jpg")].concat()
            },
            Mended,
        ),
        ("nothing", Vec::new(), Refused("not a JPEG")),
        ("zeros", vec![0; 1000], Refused("not a JPEG")),
        (
            "H.264",
            b"\0\0\0\x01\x67\x42\0\x1e\xab".to_vec(),
            Refused("H.264, not JPEG"),
        ),
    ]
}

const LIMIT: Limit = Limit {
    max_side: 4096,
    max_pixels: 4096 * 4096,
};

/// The reference picture of test stripes.
fn reference() -> Image {
    let mut image = Image::default();
    decode(file!("ffmpeg-yuvj444p.jpg"), LIMIT, &mut image).unwrap();
    image
}

/// The mean difference of two pictures, 0 to 255. It is rounded down, so the noise of coarse
/// colours counts as none.
fn distance(one: &Image, two: &Image) -> u64 {
    assert_eq!((one.width, one.height), (two.width, two.height));
    let differences = one
        .rgba
        .iter()
        .zip(&two.rgba)
        .map(|(a, b)| u64::from(a.abs_diff(*b)));
    differences.sum::<u64>() / one.rgba.len() as u64
}

fn outcome(jpeg: &[u8], reference: &Image) -> Result<Outcome, ImageError> {
    let mended = repair(jpeg)?;
    let passed = mended.to_arc();
    let mut image = Image::default();
    let viewed = decode(&passed, LIMIT, &mut image);
    let header = mended.header;
    if let Err(fault @ ImageError::TooLarge { .. }) = viewed {
        return Err(fault);
    }
    // The box shrinks what the viewer can decode, and nothing else.
    let small = shrunk(&passed, header, (24, 24));
    assert_eq!(small.is_ok(), viewed.is_ok(), "{small:?}");
    if viewed.is_err() {
        return Ok(Undecodable);
    }
    let small = small.unwrap();
    assert!(small.width.max(small.height) <= 24);
    assert!(repair(&small.jpeg).unwrap().is_unchanged());
    assert_eq!(
        (image.width, image.height),
        (header.width.into(), header.height.into())
    );
    let is_like = (image.width, image.height) == (48, 32) && distance(&image, reference) < 20;
    Ok(match is_like {
        true if mended.added_end || mended.added_tables => Mended,
        true => Shown,
        false => Damaged,
    })
}

#[test]
fn every_picture_of_the_corpus_comes_to_its_end() {
    let reference = reference();
    let files = FILES
        .iter()
        .map(|(name, jpeg, wanted)| (*name, jpeg.to_vec(), *wanted));
    let all: Vec<_> = files.chain(changed()).collect();
    assert!(all.len() >= 60, "{}", all.len());
    let mut wrong = Vec::new();
    for (name, jpeg, wanted) in all {
        let came = outcome(&jpeg, &reference);
        let is_right = match (&came, wanted) {
            (Err(fault), Refused(words)) => fault.to_string().contains(words),
            // A picture that lost something may still look right.
            (Ok(Shown | Mended), Damaged) => true,
            (Ok(came), wanted) => *came == wanted,
            (Err(_), _) => false,
        };
        if !is_right {
            wrong.push(format!("{name}: {came:?} in place of {wanted:?}"));
        }
        // In a stream it costs no other picture. One that lacks its end, or its further pictures,
        // is found as what it is.
        let good = file!("cjpeg-422.jpg");
        let found = pictures(&[good, &jpeg, good], MAX_JPEG_BYTES);
        assert_eq!(found.first(), Some(&Ok(good.to_vec())), "{name}");
        if matches!(wanted, Shown | Mended | Damaged) {
            assert_eq!(found.last(), Some(&Ok(good.to_vec())), "{name}");
            let is_same = |jpeg: &[u8]| outcome(jpeg, &reference) == came;
            assert!(
                found.iter().skip(1).flatten().any(|jpeg| is_same(jpeg)),
                "{name}"
            );
        }
    }
    assert_eq!(wrong, [""; 0]);
}

//! Films: what was written reads back.

use std::cell::RefCell;
use std::io::{self, Cursor, Seek, SeekFrom, Write};
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::{Film, FilmSound, Picture, SoundCodec, Speaker};

/// A frame as read from a film.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Block {
    /// 1 is the picture track.
    pub track: u8,
    /// Milliseconds.
    pub time: u64,
    /// The bytes of the frame.
    pub bytes: Vec<u8>,
}

/// What a reader finds in a film, complete or cut off.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Reading {
    /// The codec of each track, in order.
    pub codecs: Vec<String>,
    /// The frames that are complete.
    pub blocks: Vec<Block>,
    /// Time and position in the file of each cue; none in a film that was cut off.
    pub cues: Vec<(u64, u64)>,
    /// Milliseconds, of a film that is complete.
    pub duration: Option<u64>,
}

/// A file in memory that can be looked at while it is written.
#[derive(Clone, Debug, Default)]
pub struct SharedFile(Rc<RefCell<Cursor<Vec<u8>>>>);

impl SharedFile {
    /// The content of the file.
    pub fn bytes(&self) -> Vec<u8> {
        self.0.borrow().get_ref().clone()
    }
}

impl Write for SharedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for SharedFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.borrow_mut().seek(to)
    }
}

/// One file of a film, and what it has to hold.
#[derive(Default)]
struct Wanted {
    file: SharedFile,
    frames: Vec<(u8, Vec<u8>)>,
    tracks: Vec<(Speaker, SoundCodec)>,
    origin: Option<Instant>,
}

/// Pictures and sound with any timestamps, in any order, read back as they were written: from the
/// complete film, from one that was never finished, and up to any cut. The first two bytes set the
/// cut, each further three a step.
pub fn film(data: &[u8]) {
    let Some((cut, steps)) = data.split_first_chunk::<2>() else {
        return;
    };
    // Far from the start of the monotonic clock, which may be a moment ago: steps go back in time.
    let start = Instant::now() + Duration::from_secs(100_000);
    let mut now = start;
    let mut film = Film::default();
    let mut files: Vec<Wanted> = Vec::new();
    for step in steps.chunks_exact(3).take(200) {
        let &[what, far, length] = step else { return };
        let away = Duration::from_millis(u64::from(far) * u64::from(far));
        now = match what & 0x40 {
            0 => now + away,
            _ => (now - away).max(start),
        };
        let bytes = vec![what; length.into()];
        if what & 0x80 == 0 {
            add_picture(&mut film, &mut files, what, now, bytes);
        } else {
            add_sound(&mut film, files.last_mut(), what, now, bytes);
        }
    }
    let Some(last) = files.last() else { return };
    let open = last.file.bytes();
    film.finish().expect("memory takes it");
    let unfinished = read_film(&open);
    assert_eq!((unfinished.duration, unfinished.cues.len()), (None, 0));
    let mut whole = Reading::default();
    for file in &files {
        whole = check_file(file);
    }
    assert_eq!(unfinished.blocks, whole.blocks);
    let cut = usize::from(u16::from_be_bytes(*cut)) % (open.len() + 1);
    let part = read_film(&open[..cut]).blocks;
    assert_eq!(part[..], whole.blocks[..part.len()]);
}

fn add_picture(
    film: &mut Film<SharedFile>,
    files: &mut Vec<Wanted>,
    what: u8,
    now: Instant,
    bytes: Vec<u8>,
) {
    let picture = Picture {
        jpeg: bytes.clone().into(),
        width: 8 + u16::from(what & 1),
        height: 8,
        orientation: 1 + (what >> 1 & 7),
        sequence: 0,
        captured: now,
        acquired: now,
        ready: now,
    };
    let open = |number: u32| {
        assert_eq!(number as usize, files.len() + 1);
        let wanted = Wanted {
            origin: Some(now),
            ..Wanted::default()
        };
        files.push(wanted);
        Ok(files[files.len() - 1].file.clone())
    };
    film.picture(&picture, open).expect("memory takes it");
    if let Some(file) = files.last_mut() {
        file.frames.push((1, bytes));
    }
}

fn add_sound(
    film: &mut Film<SharedFile>,
    file: Option<&mut Wanted>,
    what: u8,
    now: Instant,
    bytes: Vec<u8>,
) {
    let speaker = [Speaker::Near, Speaker::Far][usize::from(what & 1)];
    let codec = [SoundCodec::Pcm, SoundCodec::Opus { pre_skip: 120 }][usize::from(what >> 1 & 1)];
    let sound = FilmSound {
        speaker,
        codec,
        captured: now,
        bytes: &bytes,
    };
    film.sound(&sound).expect("memory takes it");
    let Some(file) = file.filter(|file| file.origin <= Some(now)) else {
        return;
    };
    let known = file
        .tracks
        .iter()
        .position(|track| *track == (speaker, codec));
    let index = known.unwrap_or_else(|| {
        file.tracks.push((speaker, codec));
        file.tracks.len() - 1
    });
    file.frames.push((index as u8 + 2, bytes));
}

fn check_file(wanted: &Wanted) -> Reading {
    let file = wanted.file.bytes();
    let reading = read_film(&file);
    assert_eq!(reading.codecs.len(), 1 + wanted.tracks.len());
    let frames: Vec<_> = reading
        .blocks
        .iter()
        .map(|block| (block.track, block.bytes.clone()))
        .collect();
    assert_eq!(frames, wanted.frames);
    for track in 1..=reading.codecs.len() as u8 {
        let of_track = reading.blocks.iter().filter(|block| block.track == track);
        assert!(of_track.map(|block| block.time).is_sorted());
    }
    let last = reading.blocks.iter().map(|block| block.time).max();
    assert_eq!(reading.duration, last);
    assert!(!reading.cues.is_empty());
    for (_, position) in &reading.cues {
        assert!(file[*position as usize..].starts_with(&ID_CLUSTER.to_be_bytes()));
    }
    reading
}

const ID_SEGMENT: u32 = 0x1853_8067;
const ID_CLUSTER: u32 = 0x1f43_b675;

/// Reads what a film of ours holds, as far as it goes.
pub fn read_film(file: &[u8]) -> Reading {
    let mut reading = Reading::default();
    read_elements(file, 0, &mut State::default(), &mut reading);
    reading
}

#[derive(Default)]
struct State {
    /// Where the segment's body begins.
    segment: u64,
    /// Milliseconds of the cluster, and of the cue point.
    time: u64,
}

/// Reads the elements of `bytes`, which begin at `offset` of the file.
fn read_elements(mut bytes: &[u8], mut offset: u64, state: &mut State, reading: &mut Reading) {
    while let Some((id, head, size)) = read_head(bytes) {
        let begin = offset + head as u64;
        let rest = &bytes[head..];
        // What is cut off, or of unknown length, reaches to the end.
        let (body, cut) = match rest.get(..size) {
            Some(body) => (body, false),
            None => (rest, true),
        };
        match id {
            // Elements that hold others: segment, information, tracks and their parts, clusters,
            // cues.
            ID_SEGMENT | 0x1549_a966 | 0x1654_ae6b | 0xae | ID_CLUSTER | 0x1c53_bb6b | 0xbb
            | 0xb7 => {
                if id == ID_SEGMENT {
                    state.segment = begin;
                }
                read_elements(body, begin, state, reading);
            }
            _ if cut => return,
            0x86 => reading
                .codecs
                .push(String::from_utf8_lossy(body).into_owned()),
            0xe7 | 0xb3 => state.time = read_number(body),
            0xf1 => reading
                .cues
                .push((state.time, state.segment + read_number(body))),
            0x4489 => reading.duration = Some(f64::from_bits(read_number(body)) as u64),
            0xa3 => {
                if let [track, high, low, _, frame @ ..] = body {
                    let within = i16::from_be_bytes([*high, *low]);
                    reading.blocks.push(Block {
                        track: track & 0x7f,
                        time: state.time.wrapping_add_signed(within.into()),
                        bytes: frame.to_vec(),
                    });
                }
            }
            _ => {}
        }
        if cut {
            return;
        }
        bytes = &rest[size..];
        offset = begin + size as u64;
    }
}

/// The id, the length of the head, and that of the body.
fn read_head(bytes: &[u8]) -> Option<(u32, usize, usize)> {
    let id_length = bytes.first()?.leading_zeros() as usize + 1;
    let id = bytes.get(..id_length).filter(|id| id.len() <= 4)?;
    let id = id.iter().fold(0, |id, byte| id << 8 | u32::from(*byte));
    let marked = bytes.get(id_length..)?;
    let size_length = marked.first()?.leading_zeros() as usize + 1;
    let size = marked.get(..size_length).filter(|size| size.len() <= 8)?;
    let marker = 1_u64 << (7 * size_length);
    let size = read_number(size) & (marker - 1);
    let size = match size == marker - 1 {
        true => usize::MAX,
        false => usize::try_from(size).ok()?,
    };
    Some((id, id_length + size_length, size))
}

fn read_number(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn films_of_any_order_read_back() {
        // A linear congruence: the same films every time.
        let mut state = 1_u32;
        for _ in 0..300 {
            let mut next = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            };
            let length = usize::from(next()) * 2;
            film(&(0..length).map(|_| next()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_call_has_a_track_of_each_side_and_the_times_of_its_frames() {
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let picture = |milliseconds| Picture {
            jpeg: vec![0xff, 0xd8, 0xff, 0xd9].into(),
            width: 64,
            height: 48,
            orientation: 1,
            sequence: 0,
            captured: at(milliseconds),
            acquired: start,
            ready: start,
        };
        let file = SharedFile::default();
        let mut film = Film::default();
        let sound = |speaker, codec, milliseconds| FilmSound {
            speaker,
            codec,
            captured: at(milliseconds),
            bytes: &[1, 2],
        };
        let opus = SoundCodec::Opus { pre_skip: 120 };
        film.picture(&picture(100), |_| Ok(file.clone())).unwrap();
        film.sound(&sound(Speaker::Far, opus, 90)).unwrap();
        film.sound(&sound(Speaker::Far, opus, 105)).unwrap();
        film.sound(&sound(Speaker::Near, SoundCodec::Pcm, 103))
            .unwrap();
        film.picture(&picture(133), |_| unreachable!()).unwrap();
        film.sound(&sound(Speaker::Far, opus, 1_250)).unwrap();
        film.finish().unwrap();
        let reading = read_film(&file.bytes());
        assert_eq!(reading.codecs, ["V_MJPEG", "A_OPUS", "A_PCM/INT/LIT"]);
        let times: Vec<_> = reading.blocks.iter().map(|b| (b.track, b.time)).collect();
        assert_eq!(times, [(1, 0), (2, 5), (3, 3), (1, 33), (2, 1_150)]);
        assert_eq!(reading.duration, Some(1_150));
        assert_eq!(reading.cues.len(), 2);
    }

    #[test]
    fn pictures_that_always_change_their_size_end_a_film() {
        let mut film = Film::default();
        let now = Instant::now();
        let error = (0..u16::MAX).find_map(|number| {
            let picture = Picture {
                jpeg: Vec::new().into(),
                width: number % 2,
                height: 8,
                orientation: 1,
                sequence: 0,
                captured: now,
                acquired: now,
                ready: now,
            };
            film.picture(&picture, |_| Ok(SharedFile::default())).err()
        });
        assert!(error.unwrap().to_string().contains("1000 files"));
    }
}

//! Writes Motion JPEG and sound as a Matroska file that plays to where it was cut off.
//!
//! ```text
//! EBML | Segment ( SeekHead | Info | Tracks | Void | Cluster .. Cluster | Cues )
//! \------------- HEAD_BYTES long ---------------/    a second each       at the end
//! ```
//!
//! While a film is written, the segment and the last cluster have an unknown length; players read
//! them to the end of the file. [`MatroskaWriter::finish`] writes the lengths, the duration, and
//! the cues by which players seek. The head has a fixed length: it is overwritten in place when a
//! sound track is added, and at the end.
//!
//! Format: RFC 9559 (Matroska) and RFC 8794 (EBML); `V_MJPEG`, `A_OPUS` and `A_PCM/INT/LIT` as the
//! codec specification of Matroska says.

use std::io::{self, Seek, SeekFrom, Write};
use std::time::{Duration, Instant};

use super::ebml::{UNKNOWN_SIZE, element, float, long_size, nested, number, put_id, void};
use super::{Sound, SoundCodec, Speaker};
use crate::Picture;

/// Length of the head, all that is before the first cluster: room for the picture track and
/// [`MAX_SOUND_TRACKS`].
const HEAD_BYTES: usize = 1536;
/// Each side of a call, in each codec.
const MAX_SOUND_TRACKS: usize = 4;
/// Length of a cluster: the first frame after this time begins the next one. A player that skips
/// the incomplete cluster of a film that was cut off loses no more than this.
const CLUSTER: Duration = Duration::from_secs(1);
/// The time of a frame is stored relative to its cluster, in 16 bits of milliseconds. A frame
/// further away begins a new cluster.
const MAX_OFFSET_MS: u64 = 30_000;
/// Limit of cues, so that a film of any length takes bounded memory. When it is reached, every
/// other cue is dropped, and from then on half as many clusters get one.
const MAX_CUES: usize = 8192;

const ID_SEGMENT: u32 = 0x1853_8067;
const ID_SEEK_HEAD: u32 = 0x114d_9b74;
const ID_INFO: u32 = 0x1549_a966;
const ID_TRACKS: u32 = 0x1654_ae6b;
const ID_CLUSTER: u32 = 0x1f43_b675;
const ID_CUES: u32 = 0x1c53_bb6b;
const ID_BLOCK: u32 = 0xa3;
const ID_TIMESTAMP: u32 = 0xe7;

/// The number of the picture track; those of sound follow.
const PICTURES: u8 = 1;

/// A Matroska file being written.
#[derive(Debug)]
pub(super) struct MatroskaWriter<W: Write + Seek> {
    out: W,
    size: (u16, u16),
    orientation: u8,
    sounds: Vec<(Speaker, SoundCodec)>,
    /// When the first picture was captured; all times count from here.
    origin: Instant,
    written: u64,
    cluster: Option<Cluster>,
    cues: Cues,
    /// Time of the last frame of each track in milliseconds, the picture track first. Players
    /// expect that the times of a track never fall.
    last: [u64; 1 + MAX_SOUND_TRACKS],
}

#[derive(Debug)]
struct Cluster {
    /// Milliseconds since the beginning of the film.
    time: u64,
    /// The offset of its length in the file.
    size_at: u64,
}

impl<W: Write + Seek> MatroskaWriter<W> {
    /// Begins a film with its first picture.
    pub(super) fn new(mut out: W, first: &Picture) -> io::Result<Self> {
        let (size, orientation) = ((first.width, first.height), first.orientation);
        out.write_all(&head(size, orientation, &[], None))?;
        let mut writer = Self {
            out,
            size,
            orientation,
            sounds: Vec::new(),
            origin: first.captured,
            written: HEAD_BYTES as u64,
            cluster: None,
            cues: Cues::default(),
            last: [0; 1 + MAX_SOUND_TRACKS],
        };
        writer.picture(first)?;
        Ok(writer)
    }

    /// Whether a picture has the size and orientation that the head states.
    pub(super) fn fits(&self, picture: &Picture) -> bool {
        self.size == (picture.width, picture.height) && self.orientation == picture.orientation
    }

    /// Adds a picture.
    pub(super) fn picture(&mut self, picture: &Picture) -> io::Result<()> {
        let time = milliseconds(picture.captured.saturating_duration_since(self.origin));
        self.frame(PICTURES, time, &picture.jpeg)
    }

    /// Adds a frame of sound. Sound from before the first picture is left out.
    pub(super) fn sound(&mut self, sound: &Sound<'_>) -> io::Result<()> {
        let Some(time) = sound.captured.checked_duration_since(self.origin) else {
            return Ok(());
        };
        let key = (sound.speaker, sound.codec);
        let index = match self.sounds.iter().position(|known| *known == key) {
            Some(index) => index,
            None if self.sounds.len() == MAX_SOUND_TRACKS => return Ok(()),
            None => {
                self.sounds.push(key);
                self.write_head(None)?;
                self.sounds.len() - 1
            }
        };
        self.frame(PICTURES + 1 + index as u8, milliseconds(time), sound.bytes)
    }

    /// Writes the cues, the lengths and the duration, and gives the file back.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.end_cluster()?;
        let cues_at = self.written;
        let cues = self.cues.element();
        self.out.write_all(&cues)?;
        self.written += cues.len() as u64;
        let duration = self.last.iter().copied().max().unwrap_or_default();
        self.write_head(Some(Ending {
            duration,
            cues_at,
            file: self.written,
        }))?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn frame(&mut self, track: u8, time: u64, bytes: &[u8]) -> io::Result<()> {
        let last = &mut self.last[usize::from(track - PICTURES)];
        let time = time.max(*last);
        *last = time;
        let base = match &self.cluster {
            Some(cluster) if cluster.takes(time) => cluster.time,
            _ => {
                self.end_cluster()?;
                self.begin_cluster(time)?;
                time
            }
        };
        // Within MAX_OFFSET_MS of the cluster, so it fits.
        let within = (time as i64 - base as i64) as i16;
        let mut head = Vec::with_capacity(16);
        put_id(&mut head, ID_BLOCK);
        head.extend_from_slice(&long_size(bytes.len() as u64 + 4));
        head.push(0x80 | track);
        head.extend_from_slice(&within.to_be_bytes());
        head.push(0x80); // Each frame is a key frame.
        self.out.write_all(&head)?;
        self.out.write_all(bytes)?;
        self.written += (head.len() + bytes.len()) as u64;
        Ok(())
    }

    fn begin_cluster(&mut self, time: u64) -> io::Result<()> {
        let mut head = Vec::with_capacity(32);
        put_id(&mut head, ID_CLUSTER);
        let size_at = self.written + head.len() as u64;
        head.extend_from_slice(&UNKNOWN_SIZE);
        number(&mut head, ID_TIMESTAMP, time);
        self.out.write_all(&head)?;
        self.cues.add(time, self.written - SEGMENT_BODY);
        self.written += head.len() as u64;
        self.cluster = Some(Cluster { time, size_at });
        Ok(())
    }

    /// Writes the length of the current cluster, which is known now.
    fn end_cluster(&mut self) -> io::Result<()> {
        let Some(cluster) = self.cluster.take() else {
            return Ok(());
        };
        let size = self.written - cluster.size_at - UNKNOWN_SIZE.len() as u64;
        self.out.seek(SeekFrom::Start(cluster.size_at))?;
        self.out.write_all(&long_size(size))?;
        self.out.seek(SeekFrom::Start(self.written))?;
        Ok(())
    }

    fn write_head(&mut self, ending: Option<Ending>) -> io::Result<()> {
        let head = head(self.size, self.orientation, &self.sounds, ending);
        self.out.seek(SeekFrom::Start(0))?;
        self.out.write_all(&head)?;
        self.out.seek(SeekFrom::Start(self.written))?;
        Ok(())
    }
}

impl Cluster {
    fn takes(&self, time: u64) -> bool {
        time < self.time + milliseconds(CLUSTER) && self.time.saturating_sub(time) < MAX_OFFSET_MS
    }
}

/// Where clusters begin, for players that seek.
#[derive(Debug)]
struct Cues {
    /// Time, and position within the segment.
    entries: Vec<(u64, u64)>,
    /// Every how many clusters one gets a cue.
    every: u64,
    clusters: u64,
}

impl Default for Cues {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            every: 1,
            clusters: 0,
        }
    }
}

impl Cues {
    fn add(&mut self, time: u64, position: u64) {
        if self.clusters.is_multiple_of(self.every) {
            self.entries.push((time, position));
        }
        self.clusters += 1;
        if self.entries.len() == MAX_CUES {
            let mut index = 0;
            self.entries.retain(|_| {
                index += 1;
                index % 2 == 1
            });
            self.every *= 2;
        }
    }

    fn element(&self) -> Vec<u8> {
        let mut out = Vec::new();
        nested(&mut out, ID_CUES, |cues| {
            for (time, position) in &self.entries {
                nested(cues, 0xbb, |point| {
                    number(point, 0xb3, *time);
                    nested(point, 0xb7, |track| {
                        number(track, 0xf7, PICTURES.into());
                        number(track, 0xf1, *position);
                    });
                });
            }
        });
        out
    }
}

/// What is known only when the film is complete.
#[derive(Clone, Copy, Debug)]
struct Ending {
    /// Duration in milliseconds.
    duration: u64,
    /// The offset of the cues in the file.
    cues_at: u64,
    /// Length of the file in bytes.
    file: u64,
}

/// The offset of the body of the segment in the file; Matroska counts positions from there.
const SEGMENT_BODY: u64 = 60 + 4 + 8;

/// The first [`HEAD_BYTES`] bytes.
fn head(
    size: (u16, u16),
    orientation: u8,
    sounds: &[(Speaker, SoundCodec)],
    ending: Option<Ending>,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEAD_BYTES);
    nested(&mut out, 0x1a45_dfa3, |ebml| {
        number(ebml, 0x4286, 1); // version
        number(ebml, 0x42f7, 1); // version that a reader must know
        element(ebml, 0x4282, b"matroska");
        number(ebml, 0x4287, 4);
        number(ebml, 0x4285, 2);
    });
    put_id(&mut out, ID_SEGMENT);
    out.extend_from_slice(&ending.map_or(UNKNOWN_SIZE, |end| long_size(end.file - SEGMENT_BODY)));
    debug_assert_eq!(out.len() as u64, SEGMENT_BODY);

    let before = out.len();
    nested(&mut out, ID_SEEK_HEAD, |seek_head| {
        let cues_at = ending.map_or(0, |end| end.cues_at - SEGMENT_BODY);
        nested(seek_head, 0x4dbb, |seek| {
            element(seek, 0x53ab, &ID_CUES.to_be_bytes());
            number(seek, 0x53ac, cues_at);
        });
    });
    if ending.is_none() {
        let length = out.len() - before;
        out.truncate(before);
        void(&mut out, length);
    }

    nested(&mut out, ID_INFO, |info| {
        number(info, 0x002a_d7b1, 1_000_000); // nanoseconds of a time: 1 ms
        let program = concat!("transom ", env!("CARGO_PKG_VERSION"));
        element(info, 0x4d80, program.as_bytes());
        element(info, 0x5741, program.as_bytes());
        match ending {
            Some(end) => float(info, 0x4489, end.duration as f64),
            None => void(info, 11),
        }
    });
    nested(&mut out, ID_TRACKS, |tracks| {
        picture_track(tracks, size, orientation);
        for (index, (speaker, codec)) in sounds.iter().enumerate() {
            sound_track(tracks, PICTURES + 1 + index as u8, *speaker, *codec);
        }
    });
    let room = HEAD_BYTES - out.len();
    void(&mut out, room);
    out
}

fn picture_track(tracks: &mut Vec<u8>, (width, height): (u16, u16), orientation: u8) {
    nested(tracks, 0xae, |track| {
        number(track, 0xd7, PICTURES.into());
        number(track, 0x73c5, PICTURES.into());
        number(track, 0x83, 1); // video
        number(track, 0x9c, 0); // no lacing
        element(track, 0x0022_b59c, b"und");
        element(track, 0x86, b"V_MJPEG");
        nested(track, 0xe0, |video| {
            number(video, 0xb0, width.into());
            number(video, 0xba, height.into());
            // Degrees counter-clockwise. Matroska has no field for mirrored pictures: of those the
            // rotation is stated that comes before.
            let roll = match orientation {
                3 | 4 => 180.0,
                5 | 6 => -90.0,
                7 | 8 => 90.0,
                _ => return,
            };
            nested(video, 0x7670, |projection| {
                number(projection, 0x7671, 0); // a flat picture
                float(projection, 0x7675, roll);
            });
        });
    });
}

fn sound_track(tracks: &mut Vec<u8>, track_number: u8, speaker: Speaker, codec: SoundCodec) {
    nested(tracks, 0xae, |track| {
        number(track, 0xd7, track_number.into());
        number(track, 0x73c5, track_number.into());
        number(track, 0x83, 2); // audio
        number(track, 0x9c, 0);
        element(track, 0x0022_b59c, b"und");
        element(track, 0x536e, speaker.track_name().as_bytes());
        let bits: &[u64] = match codec {
            SoundCodec::Pcm => {
                element(track, 0x86, b"A_PCM/INT/LIT");
                &[16]
            }
            SoundCodec::Opus { pre_skip } => {
                element(track, 0x86, b"A_OPUS");
                element(track, 0x63a2, &opus_head(pre_skip));
                // Nanoseconds of what the codec adds, and of what a player decodes before a seek.
                number(track, 0x56aa, u64::from(pre_skip) * 1_000_000 / 48);
                number(track, 0x56bb, 80_000_000);
                &[]
            }
        };
        nested(track, 0xe1, |audio| {
            float(audio, 0xb5, 48_000.0);
            number(audio, 0x9f, 1);
            for bits in bits {
                number(audio, 0x6264, *bits);
            }
        });
    });
}

/// RFC 7845, section 5.1: one channel, 48 kHz, no gain.
fn opus_head(pre_skip: u16) -> [u8; 19] {
    let mut head = *b"OpusHead\x01\x01\0\0\x80\xbb\0\0\0\0\0";
    head[10..12].copy_from_slice(&pre_skip.to_le_bytes());
    head
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_has_one_length_whatever_it_says() {
        let all = [
            (Speaker::Far, SoundCodec::Pcm),
            (Speaker::Near, SoundCodec::Pcm),
            (Speaker::Far, SoundCodec::Opus { pre_skip: 120 }),
            (Speaker::Near, SoundCodec::Opus { pre_skip: 120 }),
        ];
        assert_eq!(all.len(), MAX_SOUND_TRACKS);
        let ending = Ending {
            duration: u64::MAX,
            cues_at: 1 << 40,
            file: 1 << 41,
        };
        for sounds in [&all[..0], &all[..]] {
            for ending in [None, Some(ending)] {
                assert_eq!(head((1, u16::MAX), 6, sounds, ending).len(), HEAD_BYTES);
            }
        }
    }

    #[test]
    fn cues_of_a_film_of_any_length_take_bounded_memory_and_stay_spread() {
        let mut cues = Cues::default();
        for second in 0..1_000_000 {
            cues.add(second, second);
            assert!(cues.entries.len() < MAX_CUES);
        }
        let steps: Vec<_> = cues.entries.windows(2).map(|w| w[1].0 - w[0].0).collect();
        assert_eq!(steps.iter().min(), steps.iter().max());
        assert!(cues.entries.len() >= MAX_CUES / 2 - 1);
    }
}

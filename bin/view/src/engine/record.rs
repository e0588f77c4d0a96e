//! Pictures and films kept as files, written beside the window and the station. A slow disk loses
//! pictures, which are counted; a full one ends the film with a sentence.

use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use transom::{PeerName, RecordedSound};
use transom_media::{self as media, Picture};

use crate::model::Kept;

use super::letter::Letter;
use super::mailbox::Mailbox;

/// Maximum bytes of frames that wait for the disk: some seconds of four good cameras.
const MAX_WAITING_BYTES: usize = 64 << 20;
/// Maximum count of frames that wait for the disk, against a flood of tiny frames: four seconds of
/// pictures and of both sides' sound.
const MAX_WAITING: usize = 1000;
/// Files of one contact within one second.
const MAX_SAME_NAME: u32 = 1000;

/// What waits to be written.
pub(super) struct Album {
    folder: PathBuf,
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    waiting: usize,
    bytes: usize,
    /// Whose film runs, and the pictures it lost.
    films: BTreeMap<PeerName, u64>,
    closed: bool,
}

enum Job {
    Snapshot(PeerName, Arc<Vec<u8>>),
    Picture(PeerName, Picture),
    Sound(PeerName, RecordedSound),
    Start(PeerName),
    Stop(PeerName, u64),
}

impl Job {
    /// The size of a frame of a film; `None` for what is no frame.
    fn frame_bytes(&self) -> Option<usize> {
        match self {
            Self::Picture(_, picture) => Some(picture.jpeg.len()),
            Self::Sound(_, sound) => Some(sound.bytes.len()),
            Self::Snapshot(..) | Self::Start(_) | Self::Stop(..) => None,
        }
    }
}

impl Queue {
    /// Whether the queue has no room for a frame of that size.
    fn is_full(&self, bytes: usize) -> bool {
        self.bytes + bytes > MAX_WAITING_BYTES || self.waiting >= MAX_WAITING
    }

    /// Adds a frame of a film.
    fn wait(&mut self, frame: Job) {
        self.bytes += frame.frame_bytes().unwrap_or_default();
        self.waiting += 1;
        self.jobs.push_back(frame);
    }
}

impl Album {
    /// An album that writes into that folder, which is created on first use.
    pub(super) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            queue: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Saves one picture.
    pub(super) fn snapshot(&self, peer: PeerName, jpeg: Arc<Vec<u8>>) {
        self.push(Job::Snapshot(peer, jpeg));
    }

    /// Starts or stops a film of that peer's pictures.
    pub(super) fn film(&self, peer: PeerName, on: bool) {
        let mut queue = self.lock();
        if on && !queue.films.contains_key(&peer) {
            queue.films.insert(peer, 0);
            queue.jobs.push_back(Job::Start(peer));
        } else if !on && let Some(dropped) = queue.films.remove(&peer) {
            queue.jobs.push_back(Job::Stop(peer, dropped));
        }
        drop(queue);
        self.changed.notify_one();
    }

    /// Adds a picture to the peer's film, if one runs; never waits.
    pub(super) fn picture(&self, peer: PeerName, picture: &Picture) {
        let mut queue = self.lock();
        let is_full = queue.is_full(picture.jpeg.len());
        let Some(dropped) = queue.films.get_mut(&peer) else {
            return;
        };
        if is_full {
            *dropped += 1;
            return;
        }
        queue.wait(Job::Picture(peer, picture.clone()));
        drop(queue);
        self.changed.notify_one();
    }

    /// Adds a frame of sound to the peer's film; never waits. A frame that finds no room is a gap
    /// in the film's sound.
    pub(super) fn sound(&self, peer: PeerName, sound: RecordedSound) {
        let mut queue = self.lock();
        if !queue.films.contains_key(&peer) || queue.is_full(sound.bytes.len()) {
            return;
        }
        queue.wait(Job::Sound(peer, sound));
        drop(queue);
        self.changed.notify_one();
    }

    /// Writes all waiting frames, and ends.
    pub(super) fn close(&self) {
        let mut queue = self.lock();
        queue.closed = true;
        for (peer, dropped) in std::mem::take(&mut queue.films) {
            queue.jobs.push_back(Job::Stop(peer, dropped));
        }
        drop(queue);
        self.changed.notify_one();
    }

    fn push(&self, job: Job) {
        self.lock().jobs.push_back(job);
        self.changed.notify_one();
    }

    fn next(&self) -> Option<Job> {
        let queue = self.lock();
        let mut queue = self
            .changed
            .wait_while(queue, |queue| queue.jobs.is_empty() && !queue.closed)
            .unwrap_or_else(PoisonError::into_inner);
        let job = queue.jobs.pop_front()?;
        if let Some(bytes) = job.frame_bytes() {
            queue.waiting -= 1;
            queue.bytes -= bytes;
        }
        Some(job)
    }

    /// Takes no more pictures of a film that failed; the pictures it lost before.
    fn give_up(&self, peer: PeerName) -> u64 {
        self.lock().films.remove(&peer).unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes until the album is closed.
pub(super) fn run(album: &Album, mailbox: &Mailbox) {
    let mut films = BTreeMap::<PeerName, Film>::new();
    while let Some(job) = album.next() {
        match job {
            Job::Snapshot(peer, jpeg) => {
                let written = snapshot(&album.folder, peer, &jpeg);
                let written = written.map_err(|error| sentence("The picture", &error));
                mailbox.put(Letter::Kept(Kept::Snapshot(written)));
            }
            Job::Start(peer) => drop(films.insert(peer, Film::default())),
            Job::Picture(peer, picture) => {
                let added = films
                    .get_mut(&peer)
                    .map(|film| film.add(&album.folder, peer, &picture));
                give_up_if_failed(added, peer, &mut films, album, mailbox);
            }
            Job::Sound(peer, sound) => {
                let added = films
                    .get_mut(&peer)
                    .map(|film| film.film.sound(&sound.for_film()));
                give_up_if_failed(added, peer, &mut films, album, mailbox);
            }
            Job::Stop(peer, dropped) => {
                if let Some(film) = films.remove(&peer) {
                    film.end(peer, dropped, None, mailbox);
                }
            }
        }
    }
}

/// Ends a film to which a frame could not be added.
fn give_up_if_failed(
    added: Option<io::Result<()>>,
    peer: PeerName,
    films: &mut BTreeMap<PeerName, Film>,
    album: &Album,
    mailbox: &Mailbox,
) {
    if let Some(Err(error)) = added
        && let Some(film) = films.remove(&peer)
    {
        let trouble = Some(sentence("The film", &error));
        film.end(peer, album.give_up(peer), trouble, mailbox);
    }
}

/// A film being written, and where its last file is.
#[derive(Default)]
struct Film {
    film: media::Film<BufWriter<File>>,
    path: Option<PathBuf>,
}

impl Film {
    fn add(&mut self, folder: &Path, peer: PeerName, picture: &Picture) -> io::Result<()> {
        let Self { film, path } = self;
        film.picture(picture, |_| {
            let (file, created) = create(folder, peer, "mkv")?;
            *path = Some(created);
            Ok(BufWriter::new(file))
        })
    }

    fn end(mut self, peer: PeerName, dropped: u64, trouble: Option<String>, mailbox: &Mailbox) {
        // The part that was written plays without its end.
        let finished = self.film.finish();
        let trouble = trouble.or(finished
            .err()
            .map(|error| sentence("The end of the film", &error)));
        mailbox.put(Letter::Kept(Kept::Film {
            peer,
            path: self.path,
            pictures: self.film.pictures(),
            dropped,
            trouble,
        }));
    }
}

fn snapshot(folder: &Path, peer: PeerName, jpeg: &[u8]) -> io::Result<PathBuf> {
    let (mut file, path) = create(folder, peer, "jpg")?;
    if let Err(error) = file.write_all(jpeg) {
        // A partial picture is of no use.
        let _ = fs::remove_file(&path);
        return Err(error);
    }
    Ok(path)
}

/// A new file, as `door-2026-11-25-210405.jpg`; the time is local. It never takes the place of
/// another.
fn create(folder: &Path, peer: PeerName, ending: &str) -> io::Result<(File, PathBuf)> {
    fs::create_dir_all(folder)?;
    let stem = format!(
        "{}-{}",
        file_stem(peer),
        stamp(SystemTime::now(), TimeZone::system())
    );
    for number in 1..=MAX_SAME_NAME {
        let name = match number {
            1 => format!("{stem}.{ending}"),
            more => format!("{stem}-{more}.{ending}"),
        };
        let path = folder.join(name);
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((file, path)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("too many files of this second"))
}

/// The contact's name as part of a file's, on every system.
fn file_stem(peer: PeerName) -> String {
    let plain = |c: char| {
        if c.is_alphanumeric() || c == '-' {
            c
        } else {
            '_'
        }
    };
    peer.as_str().chars().map(plain).take(60).collect()
}

/// Local time as `2026-11-25-210405`.
fn stamp(now: SystemTime, zone: TimeZone) -> String {
    // A clock outside the range of the calendar counts as the earliest time.
    let now = Timestamp::try_from(now).unwrap_or(Timestamp::MIN);
    let local = now.to_zoned(zone);
    local.strftime("%Y-%m-%d-%H%M%S").to_string()
}

fn sentence(what: &str, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull => {
            format!("{what} could not be written: the disk is full; make room and try again")
        }
        _ => format!("{what} could not be written: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use transom_media::fuzzing::sample;
    use transom_media::{SoundCodec, Speaker};

    use super::*;

    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let name = format!("transom-view-{name}-{}", std::process::id());
            Self(std::env::temp_dir().join(name))
        }

        fn files(&self) -> Vec<PathBuf> {
            let entries = fs::read_dir(&self.0).unwrap();
            let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
            files.sort();
            files
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn peer() -> PeerName {
        "front/../door".parse().unwrap()
    }

    fn picture(width: u16, height: u16) -> Picture {
        let now = Instant::now();
        Picture {
            jpeg: sample(width, height).into(),
            width,
            height,
            orientation: 1,
            sequence: 0,
            captured: now,
            acquired: now,
            ready: now,
        }
    }

    fn mailbox() -> Mailbox {
        Mailbox::new(Arc::new(|| ()))
    }

    fn kept(mailbox: &Mailbox) -> Vec<Kept> {
        let letters = mailbox.take().into_iter();
        letters
            .map(|letter| match letter {
                Letter::Kept(kept) => kept,
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn a_snapshot_is_the_bytes_as_they_came_and_takes_no_others_place() {
        let (scratch, mailbox) = (Scratch::new("snapshot"), mailbox());
        let album = Album::new(scratch.0.clone());
        let bytes = [&sample(64, 48)[..], b"even what follows"].concat();
        for _ in 0..3 {
            album.snapshot(peer(), bytes.clone().into());
        }
        album.close();
        run(&album, &mailbox);
        let files = scratch.files();
        assert_eq!(files.len(), 3);
        for file in &files {
            assert_eq!(fs::read(file).unwrap(), bytes);
            let name = file.file_name().unwrap().to_str().unwrap();
            assert!(name.starts_with("front____door-20"), "{name}");
        }
        assert!(
            kept(&mailbox)
                .iter()
                .all(|one| matches!(one, Kept::Snapshot(Ok(_))))
        );
    }

    #[test]
    fn a_film_has_its_pictures_and_another_file_for_another_size() {
        let (scratch, mailbox) = (Scratch::new("film"), mailbox());
        let album = Album::new(scratch.0.clone());
        album.picture(peer(), &picture(64, 48));
        album.film(peer(), true);
        album.film(peer(), true);
        for _ in 0..3 {
            album.picture(peer(), &picture(64, 48));
        }
        album.picture(peer(), &picture(48, 64));
        album.film(peer(), false);
        album.picture(peer(), &picture(64, 48));
        album.close();
        run(&album, &mailbox);
        let files = scratch.files();
        assert_eq!(files.len(), 2, "{files:?}");
        for file in files {
            let film = media::fuzzing::read_film(&fs::read(file).unwrap());
            assert!(film.duration.is_some());
        }
        let kept = kept(&mailbox);
        assert!(
            matches!(
                &kept[..],
                [Kept::Film {
                    pictures: 4,
                    dropped: 0,
                    trouble: None,
                    path: Some(_),
                    ..
                }]
            ),
            "{kept:?}"
        );
    }

    #[test]
    fn a_film_has_the_sound_of_both_sides() {
        let (scratch, mailbox) = (Scratch::new("sound"), mailbox());
        let album = Album::new(scratch.0.clone());
        let sound = |speaker| RecordedSound {
            speaker,
            codec: SoundCodec::Opus { pre_skip: 120 },
            captured: Instant::now(),
            bytes: vec![1, 2, 3].into(),
        };
        album.sound(peer(), sound(Speaker::Far));
        album.film(peer(), true);
        album.picture(peer(), &picture(16, 16));
        album.sound(peer(), sound(Speaker::Far));
        album.sound(peer(), sound(Speaker::Near));
        album.close();
        run(&album, &mailbox);
        let film = media::fuzzing::read_film(&fs::read(&scratch.files()[0]).unwrap());
        assert_eq!(film.codecs, ["V_MJPEG", "A_OPUS", "A_OPUS"]);
        let tracks: Vec<_> = film.blocks.iter().map(|block| block.track).collect();
        assert_eq!(tracks, [1, 2, 3]);
    }

    #[test]
    fn pictures_that_always_change_their_size_end_a_film_and_fill_no_folder() {
        let scratch = Scratch::new("sizes");
        let mut film = Film::default();
        let (odd, even) = (picture(16, 16), picture(32, 16));
        let mut pictures = [&odd, &even].into_iter().cycle().take(2000);
        let error = pictures.find_map(|picture| film.add(&scratch.0, peer(), picture).err());
        assert!(error.unwrap().to_string().contains("1000 files"));
        assert_eq!(scratch.files().len(), media::MAX_FILM_FILES as usize);
    }

    #[test]
    fn a_disk_that_does_not_keep_up_loses_pictures_and_they_are_counted() {
        let (scratch, mailbox) = (Scratch::new("slow"), mailbox());
        let album = Album::new(scratch.0.clone());
        album.film(peer(), true);
        let one = picture(16, 16);
        for _ in 0..MAX_WAITING + 7 {
            album.picture(peer(), &one);
        }
        album.close();
        run(&album, &mailbox);
        let kept = kept(&mailbox);
        let wanted = MAX_WAITING as u64;
        assert!(
            matches!(&kept[..], [Kept::Film { pictures, dropped: 7, .. }] if *pictures == wanted),
            "{kept:?}"
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_folder_that_can_not_be_made_ends_the_film_with_one_sentence() {
        let mailbox = mailbox();
        let album = Album::new("/dev/null/pictures".into());
        album.film(peer(), true);
        for _ in 0..5 {
            album.picture(peer(), &picture(16, 16));
        }
        album.snapshot(peer(), sample(16, 16).into());
        album.close();
        run(&album, &mailbox);
        let kept = kept(&mailbox);
        assert_eq!(kept.len(), 2, "{kept:?}");
        assert!(
            matches!(&kept[0], Kept::Film { pictures: 0, trouble: Some(why), .. } if why.starts_with("The film could not be written")),
            "{kept:?}"
        );
        assert!(matches!(&kept[1], Kept::Snapshot(Err(_))));
    }

    #[test]
    fn a_full_disk_is_told_with_what_to_do() {
        let told = sentence("The film", &io::ErrorKind::StorageFull.into());
        assert_eq!(
            told,
            "The film could not be written: the disk is full; make room and try again"
        );
    }

    #[test]
    fn files_have_the_local_time_in_their_names() {
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_764_104_645);
        assert_eq!(stamp(at, TimeZone::UTC), "2025-11-25-210405");
        let east = TimeZone::fixed(jiff::tz::offset(3));
        assert_eq!(stamp(at, east), "2025-11-26-000405");
    }
}

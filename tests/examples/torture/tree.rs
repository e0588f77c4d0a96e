//! What is sent: a file or a folder that a seed repeats; and how it is compared with what came.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::random::Random;

/// Makes a file or folder in `above`, and returns its path and its bytes.
pub(crate) fn make(above: &Path, random: &mut Random) -> io::Result<(PathBuf, u64)> {
    fs::create_dir_all(above)?;
    let path = above.join(random.one_of(&NAMES));
    if random.once_in(2) {
        let size = file(&path, &BIG, random)?;
        return Ok((path, size));
    }
    fs::create_dir(&path)?;
    let mut folders = vec![path.clone()];
    for number in 0..random.below(12) {
        let folder = random.below(folders.len() as u64) as usize;
        let folder = folders[folder].join(name(random, number));
        fs::create_dir(&folder)?;
        folders.push(folder);
    }
    let mut bytes = 0;
    for number in 100..100 + random.below(60) {
        let folder = random.below(folders.len() as u64) as usize;
        bytes += file(&folders[folder].join(name(random, number)), &SMALL, random)?;
    }
    // From below upwards, since a name that is made changes the time of its folder. The look of the
    // folder that is named is not sent.
    for folder in folders.iter().skip(1).rev() {
        look(folder, random.one_of(&[0o700, 0o750, 0o755]), random)?;
    }
    Ok((path, bytes))
}

/// Changes a file in place, or a folder by a file that is changed, new, gone or renamed. Returns
/// its bytes.
pub(crate) fn change(path: &Path, random: &mut Random) -> io::Result<u64> {
    if path.is_file() {
        edit(path, random)?;
        return Ok(fs::metadata(path)?.len());
    }
    for _ in 0..1 + random.below(3) {
        let (files, number) = (files(path)?, 1000 + random.below(1_000_000));
        let changed = match files.len() {
            0 => None,
            count => Some(&files[random.below(count as u64) as usize]),
        };
        match (random.below(4), changed) {
            (0, Some(file)) => edit(file, random)?,
            (1, Some(file)) => fs::remove_file(file)?,
            (2, Some(file)) => fs::rename(file, path.join(name(random, number)))?,
            _ => {
                self::file(&path.join(name(random, number)), &SMALL, random)?;
            }
        }
    }
    let sizes = files(path)?.into_iter();
    sizes.map(|file| Ok(fs::metadata(file)?.len())).sum()
}

/// All files in a folder and below.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let found = looks(folder)?.into_iter();
    let files = found.filter(|(_, (is_folder, ..))| !is_folder);
    Ok(files.map(|(below, _)| folder.join(below)).collect())
}

/// Changes some bytes of a file, lengthens or shortens it, with or without another time.
fn edit(path: &Path, random: &mut Random) -> io::Result<()> {
    let file = File::options().write(true).open(path)?;
    let (size, time) = (file.metadata()?.len(), file.metadata()?.modified()?);
    match random.below(3) {
        0 => file.set_len(random.below(size + 1))?,
        1 => file.write_all_at(&random.bytes(1000), size)?,
        _ => file.write_all_at(b"changed", random.below(size + 1))?,
    }
    match random.once_in(2) {
        true => file.set_modified(time),
        false => Ok(()),
    }
}

/// Names of whole transfers: a receiver has to number some of them before their ending.
const NAMES: [&str; 5] = ["film", "film.tar.gz", "a b", "ärger €.txt", ".hidden"];

/// Sizes up to some leaves, and up to a few dozens of them.
const SMALL: [u64; 8] = [0, 0, 1, 100, 5_000, 70_000, LEAF, 600_000];
const BIG: [u64; 8] = [
    0,
    1,
    50_000,
    LEAF,
    LEAF + 1,
    2_000_000,
    5_000_000,
    9_000_000,
];
const LEAF: u64 = 256 << 10;

/// A name that is free: no other has this number.
fn name(random: &mut Random, number: u64) -> OsString {
    let mut name = number.to_string();
    match random.below(10) {
        // As long as a name may be.
        0 => name.push_str(&"n".repeat(255 - name.len())),
        1 => name.push_str(" ü ☃"),
        2 => name.insert(0, '.'),
        3 => name.push_str(".part"),
        4 => name.push_str("\\b"),
        5 => return OsString::from_vec([name.as_bytes(), b"\xff\xc3"].concat()),
        _ => {}
    }
    name.into()
}

/// Makes a file of about such a size, and returns its size.
fn file(path: &Path, sizes: &[u64], random: &mut Random) -> io::Result<u64> {
    let around = random.one_of(sizes);
    let size = match random.once_in(2) {
        true => around,
        false => random.below(around + 1),
    };
    let file = File::create_new(path)?;
    if random.once_in(6) {
        // Sparse: some bytes between holes.
        file.set_len(size)?;
        let spot = random.bytes(size.min(3000) as usize);
        let at = random.below(size - spot.len() as u64 + 1);
        file.write_all_at(&spot, at)?;
    } else {
        file.write_all_at(&random.bytes(size as usize), 0)?;
    }
    drop(file);
    look(
        path,
        random.one_of(&[0o600, 0o640, 0o644, 0o744, 0o755]),
        random,
    )?;
    Ok(size)
}

/// Sets mode and time; a receiver takes over all of these modes.
fn look(path: &Path, mode: u32, random: &mut Random) -> io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(mode))?;
    let (now, day) = (SystemTime::now(), Duration::from_secs(24 * 3600));
    let time = match random.below(4) {
        0 => SystemTime::UNIX_EPOCH + Duration::from_secs(random.below(2_000_000_000)),
        1 => SystemTime::UNIX_EPOCH - day,
        2 => now + 40_000 * day,
        _ => now - Duration::from_nanos(random.below(1 << 50)),
    };
    File::open(path)?.set_modified(time)
}

/// How a file or folder looks: kind, mode, time of the last change in nanoseconds, content.
type Look = (bool, u32, i128, Option<blake3::Hash>);

/// How a path looks, and all below it.
pub(crate) fn looks(top: &Path) -> io::Result<BTreeMap<PathBuf, Look>> {
    let mut looks = BTreeMap::new();
    let mut left = vec![top.to_owned()];
    while let Some(path) = left.pop() {
        let found = fs::symlink_metadata(&path)?;
        let hash = match found.is_dir() {
            true => {
                for entry in fs::read_dir(&path)? {
                    left.push(entry?.path());
                }
                None
            }
            false => Some(blake3::hash(&fs::read(&path)?)),
        };
        let time = i128::from(found.mtime()) * 1_000_000_000 + i128::from(found.mtime_nsec());
        let (mode, time) = match found.is_dir() && path == top {
            true => (0, 0),
            false => (found.mode() & 0o7777, time),
        };
        let below = path.strip_prefix(top).unwrap_or(&path).to_owned();
        looks.insert(below, (found.is_dir(), mode, time, hash));
    }
    Ok(looks)
}

/// What differs between what was sent and what came; `None` for nothing.
pub(crate) fn difference(sent: &Path, came: &Path) -> io::Result<Option<String>> {
    let (sent, mut came) = (looks(sent)?, looks(came)?);
    for (path, look) in sent {
        match came.remove(&path) {
            Some(its) if its == look => {}
            its => {
                return Ok(Some(format!(
                    "{}: sent {look:?}, came {its:?}",
                    path.display()
                )));
            }
        }
    }
    let other = came.pop_first();
    Ok(other.map(|(path, look)| format!("{}: never sent: {look:?}", path.display())))
}

//! Small text files that are replaced whole: a reader sees the old or the new text, also after a
//! power cut.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use atomic_write_file::AtomicWriteFile;

use crate::{paths, words};

/// The file's text, at most so many bytes; `None` if there is no file.
pub(super) fn read_text(path: &Path, max_bytes: usize) -> Result<Option<String>, String> {
    let file = match paths::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(|error| failed("can't be read", path, &error))?,
    };
    let mut bytes = Vec::new();
    let limit = max_bytes as u64 + 1;
    file.take(limit)
        .read_to_end(&mut bytes)
        .map_err(|error| failed("can't be read", path, &error))?;
    if bytes.len() > max_bytes {
        return Err(words::too_long(&shown(path), max_bytes));
    }
    text_of(path, bytes).map(Some)
}

fn text_of(path: &Path, bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|error| {
        let before = error.as_bytes().get(..error.utf8_error().valid_up_to());
        let lines = before.unwrap_or(&[]).iter().filter(|byte| **byte == b'\n');
        let line = lines.count() + 1;
        words::no_text(&shown(path), line)
    })
}

/// The whole lines of the file's last bytes, at most so many, and whether there are older ones;
/// nothing if there is no file.
pub(super) fn read_newest(path: &Path, max_bytes: usize) -> Result<(String, bool), String> {
    let wrong = |error: io::Error| failed("can't be read", path, &error);
    let mut file = match paths::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Default::default()),
        opened => opened.map_err(wrong)?,
    };
    let max = max_bytes as u64;
    let older = file.metadata().map_err(wrong)?.len().saturating_sub(max);
    file.seek(SeekFrom::Start(older)).map_err(wrong)?;
    let mut bytes = Vec::new();
    file.take(max).read_to_end(&mut bytes).map_err(wrong)?;
    let start = match older {
        0 => 0,
        _ => bytes
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(bytes.len(), |end| end + 1),
    };
    let lines = bytes.split_off(start);
    text_of(path, lines).map(|text| (text, older > 0))
}

/// Puts that text in place of the file's, through a file beside it. A link is followed, the mode
/// kept; a new file is its owner's alone. A folder, a device or a pipe is not replaced. With
/// `seen`, only if the file still has that text.
pub(super) fn replace(path: &Path, text: &str, seen: Option<&str>) -> Result<(), String> {
    let wrong = |error: io::Error| failed("can't be written", path, &error);
    let target = followed(path).map_err(wrong)?;
    check_ordinary(&target).map_err(wrong)?;
    if let Some(folder) = target.parent() {
        fs::create_dir_all(folder).map_err(wrong)?;
    }
    let mut beside = options().open(&target).map_err(wrong)?;
    beside.write_all(text.as_bytes()).map_err(wrong)?;
    if let Some(seen) = seen
        && read_text(&target, transom_users::MAX_BYTES)?.unwrap_or_default() != seen
    {
        return Err(words::changed_by_another(&shown(path)));
    }
    // A file that is dropped before this leaves nothing behind.
    beside.commit().map_err(wrong)?;
    // What is renamed but not in its folder yet is not lost, only late: no reason to fail.
    drop(
        target
            .parent()
            .map(|folder| File::open(folder).and_then(|folder| folder.sync_all())),
    );
    Ok(())
}

/// Whether something can and may be put into that folder; it is made if it is missing.
pub(super) fn try_folder(folder: &Path) -> Result<(), String> {
    if transom_place::holds_home(folder) {
        return Err(words::home_as_inbox(&shown(folder)));
    }
    let probe = folder.join(format!(".transom-probe-{}", std::process::id()));
    let tried = fs::create_dir_all(folder)
        .and_then(|()| OpenOptions::new().write(true).create_new(true).open(&probe))
        .and_then(|_| fs::remove_file(&probe));
    tried.map_err(|error| words::unwritable_folder(&shown(folder), error))
}

/// Adds a line to a file that only its owner reads. Half a line at its end, of a full disk or a
/// power cut, is ended first: joined with the next it would say what nobody said.
pub(super) fn append(path: &Path, line: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = private(options.read(true).append(true).create(true)).open(path)?;
    let mut last = *b"\n";
    if file.seek(SeekFrom::End(0))? > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    let before = if last == *b"\n" { "" } else { "\n" };
    file.write_all(format!("{before}{line}").as_bytes())
}

pub(super) fn failed(what: &str, path: &Path, error: &io::Error) -> String {
    let hint = match error.kind() {
        io::ErrorKind::StorageFull => "; make room on the disk",
        io::ErrorKind::PermissionDenied => "; look at its permissions",
        _ => "",
    };
    format!("{} {what}: {error}{hint}", shown(path))
}

fn shown(path: &Path) -> String {
    words::line(&path.to_string_lossy()).into_owned()
}

/// Where a link leads, however far; a path that is no link is itself.
fn followed(path: &Path) -> io::Result<PathBuf> {
    match fs::symlink_metadata(path) {
        Ok(data) if data.is_symlink() => fs::canonicalize(path),
        _ => Ok(path.to_owned()),
    }
}

/// Fails where there is something that is no ordinary file. As root, a device behind a link would
/// be replaced like any other file; a folder would leave the file beside it behind.
fn check_ordinary(path: &Path) -> io::Result<()> {
    let what = match fs::symlink_metadata(path) {
        Ok(data) if data.is_dir() => "it is a folder",
        Ok(data) if !data.is_file() => "it is no regular file",
        _ => return Ok(()),
    };
    Err(io::Error::new(io::ErrorKind::InvalidInput, what))
}

/// The mode of a file that is there, and the owner's alone for a new one.
#[cfg(unix)]
fn options() -> atomic_write_file::OpenOptions {
    use atomic_write_file::unix::OpenOptionsExt as _;
    use std::os::unix::fs::OpenOptionsExt as _;

    let mut options = AtomicWriteFile::options();
    options.mode(0o600).preserve_mode(true);
    options
}

/// Elsewhere the folder in the user's profile is private already.
#[cfg(not(unix))]
fn options() -> atomic_write_file::OpenOptions {
    AtomicWriteFile::options()
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600)
}

/// Elsewhere the folder in the user's profile is private already.
#[cfg(not(unix))]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

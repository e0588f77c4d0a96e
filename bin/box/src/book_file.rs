//! Writes to the contact book's file: appends a line, or changes one. All other lines stay as the
//! user wrote them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use transom::people::{Contact, paired_line};

use crate::failure::Failure;
use crate::place::{self, Place};

/// Writes a contact that was learned by a pairing. Returns the book's path.
pub(crate) fn keep_paired(contact: &Contact, place: &Place) -> Result<PathBuf, Failure> {
    let path = place.users_to_write()?;
    let what = || format!("can't write {} to {}", contact.name, path.display());
    let text = match path.exists() {
        true => place::read_text(&path)?,
        false => String::new(),
    };
    let changed = paired_line(&text, contact).map_err(|error| Failure::new(what(), error))?;
    let written = match changed.strip_prefix(&text) {
        Some(line) => append(&path, line.trim_start_matches(['\r', '\n']).trim_end()),
        None => replace(&path, &text, &changed),
    };
    written.map_err(|error| {
        Failure::new(what(), error).next(format!("add this line yourself: {contact}"))
    })?;
    Ok(path)
}

/// Appends a line in one write; a last line without newline gets one first.
pub(crate) fn append(path: &Path, line: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let is_new = !path.exists();
    let mut options = OpenOptions::new();
    options.create(true).append(true).read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    if is_new && let Some(folder) = path.parent() {
        give_to_owner_of(folder, &file);
    }
    let mut text = String::new();
    if file.seek(SeekFrom::End(0))? > 0 {
        let mut last = [0];
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
        if last != *b"\n" {
            text.push('\n');
        }
    }
    text.push_str(line);
    text.push('\n');
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Gives the file to the owner of `other`: root may change the book of a service, which has to read
/// it.
#[cfg(unix)]
fn give_to_owner_of(other: &Path, file: &File) {
    use std::os::unix::fs::{MetadataExt as _, fchown};
    if let Ok(owner) = fs::metadata(other) {
        // Only root may, and other users write their own books.
        let _ = fchown(file, Some(owner.uid()), Some(owner.gid()));
    }
}

/// Only Unix has owners that the service differs by.
#[cfg(not(unix))]
fn give_to_owner_of(_: &Path, _: &File) {}

/// Replaces the file atomically, so that a power cut leaves the old or the new text.
pub(crate) fn replace(path: &Path, old: &str, new: &str) -> io::Result<()> {
    // A symbolic link stays, and the file behind it is replaced.
    let path = path.canonicalize()?;
    // As root, a device behind a link would be replaced like any other file.
    if !fs::metadata(&path)?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    if fs::read(&path)? != old.as_bytes() {
        let why = "it was changed meanwhile, or is not UTF-8 text";
        return Err(io::Error::other(why));
    }
    write_beside(&path, new, |file| {
        file.set_permissions(fs::metadata(&path)?.permissions())?;
        give_to_owner_of(&path, file);
        Ok(())
    })
}

/// Writes a file of ours, whatever was in it, as atomically as [`replace`].
#[cfg(feature = "http")]
pub(crate) fn put(path: &Path, text: &str) -> io::Result<()> {
    write_beside(path, text, |file| {
        if let Some(folder) = path.parent() {
            give_to_owner_of(folder, file);
        }
        Ok(())
    })
}

/// Writes a new file beside `path`, for its owner alone unless `prepare` changes that, and moves it
/// to `path` once it is on the disk.
fn write_beside(
    path: &Path,
    text: &str,
    prepare: impl FnOnce(&File) -> io::Result<()>,
) -> io::Result<()> {
    let beside = path.with_extension(format!("new-{}", std::process::id()));
    // In a container the id may be that of a program that was killed here.
    let _ = fs::remove_file(&beside);
    let mut options = OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let write = || {
        let mut file = options.open(&beside)?;
        prepare(&file)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    write().inspect_err(|_| drop(fs::remove_file(&beside)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_device_behind_a_link_is_not_replaced() {
        let link = std::env::temp_dir().join(format!("transom-device-{}", std::process::id()));
        std::os::unix::fs::symlink("/dev/null", &link).unwrap();
        let replaced = replace(&link, "", "anna h\n");
        fs::remove_file(&link).unwrap();
        let why = replaced.unwrap_err().to_string();
        assert_eq!(why, "it is no regular file");
    }

    #[cfg(unix)]
    #[test]
    fn a_new_book_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = std::env::temp_dir().join(format!("transom-new-{}", std::process::id()));
        let path = folder.join("user_list.txt");
        append(&path, "anna h").unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_replaced_book_is_the_new_text_and_leaves_no_other_file() {
        let folder = std::env::temp_dir().join(format!("transom-book-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("user_list.txt");
        fs::write(&path, "anna h\n").unwrap();
        let late = replace(&path, "ben h\n", "carl h\n");
        let replaced = replace(&path, "anna h\n", "anna i\n");
        let (text, files) = (
            fs::read(&path).unwrap(),
            fs::read_dir(&folder).unwrap().count(),
        );
        fs::remove_dir_all(&folder).unwrap();
        assert!(late.is_err() && replaced.is_ok());
        assert_eq!((text.as_slice(), files), (&b"anna i\n"[..], 1));
    }
}

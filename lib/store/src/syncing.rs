//! How what was written gets to the disk, and when it may be called durable.
//!
//! | what | is durable when |
//! |---|---|
//! | a leaf of a file | the file and the folders above were synced after the write, and its record after that |
//! | a published file or folder | it was synced, then renamed, then the folder above was synced |
//! | a file that was there already | we synced it and its folder after comparing the content |
//! | a file of one leaf of an earlier attempt | we synced it, and read it from the disk, before it counts |
//!
//! Every sync goes through descriptors of the reception's own, opened before its first write, since
//! Linux reports a writeback error only once to each. After a sync that failed nothing more of the
//! reception is called durable: what the disk did not take counts as clean in memory, and a second
//! sync would succeed without it. Its entries fail, the sender is told the error, and leaves that
//! came since the last checkpoint get no record.
//!
//! Many files are synced by one `syncfs`, where that reaches them and reports errors: on the file
//! systems in [`LOCAL`] with Linux 5.8 or later. Everywhere else (FUSE, network file systems,
//! overlays, other systems than Linux) each file and each folder is synced by itself.

use transom_wire::Shape;

use crate::dir::Dir;

/// How a reception brings to the disk what it wrote.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Syncing {
    /// One call for any number of files and for their folders.
    FileSystem,
    /// Each file when it is whole, each folder when its names changed.
    EachFile,
}

/// File systems whose pages are written back by the kernel's own code, which notes each error for
/// `syncfs` too; by their numbers in `linux/magic.h`.
const LOCAL: [u32; 7] = [
    0xef53,      // ext2, ext3, ext4
    0x5846_5342, // XFS
    0x9123_683e, // Btrfs
    0xf2f5_2010, // F2FS
    0x4d44,      // FAT
    0x2011_bab0, // exFAT
    0x0102_1994, // tmpfs, which has no disk
];

impl Syncing {
    /// How to sync a transfer that grows in that folder.
    pub(crate) fn of(shape: Shape, folder: &Dir) -> Self {
        match shape {
            // One file is not worth the rest of the disk.
            Shape::File => Self::EachFile,
            _ if LOCAL.contains(&folder.file_system()) && reports_errors() => Self::FileSystem,
            _ => Self::EachFile,
        }
    }
}

/// Whether `syncfs` reports writeback errors: before Linux 5.8 it always succeeds.
#[cfg(target_os = "linux")]
fn reports_errors() -> bool {
    rustix::system::uname()
        .release()
        .to_str()
        .is_ok_and(|release| at_least(release, (5, 8)))
}

#[cfg(not(target_os = "linux"))]
fn reports_errors() -> bool {
    false
}

#[cfg(any(target_os = "linux", test))]
fn at_least(release: &str, wanted: (u32, u32)) -> bool {
    let mut numbers = release
        .split(|c: char| !c.is_ascii_digit())
        .map(str::parse::<u32>);
    let (Some(Ok(major)), Some(Ok(minor))) = (numbers.next(), numbers.next()) else {
        return false;
    };
    (major, minor) >= wanted
}

#[cfg(test)]
mod tests {
    use super::at_least;

    #[test]
    fn a_kernel_is_trusted_by_its_number() {
        for release in ["5.8.0", "5.10.0-28-amd64", "6.1.21-v8+", "10.0"] {
            assert!(at_least(release, (5, 8)), "{release}");
        }
        for release in ["5.7.19", "4.19.0-21", "5", "", "x.y"] {
            assert!(!at_least(release, (5, 8)), "{release}");
        }
    }
}

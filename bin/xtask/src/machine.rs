//! Finds out what this machine has: programs, libraries, a display. It changes nothing.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// The path of a program, in PATH and in the folders of administrators' programs.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .map(|dir| dir.join(name))
        .find(|file| file.is_file())
}

/// Whether a shared library is in one of the usual folders.
pub(crate) fn has_library(is_it: impl Fn(&str) -> bool) -> bool {
    library_folders()
        .iter()
        .any(|folder| names_in(folder).iter().any(|name| is_it(name)))
}

/// Whether a display server is named in the environment.
pub(crate) fn has_display() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// The file names in a folder; empty if it doesn't exist.
pub(crate) fn names_in(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}

/// The library folders of the distribution and, for libclang, of the versions of LLVM.
fn library_folders() -> Vec<PathBuf> {
    let usr = Path::new("/usr/lib");
    let mut folders: Vec<PathBuf> = ["/usr/lib", "/usr/lib64", "/usr/local/lib", "/lib64"]
        .map(PathBuf::from)
        .into();
    for name in names_in(usr) {
        if name.ends_with("-linux-gnu") || name.contains("-linux-gnueabi") {
            folders.push(usr.join(name));
        } else if name.starts_with("llvm") {
            folders.push(usr.join(name).join("lib"));
        }
    }
    folders.extend(env::var_os("LIBCLANG_PATH").map(PathBuf::from));
    folders
}

//! What programs ask of this machine: the user's folders, the machine's name, and how values of the
//! command line are read. It opens no file but that of the machine's name.

use std::env;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use transom::PeerName;
use transom::people::DEFAULT_PORT;

/// Our folder among the user's configuration; `None` without a home.
pub fn config() -> Option<PathBuf> {
    let config = variable("XDG_CONFIG_HOME").or_else(|| Some(variable("HOME")?.join(".config")));
    config.map(|dir| dir.join("transom"))
}

/// The user's contact book; `None` without a home.
pub fn book() -> Option<PathBuf> {
    config().map(|dir| dir.join("user_list.txt"))
}

/// The book of the current folder, for a user who has none. Whoever made the folder wrote it, so it
/// serves to name peers that are dialed and lets nobody in.
pub const SAMPLE_BOOK: &str = "users/user_list.txt";

/// This machine's name without its domain, if it can be a peer's.
pub fn machine_name() -> Option<PeerName> {
    let told = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let told = told
        .or_else(|| env::var("HOSTNAME").ok())
        .or_else(|| env::var("COMPUTERNAME").ok())?;
    told.trim().split('.').next()?.parse().ok()
}

/// An environment variable, unless it is empty.
pub fn variable(name: &str) -> Option<PathBuf> {
    env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

/// Whether that folder is the user's home folder or one above it. Nothing that a peer sends may go
/// there: programs obey files in it, such as `.ssh/authorized_keys`.
pub fn holds_home(folder: &Path) -> bool {
    let home = variable("HOME").and_then(|home| home.canonicalize().ok());
    let folder = folder.canonicalize().ok();
    folder
        .zip(home)
        .is_some_and(|(folder, home)| home.starts_with(folder))
}

/// An address to listen at, with a port or without one for the default port.
///
/// # Errors
///
/// A text that is no IP address; the error says what is wanted.
pub fn listen_address(text: &str) -> Result<SocketAddr, String> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let alone = || Some(SocketAddr::new(bare.parse().ok()?, DEFAULT_PORT));
    text.parse().ok().or_else(alone).ok_or_else(|| {
        "an IP address of this machine, with or without :PORT; 0.0.0.0 means all".to_owned()
    })
}

/// What is wrong with a command line, in one line: clap's own words, its tips, and which help to
/// read. `program` is named where clap names no command.
pub fn usage_line(program: &str, text: &str) -> String {
    let mut lines = text.lines().map(str::trim);
    let what: Vec<_> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
    let mut line = what.join(" ");
    let mut command = program.to_owned();
    for rest in lines {
        if let Some(tip) = rest.strip_prefix("tip: ") {
            line.push_str("; ");
            line.push_str(tip);
        } else if let Some(usage) = rest.strip_prefix("Usage: ") {
            let is_word = |word: &&str| word.starts_with(|c: char| c.is_ascii_lowercase());
            let words: Vec<_> = usage.split(' ').take_while(is_word).collect();
            command = words.join(" ");
        }
    }
    let what = line.strip_prefix("error: ").unwrap_or(&line);
    transom::people::escape(&format!("{what}; see {command} --help")).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_home_folder_and_those_above_it_hold_it() {
        let home = variable("HOME").expect("tests have a home");
        let missing = home.join("no such folder");
        for (folder, holds) in [
            (home.as_path(), true),
            (&home.join("."), true),
            (Path::new("/"), true),
            (&missing, false),
        ] {
            assert_eq!(holds_home(folder), holds, "{}", folder.display());
        }
    }

    #[test]
    fn listen_takes_addresses_with_and_without_port() {
        for (text, address) in [
            ("127.0.0.1:0", "127.0.0.1:0"),
            ("10.0.0.1", "10.0.0.1:7447"),
            ("[::1]:99", "[::1]:99"),
            ("::1", "[::1]:7447"),
            ("[::1]", "[::1]:7447"),
        ] {
            assert_eq!(listen_address(text), Ok(address.parse().unwrap()), "{text}");
        }
        assert!(listen_address("here").is_err());
    }
}

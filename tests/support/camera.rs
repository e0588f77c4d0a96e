//! A camera program without a camera: a shell script whose mood can be changed while it runs. It
//! serves as `cmd:` and, first in PATH, as the `rpicam-vid` of a Raspberry Pi.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use crate::Scratch;

/// The program and the folder it lives in.
#[derive(Debug)]
pub struct FakeCamera {
    folder: PathBuf,
}

/// What the program does from now on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mood {
    /// Writes pictures, a few a second.
    Gives,
    /// Writes nothing.
    Hangs,
    /// Writes bytes that are no pictures, as fast as it can.
    Babbles,
    /// Complains and ends: code 255, as `rpicam-vid` without a camera.
    Exits,
    /// Writes pictures, and ignores SIGTERM, SIGINT and SIGHUP, as its children do.
    Stubborn,
}

impl FakeCamera {
    /// A program that writes this picture again and again.
    ///
    /// # Panics
    /// When it can't be written.
    pub fn new(scratch: &Scratch, picture: &[u8], mood: Mood) -> Self {
        let camera = Self {
            folder: scratch.folder("fake-camera"),
        };
        fs::write(camera.folder.join("picture.jpg"), picture).expect("a writable scratch folder");
        let junk = vec![0x55; 4 * 1024 * 1024];
        fs::write(camera.folder.join("junk"), junk).expect("a writable scratch folder");
        camera.set_mood(mood);
        let program = camera.program();
        fs::write(&program, SCRIPT).expect("a writable scratch folder");
        let all = fs::Permissions::from_mode(0o755);
        fs::set_permissions(&program, all).expect("a file of our own");
        camera
    }

    /// Also changes a program that runs.
    ///
    /// # Panics
    /// When the file of the mood can't be replaced.
    pub fn set_mood(&self, mood: Mood) {
        let word = match mood {
            Mood::Gives => "gives",
            Mood::Hangs => "hangs",
            Mood::Babbles => "babbles",
            Mood::Exits => "exits",
            Mood::Stubborn => "stubborn",
        };
        // Renamed into place: the script must not read half of it.
        let new = self.folder.join("mood.new");
        fs::write(&new, word).expect("a writable scratch folder");
        fs::rename(new, self.folder.join("mood")).expect("a file of our own");
    }

    /// The source that runs it as a command.
    pub fn as_command(&self) -> String {
        format!("cmd:{}", self.program().display())
    }

    /// Makes it the `rpicam-vid` of a program that is to be started.
    pub fn put_in_path(&self, command: &mut Command) {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::iter::once(self.folder.clone()).chain(std::env::split_paths(&path));
        command.env(
            "PATH",
            std::env::join_paths(path).expect("a path with a colon"),
        );
    }

    /// How often it was started so far.
    pub fn starts(&self) -> usize {
        let starts = fs::read_to_string(self.folder.join("starts"));
        starts.unwrap_or_default().lines().count()
    }

    fn program(&self) -> PathBuf {
        self.folder.join("rpicam-vid")
    }
}

const SCRIPT: &str = r#"#!/bin/sh
cd "${0%/*}" || exit 1
echo $$ >> starts
while :; do
    read -r mood < mood
    case $mood in
    gives) cat picture.jpg && sleep 0.05 ;;
    hangs) sleep 0.05 ;;
    babbles) cat junk ;;
    exits) echo "ERROR: *** no cameras available ***" >&2; exit 255 ;;
    stubborn) trap '' TERM INT HUP PIPE; cat picture.jpg; sleep 0.05 ;;
    esac
done
"#;

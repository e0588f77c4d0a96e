//! A V4L2 camera for one program, which preloads it: its `/dev` is a folder, and what is wrong with
//! the camera is a letter in a file there. Linux only, and it takes a C compiler.

use std::fs;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The camera, for a program that has not started yet.
#[derive(Debug)]
pub struct FakeDevice {
    library: PathBuf,
    picture: PathBuf,
    size: (u16, u16),
    /// Named as a node, so that the program hears when it comes and goes.
    state: PathBuf,
}

/// What a camera does that is plugged in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DeviceMood {
    /// It gives pictures.
    Gives,
    /// It fails each time that a picture is read: EIO.
    Fails,
    /// It sends nothing.
    Silent,
    /// It flags each picture as damaged.
    Flags,
    /// Another program streams from it: EBUSY.
    Busy,
    /// It is not opened before its mood changes.
    Hangs,
}

impl DeviceMood {
    fn letter(self) -> u8 {
        match self {
            Self::Gives => b'g',
            Self::Fails => b'e',
            Self::Silent => b's',
            Self::Flags => b'f',
            Self::Busy => b'b',
            Self::Hangs => b'h',
        }
    }
}

impl FakeDevice {
    /// The name that the program has to use.
    pub const NODE: &str = "/dev/video-fake";
    /// Pictures a second.
    pub const FPS: u32 = 30;

    /// A camera that gives this JPEG picture. `source` is `fake_camera.c`.
    ///
    /// # Errors
    /// There is no C compiler, or the folder can't be written to.
    pub fn new(folder: &Path, source: &Path, picture: &[u8], size: (u16, u16)) -> io::Result<Self> {
        let device = Self {
            library: folder.join("fake_camera.so"),
            picture: folder.join("fake_camera.jpg"),
            size,
            state: folder.join("video-fake"),
        };
        fs::write(&device.picture, picture)?;
        let mut cc = Command::new("cc");
        cc.args(["-shared", "-fPIC", "-O2", "-o"]);
        let status = cc.arg(&device.library).arg(source).status()?;
        if !status.success() {
            return Err(io::Error::other(format!("cc: {status}")));
        }
        device.plug_in()?;
        Ok(device)
    }

    /// The variables for the program.
    pub fn variables(&self) -> [(&'static str, String); 3] {
        let (width, height) = self.size;
        let (node, fps, picture) = (Self::NODE, Self::FPS, self.picture.display());
        [
            (
                "FAKE_CAMERA",
                format!("{node} {width} {height} {fps} MJPG {picture}"),
            ),
            ("FAKE_CAMERA_STATE", self.state.display().to_string()),
            ("LD_PRELOAD", self.library.display().to_string()),
        ]
    }

    /// Plugs it in again, in a good mood.
    ///
    /// # Errors
    /// The folder can't be written to.
    pub fn plug_in(&self) -> io::Result<()> {
        self.plug_in_with(DeviceMood::Gives)
    }

    /// The same in this mood.
    ///
    /// # Errors
    /// The folder can't be written to.
    pub fn plug_in_with(&self, mood: DeviceMood) -> io::Result<()> {
        // It appears whole.
        let new = self.state.with_extension("new");
        fs::write(&new, [mood.letter()])?;
        fs::rename(new, &self.state)
    }

    /// Pulls it out.
    ///
    /// # Errors
    /// It is out.
    pub fn unplug(&self) -> io::Result<()> {
        fs::remove_file(&self.state)
    }

    /// While it is plugged in.
    ///
    /// # Errors
    /// It is not.
    pub fn set_mood(&self, mood: DeviceMood) -> io::Result<()> {
        // In place: a file that comes and goes is a camera that does.
        let file = fs::OpenOptions::new().write(true).open(&self.state)?;
        file.write_all_at(&[mood.letter()], 0)
    }
}

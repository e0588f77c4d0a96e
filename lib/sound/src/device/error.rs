//! What goes wrong with microphones and loudspeakers, each with the next step where there is one.

use std::io;

/// Why a sound device can't be used, or no longer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// Another program holds the device.
    #[error("{device}: already in use{}; close the other program", by_whom(.by))]
    Busy {
        /// The device.
        device: String,
        /// The program that holds the device, where that is known.
        by: Option<String>,
    },
    /// This user may not open the device.
    #[error("{device}: permission denied; {hint}")]
    Denied {
        /// The device, file or server.
        device: String,
        /// What to do.
        hint: &'static str,
    },
    /// The driver or the sound server refused a step.
    #[error("{device}: {step}: {why}")]
    Driver {
        /// The device.
        device: String,
        /// What was being done.
        step: &'static str,
        /// What the driver says.
        why: String,
    },
    /// The command ended.
    #[error("{device}: {how}")]
    Ended {
        /// The device as the user named it.
        device: String,
        /// How the command ended, with the last line of its messages.
        how: String,
    },
    /// A step failed in the kernel.
    #[error("{device}: {step}")]
    Io {
        /// The device, file or server.
        device: String,
        /// What was being done.
        step: &'static str,
        /// Why it failed.
        #[source]
        why: io::Error,
    },
    /// The device was unplugged, or its server ended.
    #[error("{device}: {how}; waiting until it is back")]
    Lost {
        /// The device.
        device: String,
        /// What was noticed.
        how: String,
    },
    /// The file is not sound that can be used.
    #[error("{device}: {why}")]
    NotSound {
        /// The file.
        device: String,
        /// What is wrong with it.
        why: String,
    },
    /// There is no such device, file or program.
    #[error("{device}: not found{hint}")]
    NotFound {
        /// The device.
        device: String,
        /// What to do, or nothing.
        hint: &'static str,
    },
    /// Nothing on this machine can hear or be heard.
    #[error("no sound device found{}; plug one in", looked_at(.looked))]
    NoneFound {
        /// What was looked at and why it can't be used.
        looked: Vec<String>,
    },
    /// The device is open and stands still without an error.
    #[error("{device}: {what} for {seconds} s")]
    Silent {
        /// The device.
        device: String,
        /// What it does not do.
        what: &'static str,
        /// How long nothing came.
        seconds: u64,
    },
    /// A pipe that no program reads, or no longer.
    #[error("{device}: no program reads the pipe")]
    Unread {
        /// The pipe.
        device: String,
    },
    /// This build, system or direction has no such device.
    #[error("{device}: {why}")]
    Unsupported {
        /// The device.
        device: String,
        /// What to use in its place.
        why: &'static str,
    },
}

impl DeviceError {
    /// What is wrong, for people on other machines: one of a few fixed sentences, because paths,
    /// commands and names of devices are for the owner alone.
    pub fn for_peers(&self) -> &'static str {
        match self {
            Self::Busy { .. } => "another program uses it",
            Self::Denied { .. } => "it may not be opened",
            Self::Driver { .. } => "its driver failed",
            Self::Ended { .. } => "its program ended",
            Self::Io { .. } => "it can't be used",
            Self::Lost { .. } => "it was unplugged",
            Self::NoneFound { .. } => "no sound device was found",
            Self::NotFound { .. } => "it was not found",
            Self::NotSound { .. } => "it is no sound file",
            Self::Silent { .. } => "it gives no sound",
            Self::Unread { .. } => "no program reads it",
            Self::Unsupported { .. } => "its system can't use it",
        }
    }

    /// Whether opening the device again later can help.
    pub fn is_retryable(&self) -> bool {
        match self {
            // A command's end is retried too: `arecord` and `aplay` end when a card is unplugged.
            Self::Busy { .. }
            | Self::Denied { .. }
            | Self::Driver { .. }
            | Self::Ended { .. }
            | Self::Io { .. }
            | Self::Lost { .. }
            | Self::NoneFound { .. }
            | Self::NotFound { .. }
            | Self::Silent { .. }
            | Self::Unread { .. } => true,
            Self::NotSound { .. } | Self::Unsupported { .. } => false,
        }
    }

    /// An operation of the kernel that failed, sorted by what a person can do.
    pub(crate) fn io(device: &str, step: &'static str, why: io::Error) -> Self {
        let device = device.to_owned();
        match why.kind() {
            io::ErrorKind::NotFound => Self::NotFound { device, hint: "" },
            _ => Self::Io { device, step, why },
        }
    }
}

fn by_whom(by: &Option<String>) -> String {
    by.as_ref()
        .map(|name| format!(" by {name}"))
        .unwrap_or_default()
}

fn looked_at(looked: &[String]) -> String {
    match looked {
        [] => String::new(),
        looked => format!(" ({})", looked.join("; ")),
    }
}

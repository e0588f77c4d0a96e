//! A child process that writes JPEG pictures to its standard output. It runs in a process group of
//! its own, which ends with the camera.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::opening;
use super::pipe::PipeReader;
use crate::{Camera, CameraError, Format, Frame, Wait};

/// How long a child may take to end by itself. It has lost its output by then; who still writes
/// ends at once.
const PATIENCE: Duration = Duration::from_millis(250);
const GLANCE: Duration = Duration::from_millis(5);

/// Runs a command of the user's by the shell.
pub(crate) fn open(command: &str) -> Result<Box<dyn Camera>, CameraError> {
    // The command may hold a password, and this name stands in logs.
    let camera = spawn("cmd".to_owned(), shell(command), "")?;
    Ok(Box::new(camera))
}

fn shell(command: &str) -> Command {
    let (program, option) = if cfg!(windows) {
        ("cmd", "/C")
    } else {
        ("sh", "-c")
    };
    let mut shell = Command::new(program);
    shell.arg(option).arg(command);
    shell
}

/// Starts a child whose output is pictures. `hint` is told where the program isn't there.
pub(crate) fn spawn(
    name: String,
    mut command: Command,
    hint: &'static str,
) -> Result<ChildCamera, CameraError> {
    // Its messages go where ours go: a pipe for them would have to be drained, or the child would
    // block.
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn().map_err(|why| opening(&name, hint, why))?;
    let output = child.stdout.take();
    // From here on, dropping the family ends the child.
    let family = Family { child };
    let Some(output) = output else {
        return Err(CameraError::Ended {
            source_name: name,
            how: "it has no output".to_owned(),
        });
    };
    #[cfg(unix)]
    let output = std::os::fd::OwnedFd::from(output);
    #[cfg(windows)]
    let output = std::fs::File::from(std::os::windows::io::OwnedHandle::from(output));
    let pipe = PipeReader::new(name.clone(), output)?;
    Ok(ChildCamera {
        pipe,
        family,
        name,
        patience: None,
    })
}

/// The pictures of a child process.
pub(crate) struct ChildCamera {
    // Dropped first, so that a child that writes meets a closed pipe and ends by itself.
    pipe: PipeReader,
    family: Family,
    name: String,
    /// How long it may be silent, and until when.
    patience: Option<(Duration, Instant)>,
}

impl ChildCamera {
    /// The same, but given up after so long without a picture: for a program that is known to hang.
    pub(crate) fn with_patience(self, patience: Duration) -> Self {
        Self {
            patience: Some((patience, Instant::now() + patience)),
            ..self
        }
    }

    /// A command of the user's has then done what it was to do; a program that drives a camera can
    /// be started again.
    fn ended(&self, how: String) -> CameraError {
        let name = self.name.clone();
        match self.patience {
            None => CameraError::Ended {
                source_name: name,
                how,
            },
            Some(_) => CameraError::Driver {
                device: name,
                step: "take pictures",
                why: how,
            },
        }
    }
}

impl Camera for ChildCamera {
    fn wait(&self) -> Wait<'_> {
        self.pipe.wait()
    }

    fn newest(&mut self) -> Result<Option<Frame>, CameraError> {
        let frame = match self.pipe.newest() {
            Err(CameraError::Ended { .. }) => {
                let how = self.family.how_it_ended();
                return Err(self.ended(how));
            }
            frame => frame?,
        };
        let now = Instant::now();
        match &mut self.patience {
            Some((patience, until)) if frame.is_some() => *until = now + *patience,
            Some((patience, until)) if now >= *until => {
                let seconds = patience.as_secs();
                return Err(CameraError::Stalled {
                    device: self.name.clone(),
                    seconds,
                });
            }
            _ => {}
        }
        Ok(frame)
    }

    fn deadline(&self) -> Option<Instant> {
        self.patience.map(|(_, until)| until)
    }

    fn format(&self) -> &Format {
        self.pipe.format()
    }
}

/// A child and whatever it started.
struct Family {
    child: Child,
}

impl Family {
    fn how_it_ended(&mut self) -> String {
        match self.wait() {
            Some(status) if status.success() => "the command ended".to_owned(),
            Some(status) => format!("the command ended with {status}"),
            None => "the command closed its output".to_owned(),
        }
    }

    fn wait(&mut self) -> Option<std::process::ExitStatus> {
        let end = Instant::now() + PATIENCE;
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Some(status),
                Ok(None) if Instant::now() < end => std::thread::sleep(GLANCE),
                Ok(None) | Err(_) => return None,
            }
        }
    }
}

impl Drop for Family {
    fn drop(&mut self) {
        // The group may outlive its first process: a shell that ended before its pipeline did.
        #[cfg(unix)]
        crate::kernel::signal_group(&self.child, crate::kernel::Signal::Terminate);
        if self.wait().is_none() {
            let _ = self.child.kill();
        }
        #[cfg(unix)]
        crate::kernel::signal_group(&self.child, crate::kernel::Signal::Kill);
        if self.wait().is_none() {
            log::warn!(
                "child={} it does not end, even when killed",
                self.child.id()
            );
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    /// Polls a camera until it gives something or fails.
    fn first(camera: &mut dyn Camera) -> Result<Frame, CameraError> {
        loop {
            match camera.newest() {
                Ok(Some(frame)) => return Ok(frame),
                Ok(None) => std::thread::sleep(GLANCE),
                Err(error) => return Err(error),
            }
        }
    }

    #[test]
    fn a_command_that_prints_a_picture_is_a_camera_and_its_end_is_told() {
        let hex: String = crate::fuzzing::sample(16, 16)
            .iter()
            .map(|byte| format!("\\{byte:03o}"))
            .collect();
        let mut camera = open(&format!("printf '{hex}'; exit 3")).unwrap();
        assert!(matches!(first(&mut *camera), Ok(Frame::Jpeg(picture)) if picture.width == 16));
        let Err(error) = first(&mut *camera) else {
            panic!("no end")
        };
        assert!(
            error
                .to_string()
                .ends_with("the command ended with exit status: 3"),
            "{error}"
        );
        assert!(!error.is_retryable());
    }

    #[test]
    fn a_child_that_is_silent_for_too_long_has_stalled() {
        let camera = spawn("pi".to_owned(), shell("sleep 600"), "").unwrap();
        assert!(camera.deadline().is_none());
        let mut camera = camera.with_patience(Duration::ZERO);
        assert!(camera.deadline().is_some());
        let error = camera.newest().err().unwrap();
        assert!(matches!(error, CameraError::Stalled { .. }) && error.is_retryable());
    }

    #[test]
    fn the_whole_family_ends_with_the_camera() {
        let camera = open("trap '' TERM; sleep 600 & sleep 600 & echo; wait").unwrap();
        drop(camera);
    }

    #[test]
    fn a_program_that_is_missing_is_told_with_what_to_do() {
        let missing = spawn(
            "pi".to_owned(),
            Command::new("/no/such/program"),
            "; install it",
        );
        assert_eq!(
            missing.err().unwrap().to_string(),
            "pi: not found; install it"
        );
    }
}

//! A program that writes JPEG pictures to its standard output. It and all that it starts end with
//! the camera.

use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::opening;
use super::pipe::PipeReader;
use super::process_group::ProcessGroup;
use crate::{Camera, CameraError, Encoder, Format, Picture, Wait};

/// How long to wait for the exit status of a program whose output has ended.
const EXIT_TIME: Duration = Duration::from_secs(1);
const POLL: Duration = Duration::from_millis(5);
/// The environment variable with the pairing code of our own programs. The code is a secret, so the
/// variable is removed for every program that we start.
pub(super) const CODE_VARIABLE: &str = "TRANSOM_CODE";

/// How a program ended.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) status: ExitStatus,
    /// The last line of its standard error; empty if that was not piped.
    pub(crate) message: String,
}

/// Runs a command of the user in the shell.
pub(crate) fn open(command: &str) -> Result<Box<dyn Camera>, CameraError> {
    let mut shell = shell(command);
    // Its messages may hold secrets of its command line: they go to the terminal only.
    shell.stderr(Stdio::inherit());
    // Named `cmd`, since the command may hold a password, and the name is logged.
    let camera = spawn("cmd".to_owned(), shell, "", false)?;
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

/// Starts a program that drives a camera and writes pictures to its output. `hint` is part of the
/// error if the program is not installed.
pub(crate) fn drive(
    name: String,
    command: Command,
    hint: &'static str,
) -> Result<ChildCamera, CameraError> {
    spawn(name, command, hint, true)
}

fn spawn(
    name: String,
    mut command: Command,
    hint: &'static str,
    is_driver: bool,
) -> Result<ChildCamera, CameraError> {
    command.stdin(Stdio::null()).env_remove(CODE_VARIABLE);
    // From here on, dropping the group ends the program.
    let (group, output) = ProcessGroup::start(command).map_err(|why| opening(&name, hint, why))?;
    let pipe = PipeReader::of_child(name.clone(), output)?;
    Ok(ChildCamera {
        pipe,
        group,
        name,
        is_driver,
        ended_by: None,
    })
}

/// The pictures of a program.
pub(crate) struct ChildCamera {
    // Dropped first: a program that writes to the closed pipe ends by itself.
    pipe: PipeReader,
    group: ProcessGroup,
    name: String,
    /// Whether we chose the program to drive a camera; otherwise it is the user's command.
    is_driver: bool,
    /// Once its output has ended: when to stop waiting for its exit status.
    ended_by: Option<Instant>,
}

impl ChildCamera {
    /// After the end of the output: `None` until the exit status is known, then an error that
    /// states it.
    fn output_ended(&mut self) -> Result<Option<Picture>, CameraError> {
        let last = *self
            .ended_by
            .get_or_insert_with(|| Instant::now() + EXIT_TIME);
        let how = match self.group.end() {
            Some(end) => end.to_string(),
            None if Instant::now() < last => return Ok(None),
            None => "the command closed its output".to_owned(),
        };
        Err(CameraError::Ended {
            source_name: self.name.clone(),
            how,
        })
    }

    /// Makes the end of a camera program a retryable error. The user's command has done its work
    /// when it ends.
    fn as_retryable(&self, error: CameraError) -> CameraError {
        match error {
            CameraError::Ended { source_name, how } if self.is_driver => {
                driver_ended(source_name, how)
            }
            CameraError::NotPictures {
                source_name,
                bytes,
                fault,
            } if self.is_driver => CameraError::Driver {
                device: source_name,
                step: "take pictures",
                why: format!("no usable picture in {bytes} bytes: {fault}"),
            },
            error => error,
        }
    }
}

/// Why a program that drives a camera ended, from the last message of libcamera's programs.
fn driver_ended(device: String, how: String) -> CameraError {
    let says = |words: &str| how.to_lowercase().contains(words);
    if says("no cameras available") {
        let looked = vec![format!("{device}: {how}")];
        CameraError::NoneFound { looked }
    } else if says("failed to acquire camera") || says("in use by another process") {
        CameraError::Busy { device, by: None }
    } else {
        CameraError::Driver {
            device,
            step: "take pictures",
            why: how,
        }
    }
}

impl Camera for ChildCamera {
    fn wait(&self) -> Wait<'_> {
        match self.ended_by {
            Some(_) => Wait::At(Instant::now() + POLL),
            None => self.pipe.wait(),
        }
    }

    fn newest(&mut self, encoder: Option<&mut Encoder>) -> Result<Option<Picture>, CameraError> {
        let newest = match self.pipe.newest(encoder) {
            Err(CameraError::Ended { .. }) => self.output_ended(),
            newest => newest,
        };
        newest.map_err(|error| self.as_retryable(error))
    }

    fn format(&self) -> &Format {
        self.pipe.format()
    }
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.status.success() {
            true => f.write_str("the command ended")?,
            false => write!(f, "the command ended with {}", self.status)?,
        }
        match self.message.as_str() {
            "" => Ok(()),
            message => write!(f, ": {message}"),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    /// Polls a camera until it gives something or fails.
    fn first(camera: &mut dyn Camera) -> Result<Picture, CameraError> {
        let mut encoder = Encoder::new(80, None);
        loop {
            match camera.newest(Some(&mut encoder)) {
                Ok(Some(picture)) => return Ok(picture),
                Ok(None) => std::thread::sleep(POLL),
                Err(error) => return Err(error),
            }
        }
    }

    /// A command of the shell that prints a small picture.
    fn print_sample() -> String {
        let jpeg = crate::fuzzing::sample(16, 16);
        let octal: String = jpeg.iter().map(|byte| format!("\\{byte:03o}")).collect();
        format!("printf '{octal}'")
    }

    #[test]
    fn a_command_that_prints_a_picture_is_a_camera_and_its_end_is_told() {
        let mut camera = open(&format!("{}; exit 3", print_sample())).unwrap();
        assert!(matches!(first(&mut *camera), Ok(picture) if picture.width == 16));
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
    fn a_camera_outlives_the_thread_that_opened_it() {
        let command = format!("while :; do {}; sleep 0.01; done", print_sample());
        let opened = std::thread::spawn(move || open(&command).unwrap());
        let mut camera = opened.join().unwrap();
        for _ in 0..10 {
            assert!(first(&mut *camera).is_ok());
        }
    }

    #[test]
    fn a_program_that_drives_a_camera_is_started_again_and_says_what_was_wrong() {
        for (script, what) in [
            (
                "echo starting >&2; echo no cameras available >&2; exit 255",
                "no cameras available",
            ),
            ("cat /dev/zero", "no usable picture in"),
        ] {
            let mut command = shell(script);
            command.stderr(Stdio::piped());
            let mut camera = drive("pi".to_owned(), command, "").unwrap();
            let error = first(&mut camera).err().unwrap();
            assert!(
                error.is_retryable() && error.to_string().contains(what),
                "{error}"
            );
        }
    }

    #[test]
    fn a_program_that_is_missing_is_told_with_what_to_do() {
        let missing = drive(
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

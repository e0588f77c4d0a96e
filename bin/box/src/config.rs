//! Options from a file, `--config FILE`: TOML whose keys are the command's options. A value of the
//! file becomes the default of its option, so that each option is defined once and the command line
//! overrides the file.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, Command, CommandFactory as _, FromArgMatches as _, Parser as _};
use toml::de::{DeTable, DeValue};

use crate::args::{Arguments, CAMERA_COMMAND, DOCTOR_COMMAND};

/// The command line, with the defaults from the file that it names.
///
/// # Errors
/// Those of clap, and those of the file as `FILE:LINE: what`.
pub(crate) fn parse(line: impl IntoIterator<Item = OsString>) -> Result<Arguments, clap::Error> {
    let line: Vec<OsString> = line.into_iter().collect();
    let arguments = Arguments::try_parse_from(&line)?;
    let Some((name, file)) = arguments.command.config() else {
        return Ok(arguments);
    };
    let command = with_file(name, file).map_err(|why| wrong(name, &why))?;
    Arguments::from_arg_matches(&command.try_get_matches_from(&line)?)
}

/// The definition of the command line with the file's values as defaults of that command.
fn with_file(name: &str, file: &Path) -> Result<Command, String> {
    let place = file.display();
    let text = read(file).map_err(|error| format!("can't read {place}: {error}"))?;
    let at = |byte: usize, what: &str| {
        let before = text.as_bytes().iter().take(byte);
        let line = before.filter(|byte| **byte == b'\n').count() + 1;
        format!("{place}:{line}: {what}")
    };
    let table = DeTable::parse(&text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        at(start, error.message())
    })?;
    let mut command = Arguments::command();
    for (key, value) in table.get_ref() {
        let here = |what: String| at(key.span().start, &what);
        let option = match find(&command, name, key.get_ref()) {
            Some(option) => option,
            // The file of a box says more than the doctor looks at.
            None if name == DOCTOR_COMMAND
                && find(&command, CAMERA_COMMAND, key.get_ref()).is_some() =>
            {
                continue;
            }
            None => {
                return Err(here(format!(
                    "{} is no option of this command",
                    key.get_ref()
                )));
            }
        };
        let values = values(&option, value.get_ref()).map_err(here)?;
        // Each option is tried alone first, so that the error of a wrong value names its line.
        with_default(Arguments::command(), name, &option, &values)
            .try_get_matches_from(["transom", name])
            .map_err(|error| here(first_line(&error)))?;
        command = with_default(command, name, &option, &values);
    }
    Ok(command)
}

/// Reads one byte more than a file may have, which shows that it is too large.
fn read(file: &Path) -> io::Result<String> {
    // Opening a named pipe would wait for its writer.
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut text = String::new();
    File::open(file)?
        .take(MAX_BYTES + 1)
        .read_to_string(&mut text)?;
    match text.len() as u64 > MAX_BYTES {
        true => Err(io::Error::other(format!(
            "it has more than {MAX_BYTES} bytes"
        ))),
        false => Ok(text),
    }
}

/// The option of that long name, of the command or of all commands.
fn find(command: &Command, name: &str, long: &str) -> Option<Arg> {
    let own = command.find_subcommand(name)?.get_arguments();
    let mut all = own.chain(command.get_arguments());
    let is_meant = |option: &&Arg| {
        option.get_long() == Some(long) && !option.is_hide_set() && option.get_id() != CONFIG
    };
    all.find(is_meant).cloned()
}

/// The value as it would be on the command line.
fn values(option: &Arg, value: &DeValue<'_>) -> Result<Vec<String>, String> {
    let name = option.get_long().unwrap_or_default();
    match (option.get_action(), value) {
        (ArgAction::SetTrue, DeValue::Boolean(on)) => Ok(vec![on.to_string()]),
        (ArgAction::SetTrue, _) => Err(format!("{name} is true or false, without quotes")),
        (ArgAction::Append, DeValue::Array(items)) => items
            .iter()
            .map(|item| scalar(name, item.get_ref()))
            .collect(),
        _ => Ok(vec![scalar(name, value)?]),
    }
}

fn scalar(name: &str, value: &DeValue<'_>) -> Result<String, String> {
    match value {
        DeValue::String(text) => Ok(text.clone().into_owned()),
        DeValue::Integer(number) if number.radix() == 10 => Ok(number.as_str().to_owned()),
        DeValue::Float(number) => Ok(number.as_str().to_owned()),
        _ => Err(format!("{name} takes one number, or one text in quotes")),
    }
}

fn with_default(command: Command, name: &str, option: &Arg, values: &[String]) -> Command {
    let set = |option: Arg| option.default_values(values.to_vec());
    match option.is_global_set() {
        true => command.mut_arg(option.get_id(), set),
        false => command.mut_subcommand(name, |command| command.mut_arg(option.get_id(), set)),
    }
}

/// An error like those of clap, so that it points to the help in the same way.
fn wrong(name: &str, why: &str) -> clap::Error {
    let mut command = Arguments::command();
    command.build();
    match command.find_subcommand_mut(name) {
        Some(command) => command.error(ErrorKind::ValueValidation, why),
        None => command.error(ErrorKind::ValueValidation, why),
    }
}

fn first_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

/// The option that names the file.
const CONFIG: &str = "config";

/// Bytes of a file: a page for each option.
const MAX_BYTES: u64 = 64 * 1024;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::args::{self, Common};

    /// A file of the test's own, removed with it.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(text: &str) -> Self {
            static COUNT: AtomicU32 = AtomicU32::new(0);
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            let name = format!("transom-config-{}-{number}.toml", std::process::id());
            let path = std::env::temp_dir().join(name);
            fs::write(&path, text).unwrap();
            Self(path)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            fs::remove_file(&self.0).unwrap();
        }
    }

    fn camera(file: &Scratch, options: &str) -> Result<(Common, args::Camera), clap::Error> {
        let line = ["transom", "camera", "--config"].map(OsString::from);
        let rest = options.split_whitespace().map(OsString::from);
        let line = line.into_iter().chain([file.0.clone().into()]).chain(rest);
        let Arguments { common, command } = parse(line)?;
        match command {
            args::Command::Camera(camera) => Ok((common, *camera)),
            _ => panic!("another command"),
        }
    }

    fn complaint(text: &str) -> String {
        let file = Scratch::new(text);
        let error = camera(&file, "").map(drop).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{error}");
        first_line(&error).replace(&*file.0.to_string_lossy(), "FILE")
    }

    #[test]
    fn a_file_has_the_options_of_the_command_line_and_the_command_line_wins() {
        let file = Scratch::new(
            "fps = 25\nsize = '640x480'\nlisten = ['127.0.0.1:1', '127.0.0.1:2']\npair = true\n\
             state = '/s'\nquiet = true\nno-announce = false\nverbose = 2\nsource = 'pattern'\n",
        );
        let (common, options) = camera(&file, "").unwrap();
        assert_eq!(options.pictures.fps, Some(25));
        assert_eq!(options.pictures.size, Some((640, 480)));
        assert_eq!(options.pictures.quality, 80);
        assert_eq!(options.listening.listen.len(), 2);
        assert!(options.pairing.pair && common.quiet);
        assert_eq!((common.state, common.verbose), (Some("/s".into()), 2));

        let line = "--fps 5 --listen 127.0.0.1:3 --state /other -v";
        let (common, options) = camera(&file, line).unwrap();
        assert_eq!(options.pictures.fps, Some(5));
        assert_eq!(options.pictures.size, Some((640, 480)));
        assert_eq!(options.listening.listen, ["127.0.0.1:3".parse().unwrap()]);
        assert_eq!((common.state, common.verbose), (Some("/other".into()), 1));
    }

    #[test]
    fn common_options_before_the_command_win_as_well() {
        let file = Scratch::new("state = '/s'");
        let line = ["transom", "--state", "/other", "camera", "--config"].map(OsString::from);
        let line = line.into_iter().chain([file.0.clone().into()]);
        assert_eq!(parse(line).unwrap().common.state, Some("/other".into()));
    }

    #[test]
    fn an_inbox_takes_its_options_from_a_file_as_well() {
        let file =
            Scratch::new("accept = 'anna,ben'\nquota = '20G'\npeer-quota = '2G'\nkeep-free = '0'");
        let line = ["transom", "receive", "--config"].map(OsString::from);
        let line = line.into_iter().chain([file.0.clone().into()]);
        let args::Command::Receive(options) = parse(line).unwrap().command else {
            panic!("another command");
        };
        let limits = transom::RoomLimits {
            keep_free: Some(0),
            quota: Some(20_000_000_000),
            peer_quota: Some(2_000_000_000),
        };
        assert_eq!(options.room.limits(), limits);
        assert_eq!(options.accept, "anna,ben".parse().unwrap());
    }

    #[test]
    fn the_doctor_takes_from_the_file_of_a_box_what_it_looks_at() {
        let doctor = |text| {
            let file = Scratch::new(text);
            let line = ["transom", "doctor", "--config"].map(OsString::from);
            parse(line.into_iter().chain([file.0.clone().into()]))
        };
        let read = doctor("source = 'pattern'\nmax-viewers = 3\ncontrol = ['gain=1']").unwrap();
        let args::Command::Doctor(options) = read.command else {
            panic!("another command");
        };
        let request = options.request();
        assert_eq!(request.source, transom::media::Source::Pattern);
        assert_eq!(request.controls.len(), 1);
        let words = first_line(&doctor("sise = 3").unwrap_err());
        assert!(
            words.ends_with("sise is no option of this command"),
            "{words}"
        );
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, said) in [
            (
                "fps = 25\n\nsise = '1x1'",
                "FILE:3: sise is no option of this command",
            ),
            (
                "config = 'x'",
                "FILE:1: config is no option of this command",
            ),
            (
                "measure-send = 'a=b'",
                "FILE:1: measure-send is no option of this command",
            ),
            (
                "[camera]\nfps = 1",
                "FILE:1: camera is no option of this command",
            ),
            (
                "\npair = 'yes'",
                "FILE:2: pair is true or false, without quotes",
            ),
            (
                "fps = [1, 2]",
                "FILE:1: fps takes one number, or one text in quotes",
            ),
            (
                "fps = true",
                "FILE:1: fps takes one number, or one text in quotes",
            ),
            (
                "fps = 0x10",
                "FILE:1: fps takes one number, or one text in quotes",
            ),
            (
                "fps = 0",
                "FILE:1: invalid value '0' for '--fps <N>': 0 is not in 1..=240",
            ),
            ("fps = 1\nfps = 2", "FILE:2: duplicate key"),
        ] {
            assert_eq!(complaint(text), said, "{text}");
        }
        let words = complaint("# a comment\nfps 25");
        assert!(words.starts_with("FILE:2: "), "{words}");
        let words = complaint(&" ".repeat(70_000));
        assert!(words.ends_with("it has more than 65536 bytes"), "{words}");
    }

    #[cfg(all(feature = "http", feature = "sound"))]
    #[test]
    fn the_file_of_the_package_explains_each_option_of_a_camera() {
        let sample = include_str!("../debian/box.toml");
        let is_option = |line: &&str| {
            let rest = line.strip_prefix('#');
            rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()))
        };
        let options: Vec<&str> = sample.lines().filter(is_option).collect();
        let named: Vec<&str> = options
            .iter()
            .filter_map(|line| line[1..].split(' ').next())
            .collect();
        let mut command = Arguments::command();
        command.build();
        for option in command.find_subcommand("camera").unwrap().get_arguments() {
            let long = option.get_long().unwrap_or_default();
            let is_listed = !option.is_hide_set() && ![CONFIG, "help"].contains(&long);
            assert_eq!(named.contains(&long), is_listed, "{long}");
        }
        let file = Scratch::new(&options.join("\n").replace('#', ""));
        let (_, options) = camera(&file, "").unwrap();
        assert_eq!(options.max_viewers, 8);
        let file = Scratch::new(sample);
        let (common, options) = camera(&file, "").unwrap();
        assert_eq!(
            (common.state, options.listening.name),
            (None, None),
            "all are comments"
        );
    }

    #[test]
    fn a_file_that_is_not_there_is_told() {
        let line = ["transom", "camera", "--config", "/nowhere/box.toml"];
        let error = parse(line.map(OsString::from)).unwrap_err();
        let words = first_line(&error);
        assert!(
            words.contains("can't read /nowhere/box.toml: No such file"),
            "{words}"
        );
    }
}

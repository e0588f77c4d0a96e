//! The command line: a handful of options, read without a library.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use transom::PeerName;
use transom::media::Source;
use transom_users::DEFAULT_PORT;

/// What `--help` prints.
pub(crate) const HELP: &str = "\
Call people, watch camera boxes, write text and send files on the local network.

Usage: transom-view [OPTIONS]

Options:
      --users FILE     the contact list [env: TRANSOM_USERS]
      --state DIR      where this computer's key is kept [env: TRANSOM_STATE]
      --name NAME      what others see this window as [default: as in its settings, or the computer's name]
      --listen ADDR    where others reach this window, repeatable [default: port 7447 everywhere]; \"none\" for nowhere
      --inbox DIR      where accepted files go [default: as in its settings, or transom in the downloads]
      --camera SOURCE  what others see of you when you let them: auto, /dev/videoN, pi, pattern, file:PATH,
                       cmd:COMMAND, or none [default: as in its settings]
      --watch NAME     show that contact's camera as soon as it is there; repeatable
      --call NAME      ring that contact as soon as it is there; repeatable
      --fullscreen     the picture on the whole screen
      --help           this text
      --version        the version

Keys: Tab, Space and Enter reach every button; F1 lists all others; Ctrl with + - 0 makes all larger, smaller, as usual;
Ctrl+Q closes.

Example, with a contact list of one line, \"door 192.168.1.20\":
  transom-view --users my_contacts.txt --watch door";

/// What the command line asks for.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Wish {
    /// The text above.
    Help,
    /// The version.
    Version,
    /// The window.
    Run(Box<Arguments>),
}

/// The options; `None` where nothing was said.
#[derive(Debug, Default, Eq, PartialEq)]
pub(crate) struct Arguments {
    pub(crate) users: Option<PathBuf>,
    pub(crate) state: Option<PathBuf>,
    pub(crate) name: Option<PeerName>,
    pub(crate) listen: Option<Vec<SocketAddr>>,
    pub(crate) inbox: Option<PathBuf>,
    /// The inner `None` is for no camera at all.
    pub(crate) camera: Option<Option<Source>>,
    pub(crate) watch: Vec<PeerName>,
    pub(crate) call: Vec<PeerName>,
    pub(crate) fullscreen: bool,
}

/// What is wrong with the command line.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum UsageError {
    /// No such option.
    #[error("unknown option {0:?}")]
    Unknown(OsString),
    /// An option stands last that needs something after it.
    #[error("{0} needs a value")]
    Missing(&'static str),
    /// What stands after an option can't be used.
    #[error("{option} {value:?}: {why}")]
    Bad {
        option: &'static str,
        value: OsString,
        why: String,
    },
}

impl Arguments {
    /// Reads the command line without the program's name.
    pub(crate) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Wish, UsageError> {
        let mut words = words.into_iter();
        let mut arguments = Self::default();
        while let Some(word) = words.next() {
            let (option, glued) = split(&word);
            let mut value = |option| {
                glued
                    .clone()
                    .or_else(|| words.next())
                    .ok_or(UsageError::Missing(option))
            };
            match option.as_str() {
                "--help" | "-h" => return Ok(Wish::Help),
                "--version" | "-V" => return Ok(Wish::Version),
                "--users" => arguments.users = Some(value("--users")?.into()),
                "--state" => arguments.state = Some(value("--state")?.into()),
                "--inbox" => arguments.inbox = Some(value("--inbox")?.into()),
                "--name" => arguments.name = Some(name("--name", value("--name")?)?),
                "--camera" => arguments.camera = Some(camera(value("--camera")?)?),
                "--watch" => arguments.watch.push(name("--watch", value("--watch")?)?),
                "--call" => arguments.call.push(name("--call", value("--call")?)?),
                "--listen" => arguments
                    .listen
                    .get_or_insert_default()
                    .extend(address(value("--listen")?)?),
                "--fullscreen" if glued.is_none() => arguments.fullscreen = true,
                _ => return Err(UsageError::Unknown(word)),
            }
        }
        Ok(Wish::Run(Box::new(arguments)))
    }
}

/// `--option=value` as its two parts.
fn split(word: &OsString) -> (String, Option<OsString>) {
    let Some(text) = word.to_str() else {
        return (word.to_string_lossy().into_owned(), None);
    };
    match text.split_once('=') {
        Some((option, value)) if option.starts_with("--") => {
            (option.to_owned(), Some(value.into()))
        }
        _ => (text.to_owned(), None),
    }
}

fn name(option: &'static str, value: OsString) -> Result<PeerName, UsageError> {
    let parsed = value.to_string_lossy().parse::<PeerName>();
    parsed.map_err(|error| bad(option, value, error.to_string()))
}

/// `none`, or where pictures come from.
fn camera(value: OsString) -> Result<Option<Source>, UsageError> {
    let text = value.to_string_lossy();
    if text == "none" {
        return Ok(None);
    }
    let parsed = text.parse::<Source>();
    match parsed {
        Ok(Source::Stdin) => Err(bad(
            "--camera",
            value.clone(),
            "is for camera boxes only".to_owned(),
        )),
        Ok(source) => Ok(Some(source)),
        Err(error) => Err(bad("--camera", value.clone(), error.to_string())),
    }
}

/// `none`, `ADDR` or `ADDR:PORT`.
fn address(value: OsString) -> Result<Option<SocketAddr>, UsageError> {
    let text = value.to_string_lossy();
    if text == "none" {
        return Ok(None);
    }
    let whole = text.parse().ok();
    let alone = || {
        text.trim_matches(['[', ']'])
            .parse()
            .ok()
            .map(|ip| SocketAddr::new(ip, DEFAULT_PORT))
    };
    match whole.or_else(alone) {
        Some(address) => Ok(Some(address)),
        None => Err(bad(
            "--listen",
            value.clone(),
            "is no address like 0.0.0.0:7447 or [::]:7447".to_owned(),
        )),
    }
}

fn bad(option: &'static str, value: OsString, why: String) -> UsageError {
    UsageError::Bad { option, value, why }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Wish, UsageError> {
        Arguments::parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn every_option_is_taken_with_and_without_an_equals_sign() {
        let spaced = "--users a --state b --name desk --listen 127.0.0.1:1 --listen ::1 --inbox c --camera pattern --watch door --watch yard --call anna --fullscreen";
        let glued = "--users=a --state=b --name=desk --listen=127.0.0.1:1 --listen=[::1]:7447 --inbox=c --camera=pattern --watch=door --watch=yard --call=anna --fullscreen";
        let Ok(Wish::Run(arguments)) = parse(spaced) else {
            panic!("not taken")
        };
        assert_eq!(arguments.listen.as_ref().map(Vec::len), Some(2));
        let names = |names: &[PeerName]| names.iter().map(PeerName::to_string).collect::<Vec<_>>();
        assert_eq!(names(&arguments.watch), ["door", "yard"]);
        assert_eq!(names(&arguments.call), ["anna"]);
        assert_eq!(arguments.camera, Some(Some(Source::Pattern)));
        assert_eq!(parse(glued), Ok(Wish::Run(arguments)));
        let Ok(Wish::Run(nowhere)) = parse("--listen none") else {
            panic!("not taken")
        };
        assert_eq!(nowhere.listen, Some(vec![]));
        let Ok(Wish::Run(unseen)) = parse("--camera none") else {
            panic!("not taken")
        };
        assert_eq!(unseen.camera, Some(None));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let error = |line| parse(line).unwrap_err().to_string();
        assert_eq!(error("--foo"), "unknown option \"--foo\"");
        assert_eq!(error("door"), "unknown option \"door\"");
        assert_eq!(error("--users"), "--users needs a value");
        assert!(error("--listen here").starts_with("--listen \"here\": is no address"));
        assert!(error("--camera webcam").starts_with("--camera \"webcam\": \"webcam\" is none of"));
        assert!(error("--camera -").ends_with("is for camera boxes only"));
        assert!(error("--fullscreen=no").starts_with("unknown option"));
        assert!(error("--name=a\u{7f}b").starts_with("--name"));
        assert_eq!(parse("--help --foo"), Ok(Wish::Help));
    }
}

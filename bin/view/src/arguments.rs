//! The command line: every option, and an example in the help.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;
use transom::PeerName;
use transom::media::Source;

/// Call people, watch camera boxes, write text and send files on the local network.
#[derive(Debug, Default, Parser)]
#[command(name = "transom-view", version, after_help = AFTER)]
pub(crate) struct Arguments {
    /// The contact list [default: $TRANSOM_USERS, else ~/.config/transom/user_list.txt]
    #[arg(long, value_name = "FILE")]
    pub(crate) users: Option<PathBuf>,
    /// Where this computer's key is kept [default: $TRANSOM_STATE, else ~/.local/state/transom]
    #[arg(long, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,
    /// What others see this window as [default: as in its settings, or the computer's name]
    #[arg(long)]
    pub(crate) name: Option<PeerName>,
    /// Where others reach this window, repeatable; none for nowhere [default: port 7447 everywhere]
    #[arg(long, value_name = "ADDR", value_parser = listen)]
    listen: Vec<Listen>,
    /// Where accepted files go [default: as in its settings, or transom in the downloads]
    #[arg(long, value_name = "DIR")]
    pub(crate) inbox: Option<PathBuf>,
    /// What others see of you when you let them: auto, /dev/videoN, pi, pattern, file:PATH,
    /// cmd:COMMAND, or none [default: as in its settings]
    #[arg(long, value_name = "SOURCE", value_parser = camera)]
    camera: Option<Camera>,
    /// Show that contact's camera as soon as it is there; repeatable
    #[arg(long, value_name = "NAME")]
    pub(crate) watch: Vec<PeerName>,
    /// Ring that contact as soon as it is there; repeatable
    #[arg(long, value_name = "NAME")]
    pub(crate) call: Vec<PeerName>,
    /// The picture on the whole screen
    #[arg(long)]
    pub(crate) fullscreen: bool,
}

/// A value of `--listen`; `None` for nowhere.
#[derive(Clone, Copy, Debug)]
struct Listen(Option<SocketAddr>);

/// A value of `--camera`; `None` for no camera.
#[derive(Clone, Debug)]
struct Camera(Option<Source>);

impl Arguments {
    /// Where to listen, if anything was said; empty for nowhere.
    pub(crate) fn listen(&self) -> Option<Vec<SocketAddr>> {
        let said = !self.listen.is_empty();
        said.then(|| self.listen.iter().filter_map(|listen| listen.0).collect())
    }

    /// Which camera, if anything was said; the inner `None` is for no camera.
    pub(crate) fn camera(&self) -> Option<Option<Source>> {
        self.camera.clone().map(|camera| camera.0)
    }
}

fn listen(text: &str) -> Result<Listen, String> {
    match text {
        "none" => Ok(Listen(None)),
        address => transom_place::listen_address(address).map(|address| Listen(Some(address))),
    }
}

fn camera(text: &str) -> Result<Camera, String> {
    match text {
        "none" => Ok(Camera(None)),
        "-" => Err("is for camera boxes only".to_owned()),
        source => source
            .parse()
            .map(|source| Camera(Some(source)))
            .map_err(|error| format!("{error}")),
    }
}

const AFTER: &str = "\
Keys: Tab, Space and Enter reach every button; F1 lists all others; Ctrl with + - 0 makes all
larger, smaller, as usual; Ctrl+Q closes.

If the window is open already, it comes to the front and takes --call and --watch.

Example, with a contact list of one line, \"door 192.168.1.20\":
  transom-view --users my_contacts.txt --watch door";

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(line: &str) -> Result<Arguments, clap::Error> {
        let words = line.split_whitespace();
        Arguments::try_parse_from(std::iter::once("transom-view").chain(words))
    }

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_option_is_taken() {
        let line = "--users a --state b --name desk --listen 127.0.0.1:1 --listen ::1 --inbox c \
            --camera pattern --watch door --watch=yard --call anna --fullscreen";
        let arguments = parse(line).unwrap();
        assert_eq!(arguments.listen().map(|all| all.len()), Some(2));
        let names = |names: &[PeerName]| names.iter().map(PeerName::to_string).collect::<Vec<_>>();
        assert_eq!(names(&arguments.watch), ["door", "yard"]);
        assert_eq!(names(&arguments.call), ["anna"]);
        assert_eq!(arguments.camera(), Some(Some(Source::Pattern)));
        assert!(arguments.fullscreen);
        let nothing = parse("--listen none --camera none").unwrap();
        assert_eq!(
            (nothing.listen(), nothing.camera()),
            (Some(vec![]), Some(None))
        );
        let unsaid = parse("").unwrap();
        assert_eq!((unsaid.listen(), unsaid.camera()), (None, None));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (line, named) in [
            ("--foo", "--foo"),
            ("door", "door"),
            ("--users", "--users"),
            ("--listen here", "IP address"),
            ("--camera webcam", "webcam"),
            ("--camera -", "camera boxes only"),
            ("--fullscreen=no", "--fullscreen"),
            ("--name=a\u{7f}b", "--name"),
        ] {
            let error = parse(line).expect_err(line);
            assert_eq!(error.exit_code(), 2, "{line}");
            let told = transom_place::usage_line("transom-view", &error.to_string());
            assert!(told.contains(named), "{told}");
            assert!(told.ends_with("; see transom-view --help"), "{told}");
        }
    }
}

//! The HTTP door of a camera box or a bridge: its options, its passes, which are read again when
//! their file changes, and who looks and listens there.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::json;
use transom::{Access, Handle, HttpSettings, HttpSource, HttpViewers, Notice, Passes, Settings};

use crate::failure::Failure;
use crate::output::Output;
use crate::pass_files::{DoorOf, DoorPlace, PassFiles, Version};
use crate::place::Place;

/// Whether browsers and other programs see the camera.
#[derive(Args, Debug)]
pub(crate) struct HttpOptions {
    /// Show the camera to browsers and other programs by HTTP there too, to each that has a pass
    /// (`transom pass`) [default address: 127.0.0.1:8080]
    #[arg(
        long,
        value_name = "ADDRESS",
        num_args = 0..=1,
        default_missing_value = "127.0.0.1:8080",
        value_parser = http_address
    )]
    http: Option<SocketAddr>,
    /// Let every program of this machine look by HTTP without a pass; on loopback only
    #[arg(long)]
    http_open: bool,
}

impl HttpOptions {
    /// Whether there is a door.
    pub(crate) fn is_given(&self) -> bool {
        self.http.is_some()
    }

    /// Applies the options to the settings; gives back what the box does for its door.
    pub(crate) fn apply(
        &self,
        settings: &mut Settings,
        place: &Place,
        output: &Output,
    ) -> Result<HttpDoor, Failure> {
        let Some(address) = self.http else {
            only_with_http("--http-open", self.http_open)?;
            return Ok(HttpDoor::default());
        };
        if let Some(both) = settings.listen.iter().find(|it| collide(**it, address)) {
            let why = match *both == address {
                true => format!("--http and --listen are both {address}"),
                false => format!("--http is {address}, and --listen is {both}"),
            };
            return Err(Failure::usage("can't start", why).next("give --http another port"));
        }
        let sources = vec![HttpSource::Own];
        let (http, door) = door_at(address, self.http_open, sources, place, output)?;
        settings.http = Some(http);
        Ok(door)
    }
}

/// Whether browsers and other programs see boxes through this machine.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct BridgeOptions {
    /// Show the boxes to browsers and other programs by HTTP there, to each that has a pass
    /// (`transom pass`), until a signal [default address: 127.0.0.1:8080]
    ///
    /// Each box is at /NAME/, and a single one at / too. The connection to it stays, but it is
    /// watched only while a client looks, and 12 s longer, so its camera is off while none does.
    #[arg(
        long, value_name = "ADDRESS", num_args = 0..=1, default_missing_value = "127.0.0.1:8080",
        value_parser = http_address,
        conflicts_with_all = [
            "stats_json", "stats", "save", "snapshot", "frames", "seconds", "timeout",
            "HearingOptions", "MeasureWatch",
        ],
    )]
    http: Option<SocketAddr>,
    /// Let every program of this machine look by HTTP without a pass; on loopback only
    #[arg(long)]
    pub(crate) http_open: bool,
    /// Print the lines for go2rtc.yaml that show the boxes there, and end
    #[arg(long)]
    pub(crate) go2rtc: bool,
}

impl BridgeOptions {
    /// Where the door is to be, if there is to be one.
    pub(crate) fn address(self) -> Result<Option<SocketAddr>, Failure> {
        if self.http.is_none() {
            only_with_http("--http-open", self.http_open)?;
            only_with_http("--go2rtc", self.go2rtc)?;
        }
        Ok(self.http)
    }

    /// Applies the options to the settings; gives back what the bridge does for its door.
    pub(crate) fn apply(
        self,
        address: SocketAddr,
        sources: Vec<HttpSource>,
        settings: &mut Settings,
        place: &Place,
        output: &Output,
    ) -> Result<HttpDoor, Failure> {
        let (http, door) = door_at(address, self.http_open, sources, place, output)?;
        settings.http = Some(http);
        Ok(door)
    }
}

/// An option of the door without a door would do nothing.
fn only_with_http(option: &str, is_given: bool) -> Result<(), Failure> {
    match is_given {
        true => Err(Failure::usage(
            format!("{option} has no effect"),
            "there is no --http",
        )),
        false => Ok(()),
    }
}

/// Whether the second listener would be told that another program has its port.
fn collide(listen: SocketAddr, http: SocketAddr) -> bool {
    let is_everywhere = listen.ip().is_unspecified() || http.ip().is_unspecified();
    let shares_address =
        listen.ip() == http.ip() || is_everywhere && listen.is_ipv4() == http.is_ipv4();
    listen.port() == http.port() && http.port() != 0 && shares_address
}

/// Warns of a door that other machines reach.
pub(crate) fn warn_of_network(address: SocketAddr, output: &Output) {
    if !address.ip().to_canonical().is_loopback() {
        output.warn(format!(
            "pictures and passes cross the network from {address} unencrypted; for another \
             machine `transom watch` is the safe way"
        ));
    }
}

fn door_at(
    address: SocketAddr,
    is_open: bool,
    sources: Vec<HttpSource>,
    place: &Place,
    output: &Output,
) -> Result<(HttpSettings, HttpDoor), Failure> {
    let is_loopback = address.ip().to_canonical().is_loopback();
    if is_open && !is_loopback {
        let why = format!("{} can be reached by other machines", address.ip());
        return Err(Failure::usage("--http-open is not possible", why)
            .next("use 127.0.0.1, or leave it out and make passes with: transom pass add NAME"));
    }
    let (access, door) = match is_open {
        true => (OPEN, HttpDoor::default()),
        false => {
            let (passes, door) = HttpDoor::with_passes(&sources, place, output)?;
            (Access::Passes(passes), door)
        }
    };
    let http = HttpSettings::new(vec![address], access, sources);
    Ok((http, door))
}

/// Requests by a name of this machine are refused: the DNS server of a network that it visits could
/// give that name to a page of its own and then to 127.0.0.1, so that the page reads the pictures.
/// A proxy that passes on the name that it was asked by needs a pass.
const OPEN: Access = Access::Open { names: Vec::new() };

/// The passes and the viewers of a running door.
#[derive(Debug, Default)]
pub(crate) struct HttpDoor {
    passes: Option<Watched>,
    watching: Audience,
    listening: Audience,
}

/// The clients that look, or those that listen, as they were told last.
#[derive(Debug, Default)]
struct Audience {
    is_there: bool,
    /// The passes that were told since there is any client.
    told: Vec<String>,
}

#[derive(Debug)]
struct Watched {
    files: PassFiles,
    of: DoorOf,
    /// The names of several boxes.
    boxes: Vec<String>,
    seen: Version,
    /// Why the passes could not be read, while that is so.
    problem: Option<String>,
    due: Instant,
}

impl Watched {
    /// The passes, if their file has changed or could not be read before; none for a reason that is
    /// new, why they can't be read.
    fn news(&mut self) -> Option<Result<Passes, String>> {
        let version = self.files.version();
        if version == self.seen && self.problem.is_none() {
            return None;
        }
        self.seen = version;
        let read = self.files.read().map_err(|failure| failure.to_string());
        let problem = read.as_ref().err().cloned();
        let is_known = problem.is_some() && problem == self.problem;
        self.problem = problem;
        (!is_known).then_some(read)
    }
}

impl HttpDoor {
    fn with_passes(
        sources: &[HttpSource],
        place: &Place,
        output: &Output,
    ) -> Result<(Passes, Self), Failure> {
        let boxes = sources.iter().filter_map(|source| match source {
            HttpSource::Peer(name) if sources.len() > 1 => Some(name.to_string()),
            _ => None,
        });
        let boxes = boxes.collect();
        let of = match sources.contains(&HttpSource::Own) {
            true => DoorOf::Camera,
            false => DoorOf::Bridge,
        };
        let files = PassFiles::of(&place.state()?);
        let seen = files.version();
        let passes = files.read()?;
        if passes.iter().next().is_none() {
            output.warn(
                "no pass is there, so nobody may look by HTTP; make one with: transom pass add NAME",
            );
        }
        let due = Instant::now() + LOOK;
        let door = Self {
            passes: Some(Watched {
                files,
                of,
                boxes,
                seen,
                problem: None,
                due,
            }),
            ..Self::default()
        };
        Ok((passes, door))
    }

    /// When [`on_time`](Self::on_time) has something to do.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.passes.as_ref().map(|watched| watched.due)
    }

    /// Takes the passes again if their file has changed. While it can't be read, nobody may look: a
    /// pass may have been removed.
    pub(crate) fn on_time(&mut self, handle: &Handle, output: &Output) {
        let now = Instant::now();
        let Some(watched) = self.passes.as_mut().filter(|watched| watched.due <= now) else {
            return;
        };
        watched.due = now + LOOK;
        let Some(read) = watched.news() else {
            return;
        };
        let passes = read.unwrap_or_else(|why| {
            output.complain(why);
            Passes::default()
        });
        let count = passes.iter().count();
        handle.replace_access(Access::Passes(passes));
        output.say(
            format!("the passes were read again: {count}"),
            json!({"event": "passes", "passes": count}),
        );
    }

    /// Keeps where the door is and when passes were used, and says by which passes clients look or
    /// listen, and that the last one left.
    pub(crate) fn notice(&mut self, notice: &Notice, output: &Output) {
        match (notice, &self.passes) {
            (Notice::HttpListening { address }, Some(watched)) => {
                warn_of_network(*address, output);
                let place = DoorPlace {
                    address: *address,
                    boxes: watched.boxes.clone(),
                };
                if let Err(failure) = watched.files.keep_door(watched.of, &place) {
                    output.warn(failure.to_string());
                }
            }
            (Notice::PassesUsed { passes }, Some(watched)) => {
                if let Err(failure) = watched.files.keep_uses(passes) {
                    output.warn(failure.to_string());
                }
            }
            (Notice::HttpViewers(viewers), _) => {
                let HttpViewers {
                    count,
                    listeners,
                    passes,
                    listener_passes,
                    ..
                } = viewers;
                if let Some(words) = self.watching.news("watching", *count, passes) {
                    let json = json!({"event": "http_viewers", "viewers": count, "passes": passes});
                    output.say(words, json);
                }
                if let Some(words) = self
                    .listening
                    .news("listening", *listeners, listener_passes)
                {
                    let json = json!({"event": "http_listeners", "listeners": listeners,
                                      "passes": listener_passes});
                    output.say(words, json);
                }
            }
            _ => {}
        }
    }
}

impl Audience {
    /// That the first client came, one by a pass that was not told yet, or that the last one left:
    /// `octoprint is watching by HTTP`. A program that asks for snapshots while another client
    /// looks comes and goes all the time, and is told once.
    fn news(&mut self, does: &str, count: usize, passes: &[String]) -> Option<String> {
        let was_there = std::mem::replace(&mut self.is_there, count > 0);
        if count == 0 {
            self.told.clear();
            return was_there.then(|| format!("nobody is {does} by HTTP any more"));
        }
        let is_new = |pass: &&String| !self.told.contains(pass);
        let new: Vec<_> = passes.iter().filter(is_new).cloned().collect();
        let too = if was_there { " too" } else { "" };
        let words = match new.as_slice() {
            [] if was_there => return None,
            [] => format!("a client is {does} by HTTP"),
            [pass] => format!("{pass} is {does} by HTTP{too}"),
            passes => format!("{} are {does} by HTTP{too}", passes.join(", ")),
        };
        self.told.extend(new);
        Some(words)
    }
}

/// An address to listen at, with a port or without one for [`HTTP_PORT`].
pub(crate) fn http_address(text: &str) -> Result<SocketAddr, String> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let alone = || Some(SocketAddr::new(bare.parse().ok()?, HTTP_PORT));
    text.parse().ok().or_else(alone).ok_or_else(|| {
        // `watch --http porch`.
        let is_word = !text.contains(['.', ':']) && text.contains(char::is_alphabetic);
        let todo = match is_word {
            true => "; BOX stands before --http",
            false => "",
        };
        format!(
            "an IP address of this machine, perhaps with a port, such as 127.0.0.1:8081; 127.0.0.1 \
             is this machine alone, 0.0.0.0 is all networks{todo}"
        )
    })
}

/// The address of links, which lead to a known port.
pub(crate) fn links_address(text: &str) -> Result<SocketAddr, String> {
    let address = http_address(text)?;
    match address.port() {
        0 => Err("no link leads to port 0, which stands for any free one".to_owned()),
        _ => Ok(address),
    }
}

/// Where OctoPi's and MainsailOS's proxies look for a camera.
pub(crate) const HTTP: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), HTTP_PORT);

const HTTP_PORT: u16 = 8080;

/// How often the file of passes is looked at: a removed pass ends its streams so soon.
const LOOK: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use transom::{Pass, State, Token};

    use super::*;

    #[test]
    fn passes_that_could_not_be_read_are_read_again_though_their_file_is_the_same() {
        let folder = std::env::temp_dir().join(format!("transom-news-{}", std::process::id()));
        let files = PassFiles::of(&State::open(&folder).unwrap());
        let pass = Pass::new("tests", &Token::from_random([1; 20])).unwrap();
        files.add(&pass).unwrap();
        let mut watched = Watched {
            of: DoorOf::Camera,
            boxes: Vec::new(),
            seen: files.version(),
            files,
            problem: None,
            due: Instant::now(),
        };
        assert!(watched.news().is_none());
        let path = folder.join("passes");
        let right = std::fs::read(&path).unwrap();
        // As a file that is read while another program is writing it.
        let write = |text: &[u8]| {
            std::fs::write(&path, text).unwrap();
            let file = std::fs::File::options().append(true).open(&path).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        };
        write(&vec![b'x'; right.len()]);
        let wrong = watched.news().unwrap();
        assert!(watched.news().is_none(), "told once");
        write(&right);
        let passes = watched.news().unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(wrong.is_err());
        assert_eq!(passes.unwrap().to_string(), format!("{pass}\n"));
    }

    #[test]
    fn each_pass_is_told_once_while_there_are_clients() {
        let mut audience = Audience::default();
        let mut news = |passes: &[&str]| {
            let passes: Vec<String> = passes.iter().map(|pass| (*pass).to_owned()).collect();
            let told = audience.news("watching", passes.len(), &passes);
            told.unwrap_or_default()
        };
        assert_eq!(news(&[]), "");
        assert_eq!(news(&["octoprint"]), "octoprint is watching by HTTP");
        let too = "phone is watching by HTTP too";
        assert_eq!(news(&["octoprint", "phone"]), too);
        assert_eq!(news(&["octoprint"]), "");
        assert_eq!(news(&["octoprint", "phone"]), "");
        assert_eq!(news(&["phone"]), "");
        assert_eq!(news(&[]), "nobody is watching by HTTP any more");
        let both = "octoprint, phone are watching by HTTP";
        assert_eq!(news(&["octoprint", "phone"]), both);
        let mut open = Audience::default();
        let told = open.news("listening", 1, &[]);
        assert_eq!(told.as_deref(), Some("a client is listening by HTTP"));
        assert_eq!(open.news("listening", 2, &[]), None);
    }

    #[test]
    fn an_address_may_leave_the_port_out() {
        assert_eq!(http_address("127.0.0.1"), Ok(HTTP));
        assert_eq!(http_address("[::]:81"), Ok("[::]:81".parse().unwrap()));
        let wrong = |text| http_address(text).unwrap_err();
        assert!(wrong("porch").ends_with("; BOX stands before --http"));
        for text in [":8081", "8081", "porch.local:9000"] {
            let told = wrong(text);
            assert!(
                told.contains("such as 127.0.0.1:8081;") && !told.contains("BOX"),
                "{told}"
            );
        }
        assert!(links_address("127.0.0.1:0").is_err() && links_address("127.0.0.1").is_ok());
    }

    #[test]
    fn addresses_collide_that_can_not_both_be_listened_at() {
        let collide =
            |listen: &str, http: &str| collide(listen.parse().unwrap(), http.parse().unwrap());
        assert!(collide("127.0.0.1:8080", "127.0.0.1:8080"));
        assert!(collide("0.0.0.0:8080", "127.0.0.1:8080"));
        assert!(!collide("[::]:8080", "127.0.0.1:8080"));
        assert!(!collide("127.0.0.1:7447", "127.0.0.1:8080"));
        assert!(!collide("127.0.0.1:0", "127.0.0.1:0"));
    }
}

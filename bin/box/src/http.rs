//! The HTTP door of a camera box or a bridge: its options, and its passes, which are read again when
//! their file changes.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::json;
use transom::{Access, Handle, HttpSettings, HttpSource, HttpViewers, Notice, Passes, Settings};

use crate::failure::Failure;
use crate::output::Output;
use crate::pass_files::{DoorPlace, PassFiles, Version};
use crate::place::{self, Place};

/// Whether browsers and other programs see the camera.
#[derive(Args, Debug)]
pub(crate) struct HttpOptions {
    /// Show the camera to browsers and other programs by HTTP there too, to each that has a pass
    /// (`transom pass`) [default address: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1, default_missing_value = "127.0.0.1:8080", value_parser = http_address)]
    http: Option<SocketAddr>,
    /// Let every program of this machine look by HTTP without a pass; on loopback only
    #[arg(long)]
    http_open: bool,
}

impl HttpOptions {
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.http
    }

    /// Whether clients need no pass.
    pub(crate) fn is_open(&self) -> bool {
        self.http_open
    }

    /// Applies the options to the settings; gives back what the box does for its door.
    pub(crate) fn apply(
        &self,
        settings: &mut Settings,
        place: &Place,
        output: &Output,
    ) -> Result<HttpDoor, Failure> {
        let Some(address) = self.http else {
            return match self.http_open {
                true => Err(Failure::usage(
                    "--http-open has no effect",
                    "there is no --http",
                )),
                false => Ok(HttpDoor::default()),
            };
        };
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
    pub(crate) http: Option<SocketAddr>,
    /// Let every program of this machine look by HTTP without a pass; on loopback only
    #[arg(long, requires = "http")]
    pub(crate) http_open: bool,
    /// Print the lines for go2rtc.yaml that show the boxes there, and end
    #[arg(long, requires = "http")]
    pub(crate) go2rtc: bool,
}

impl BridgeOptions {
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
    if !is_loopback {
        output.warn(format!(
            "pictures and passes cross the network from {address} unencrypted; for another \
             machine `transom watch` is the safe way"
        ));
    }
    let (access, door) = match is_open {
        true => (open(), HttpDoor::default()),
        false => {
            let (passes, door) = HttpDoor::with_passes(&sources, place, output)?;
            (Access::Passes(passes), door)
        }
    };
    let http = HttpSettings {
        listen: vec![address],
        access,
        sources,
    };
    Ok((http, door))
}

/// Requests by the names that this machine has on the local network are taken, since proxies pass
/// them on.
fn open() -> Access {
    let name = place::machine_name();
    Access::Open {
        names: vec![name.to_string(), format!("{name}.local")],
    }
}

/// The passes and the viewers of a running door.
#[derive(Debug, Default)]
pub(crate) struct HttpDoor {
    passes: Option<Watched>,
    /// Whether clients look, and whether any listen.
    is_watched: bool,
    is_heard: bool,
}

#[derive(Debug)]
struct Watched {
    files: PassFiles,
    /// The names of several boxes.
    boxes: Vec<String>,
    seen: Version,
    due: Instant,
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
        let files = PassFiles::of(&place.state()?);
        let seen = files.version();
        let passes = files.read()?;
        if passes.iter().next().is_none() {
            output.warn("no pass is there, so nobody may look by HTTP; make one with: transom pass add NAME");
        }
        let due = Instant::now() + LOOK;
        let door = Self {
            passes: Some(Watched {
                files,
                boxes,
                seen,
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

    /// Takes the passes again if their file has changed. If it can't be read, nobody may look: a
    /// pass may have been removed.
    pub(crate) fn on_time(&mut self, handle: &Handle, output: &Output) {
        let now = Instant::now();
        let Some(watched) = self.passes.as_mut().filter(|watched| watched.due <= now) else {
            return;
        };
        watched.due = now + LOOK;
        let version = watched.files.version();
        if std::mem::replace(&mut watched.seen, version) == version {
            return;
        }
        let passes = watched.files.read().unwrap_or_else(|failure| {
            output.complain(failure.to_string());
            Passes::default()
        });
        let count = passes.iter().count();
        handle.replace_access(Access::Passes(passes));
        output.say(
            format!("the passes were read again: {count}"),
            json!({"event": "passes", "passes": count}),
        );
    }

    /// Keeps where the door is and when passes were used, and says that the first client looks or listens and that the
    /// last one left.
    pub(crate) fn notice(&mut self, notice: &Notice, output: &Output) {
        match (notice, &self.passes) {
            (Notice::HttpListening { address }, Some(watched)) => {
                let place = DoorPlace {
                    address: *address,
                    boxes: watched.boxes.clone(),
                };
                if let Err(failure) = watched.files.keep_door(&place) {
                    output.warn(failure.to_string());
                }
            }
            (Notice::PassesUsed { passes }, Some(watched)) => {
                if let Err(failure) = watched.files.keep_uses(passes) {
                    output.warn(failure.to_string());
                }
            }
            (Notice::HttpViewers(viewers), _) => {
                let is_watched = viewers.count > 0;
                if is_watched != std::mem::replace(&mut self.is_watched, is_watched) {
                    output.say(
                        watching_words(viewers),
                        json!({"event": "http_viewers", "viewers": viewers.count,
                               "passes": viewers.passes}),
                    );
                }
                let is_heard = viewers.listeners > 0;
                if is_heard != std::mem::replace(&mut self.is_heard, is_heard) {
                    let words = match is_heard {
                        true => "a client is listening by HTTP",
                        false => "nobody is listening by HTTP any more",
                    };
                    output.say(
                        words,
                        json!({"event": "http_listeners", "listeners": viewers.listeners,
                               "passes": viewers.passes}),
                    );
                }
            }
            _ => {}
        }
    }
}

/// `octoprint is watching by HTTP`.
fn watching_words(viewers: &HttpViewers) -> String {
    let passes = viewers.passes.join(", ");
    match (viewers.count, viewers.passes.len()) {
        (0, _) => "nobody is watching by HTTP any more".to_owned(),
        (_, 0) => "a client is watching by HTTP".to_owned(),
        (_, 1) => format!("{passes} is watching by HTTP"),
        _ => format!("{passes} are watching by HTTP"),
    }
}

/// An address to listen at, with a port or without one for [`HTTP_PORT`].
pub(crate) fn http_address(text: &str) -> Result<SocketAddr, String> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let alone = || Some(SocketAddr::new(bare.parse().ok()?, HTTP_PORT));
    text.parse().ok().or_else(alone).ok_or_else(|| {
        "an IP address of this machine, with or without :PORT; 127.0.0.1 is this machine alone, \
         0.0.0.0 is all networks"
            .to_owned()
    })
}

/// Where OctoPi's and MainsailOS's proxies look for a camera.
pub(crate) const HTTP: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), HTTP_PORT);

const HTTP_PORT: u16 = 8080;

/// How often the file of passes is looked at: a removed pass ends its streams so soon.
const LOOK: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_leave_the_port_out() {
        assert_eq!(http_address("127.0.0.1"), Ok(HTTP));
        assert_eq!(http_address("[::]:81"), Ok("[::]:81".parse().unwrap()));
        assert!(http_address("here").is_err());
    }
}

//! `cargo xtask clients`: whether programs that people have already show the pictures of a camera
//! box's HTTP door. Each takes pictures with a valid pass, in each way in which it can carry one,
//! and must get none with a removed pass. What is not installed is skipped, by name.

pub(crate) mod browsers;
pub(crate) mod cdp;
pub(crate) mod door;
pub(crate) mod marionette;
mod players;
pub(crate) mod proxies;
mod python;
pub(crate) mod visit;
pub(crate) mod webkit;

use crate::failure::{Context as _, Failure, Outcome};
use crate::packages::{self, Need};
use crate::step;
use crate::workspace;

use door::Door;
use proxies::Front;
use python::Venv;
use visit::{Carrier, Visit, WANTED};

/// A program that people have already.
struct Client {
    name: &'static str,
    needs: &'static [Needed],
    /// The ways in which it can carry a pass.
    carriers: &'static [Carrier],
    /// Runs it, and counts the pictures that it shows, each different from the one before; at most
    /// a few more than [`WANTED`]. A program that the door refuses shows none.
    look: fn(&Visit) -> Outcome<usize>,
    /// What stands between it and the door.
    front: Option<Front>,
}

/// Where a client comes from.
enum Needed {
    Debian(&'static Need),
    Python(&'static Venv),
}

impl Needed {
    fn is_met(&self) -> bool {
        match self {
            Self::Debian(need) => (need.is_met)(),
            Self::Python(venv) => venv.is_installed(),
        }
    }

    /// What to install, for users.
    fn words(&self) -> String {
        match self {
            Self::Debian(need) => format!("apt-get install {}", need.packages.join(" ")),
            Self::Python(_) => "cargo xtask clients --install".into(),
        }
    }
}

/// The light ones first: `cargo xtask test` runs them.
const LIGHT: &[Client] = &[
    Client {
        name: "ffmpeg",
        needs: &[Needed::Debian(&packages::FFMPEG)],
        carriers: &[Carrier::Link, Carrier::Basic, Carrier::Bearer],
        look: players::ffmpeg,
        front: None,
    },
    Client {
        name: "mpv",
        needs: &[Needed::Debian(&packages::MPV)],
        carriers: &[Carrier::Link, Carrier::Basic, Carrier::Bearer],
        look: players::mpv,
        front: None,
    },
    Client {
        name: "Chromium, the page",
        needs: &[Needed::Debian(&packages::CHROMIUM)],
        carriers: &[Carrier::Bearer],
        look: browsers::chromium_page,
        front: None,
    },
    Client {
        name: "Chromium, <img>",
        needs: &[Needed::Debian(&packages::CHROMIUM)],
        carriers: &[Carrier::Link],
        look: browsers::chromium_img,
        front: None,
    },
];

const OTHERS: &[Client] = &[
    Client {
        name: "VLC",
        needs: &[Needed::Debian(&packages::VLC)],
        carriers: &[Carrier::Link, Carrier::Basic],
        look: players::vlc,
        front: None,
    },
    Client {
        name: "GStreamer",
        needs: &[Needed::Debian(&packages::GSTREAMER)],
        carriers: &[Carrier::Link, Carrier::Basic, Carrier::Bearer],
        look: players::gstreamer,
        front: None,
    },
    Client {
        name: "OpenCV",
        needs: &[Needed::Debian(&packages::OPENCV)],
        carriers: &[Carrier::Link, Carrier::Basic, Carrier::Bearer],
        look: players::opencv,
        front: None,
    },
    Client {
        name: "motion",
        needs: &[Needed::Debian(&packages::MOTION)],
        carriers: &[Carrier::Link, Carrier::Basic],
        look: players::motion,
        front: None,
    },
    Client {
        name: "Firefox, the page",
        needs: &[Needed::Debian(&packages::FIREFOX)],
        carriers: &[Carrier::Bearer],
        look: browsers::firefox_page,
        front: None,
    },
    Client {
        name: "Firefox, <img>",
        needs: &[Needed::Debian(&packages::FIREFOX)],
        carriers: &[Carrier::Link],
        look: browsers::firefox_img,
        front: None,
    },
    Client {
        name: "WebKitGTK, the page",
        needs: &[Needed::Debian(&packages::WEBKIT)],
        carriers: &[Carrier::Bearer],
        look: browsers::webkit_page,
        front: None,
    },
    Client {
        name: "WebKitGTK, <img>",
        needs: &[Needed::Debian(&packages::WEBKIT)],
        carriers: &[Carrier::Link],
        look: browsers::webkit_img,
        front: None,
    },
    Client {
        name: "nginx, ffmpeg",
        needs: &[
            Needed::Debian(&packages::NGINX),
            Needed::Debian(&packages::FFMPEG),
        ],
        carriers: &[Carrier::Link, Carrier::Basic, Carrier::Bearer],
        look: players::ffmpeg,
        front: Some(proxies::nginx),
    },
    Client {
        name: "nginx, Chromium's page",
        needs: &[
            Needed::Debian(&packages::NGINX),
            Needed::Debian(&packages::CHROMIUM),
        ],
        carriers: &[Carrier::Bearer],
        look: browsers::chromium_page,
        front: Some(proxies::nginx),
    },
    Client {
        name: "nginx, Chromium's <img>",
        needs: &[
            Needed::Debian(&packages::NGINX),
            Needed::Debian(&packages::CHROMIUM),
        ],
        carriers: &[Carrier::Link],
        look: browsers::chromium_img,
        front: Some(proxies::nginx),
    },
    Client {
        name: "nginx, Firefox's page",
        needs: &[
            Needed::Debian(&packages::NGINX),
            Needed::Debian(&packages::FIREFOX),
        ],
        carriers: &[Carrier::Bearer],
        look: browsers::firefox_page,
        front: Some(proxies::nginx),
    },
    Client {
        name: "nginx, WebKitGTK's page",
        needs: &[
            Needed::Debian(&packages::NGINX),
            Needed::Debian(&packages::WEBKIT),
        ],
        carriers: &[Carrier::Bearer],
        look: browsers::webkit_page,
        front: Some(proxies::nginx),
    },
    Client {
        name: "bridge, ffmpeg",
        needs: &[Needed::Debian(&packages::FFMPEG)],
        carriers: &[Carrier::Link, Carrier::Basic, Carrier::Bearer],
        look: players::ffmpeg,
        front: Some(proxies::bridge),
    },
    Client {
        name: "bridge, Chromium's page",
        needs: &[Needed::Debian(&packages::CHROMIUM)],
        carriers: &[Carrier::Bearer],
        look: browsers::chromium_page,
        front: Some(proxies::bridge),
    },
    Client {
        name: "bridge, Chromium's <img>",
        needs: &[Needed::Debian(&packages::CHROMIUM)],
        carriers: &[Carrier::Link],
        look: browsers::chromium_img,
        front: Some(proxies::bridge),
    },
    Client {
        name: "HAProxy, ffmpeg",
        needs: &[
            Needed::Debian(&packages::HAPROXY),
            Needed::Debian(&packages::FFMPEG),
        ],
        carriers: &[Carrier::Link],
        look: players::ffmpeg,
        front: Some(proxies::haproxy),
    },
    Client {
        name: "HAProxy, Chromium's page",
        needs: &[
            Needed::Debian(&packages::HAPROXY),
            Needed::Debian(&packages::CHROMIUM),
        ],
        carriers: &[Carrier::Bearer],
        look: browsers::chromium_page,
        front: Some(proxies::haproxy),
    },
    Client {
        name: "HAProxy, Chromium's <img>",
        needs: &[
            Needed::Debian(&packages::HAPROXY),
            Needed::Debian(&packages::CHROMIUM),
        ],
        carriers: &[Carrier::Link],
        look: browsers::chromium_img,
        front: Some(proxies::haproxy),
    },
    Client {
        name: "OctoPrint",
        needs: &[Needed::Python(&python::OCTOPRINT)],
        carriers: &[Carrier::Link, Carrier::Basic, Carrier::Bearer],
        look: python::octoprint,
        front: None,
    },
    Client {
        name: "Moonraker",
        needs: &[Needed::Python(&python::MOONRAKER)],
        carriers: &[Carrier::Link],
        look: python::moonraker,
        front: None,
    },
    Client {
        name: "Home-Assistant, MJPEG",
        needs: &[Needed::Python(&python::HOME_ASSISTANT)],
        carriers: &[Carrier::Link, Carrier::Basic],
        look: python::mjpeg_camera,
        front: None,
    },
    Client {
        name: "Home-Assistant, Generic",
        needs: &[Needed::Python(&python::HOME_ASSISTANT)],
        carriers: &[Carrier::Link, Carrier::Basic],
        look: python::generic_camera,
        front: None,
    },
];

pub(crate) fn run(arguments: &[&str]) -> Outcome {
    let options = Options::parse(arguments)?;
    let clients: Vec<&Client> = options.clients();
    if options.install {
        install(&clients)?;
    }
    let build = "build --locked --workspace --bin transom";
    step::run("building transom", &mut workspace::cargo(build.split(' ')))?;
    let door = Door::open()?;
    let mut failed = Vec::new();
    for client in clients {
        if let Some(need) = client.needs.iter().find(|need| !need.is_met()) {
            println!(
                "{:<26} skipped: not installed ({})",
                client.name,
                need.words()
            );
            continue;
        }
        for carrier in client.carriers {
            let verdict = judge(client, *carrier, &door);
            let words = match &verdict {
                Ok(pictures) => format!("{pictures} pictures; nothing by a removed pass"),
                Err(why) => format!("FAILED: {why}"),
            };
            println!("{:<26} {:<8} {words}", client.name, carrier.name());
            if verdict.is_err() {
                failed.push(client.name);
            }
        }
    }
    failed.dedup();
    match failed.is_empty() {
        true => Ok(()),
        false => Err(Failure::new(format!("clients: {}", failed.join(", ")))),
    }
}

fn install(clients: &[&Client]) -> Outcome {
    let needs = || clients.iter().flat_map(|client| client.needs);
    let debian = needs().filter_map(|need| match need {
        Needed::Debian(need) => Some(*need),
        Needed::Python(_) => None,
    });
    packages::ensure(&debian.collect::<Vec<_>>())?;
    for need in needs().filter(|need| !need.is_met()) {
        if let Needed::Python(venv) = need {
            packages::ensure(&[&packages::PYTHON])?;
            venv.install()?;
        }
    }
    Ok(())
}

/// The pictures that the client shows with a valid pass, if it shows none with a removed one.
fn judge(client: &Client, carrier: Carrier, door: &Door) -> Outcome<usize> {
    let shown = look(client, carrier, door, door.valid())?;
    if shown < WANTED {
        return Err(Failure::new(format!("{shown} pictures of {WANTED}")));
    }
    match look(client, carrier, door, door.removed())? {
        0 => Ok(shown),
        pictures => Err(Failure::new(format!(
            "{pictures} pictures by a removed pass"
        ))),
    }
}

fn look(client: &Client, carrier: Carrier, door: &Door, token: &str) -> Outcome<usize> {
    let mut visit = door.visit(carrier, token)?;
    let mut front = None;
    if let Some(start) = client.front {
        let (program, place) = start(door, &visit)?;
        visit = visit.behind(&place);
        front = Some(program);
    }
    let shown = (client.look)(&visit).context(client.name)?;
    // No picture is no refusal if the door has gone.
    visit.ask_state(door.valid())?;
    drop(front);
    Ok(shown)
}

struct Options<'a> {
    names: Vec<&'a str>,
    install: bool,
    light: bool,
}

impl<'a> Options<'a> {
    fn parse(arguments: &[&'a str]) -> Outcome<Self> {
        let mut options = Self {
            names: Vec::new(),
            install: false,
            light: false,
        };
        for argument in arguments {
            match *argument {
                "--install" => options.install = true,
                "--light" => options.light = true,
                name if all().any(|client| is_named(client, name)) => options.names.push(name),
                other => {
                    let names = all().map(first_word).collect::<Vec<_>>();
                    let mut names: Vec<_> = names.iter().map(String::as_str).collect();
                    names.dedup();
                    return Err(Failure::usage(format!(
                        "clients: {other}: not known (there are {})",
                        names.join(", ")
                    )));
                }
            }
        }
        Ok(options)
    }

    fn clients(&self) -> Vec<&'static Client> {
        let known = all().take(if self.light { LIGHT.len() } else { usize::MAX });
        let wanted = |client: &&Client| {
            self.names.is_empty() || self.names.iter().any(|name| is_named(client, name))
        };
        known.filter(wanted).collect()
    }
}

fn all() -> impl Iterator<Item = &'static Client> {
    LIGHT.iter().chain(OTHERS)
}

fn is_named(client: &Client, name: &str) -> bool {
    first_word(client) == name.to_lowercase()
}

/// The client's name on the command line.
fn first_word(client: &Client) -> String {
    let words = client.name.split([' ', ',']);
    words.take(1).map(str::to_lowercase).collect()
}

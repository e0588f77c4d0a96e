//! `cargo xtask bench door age`: how old the pictures of the door are on the screen of a browser.
//!
//! The camera gives a second of the test pattern again and again, in which the shade of the lowest
//! part tells the picture's place in that second. A script in the browser (`age.js`) reads what is
//! shown at each refresh of the screen, and knows from `X-Timestamp` when a picture of each shade
//! was captured. So an age is known up to whole seconds.
//!
//! The browser and its driver run in the network namespace of the receiver, as a process of this
//! program: [`look`].

use std::env;
use std::fmt;
use std::fs;
use std::io::{self, Write as _};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::children::Background;
use crate::clients::browsers::{self, Browser};
use crate::clients::cdp::Chromium;
use crate::clients::door::add_pass;
use crate::clients::marionette::Firefox;
use crate::clients::proxies::nginx_at;
use crate::clients::visit::{Carrier, Visit};
use crate::clients::webkit::WebKit;
use crate::failure::{Context, Failure, Outcome};
use crate::packages::{self, Need};
use crate::sandbox::{STARTING, Sandbox, User, is_event};

use super::super::film::Pictures;
use super::super::lab::{Lab, Shape};
use super::super::{number, packaged_programs};
use super::{JPEG_BYTES, verdict};

pub(super) fn run(arguments: &[&str]) -> Outcome {
    let seconds = number(arguments, "--seconds", 10)?;
    let has_row = arguments.contains(&"--row");
    let row = has_row.then(|| number(arguments, "--row", 1)).transpose()?;
    packages::need_root("it makes network namespaces")?;
    packages::ensure(&[&packages::LINK, &packages::NGINX])?;
    let sandbox = Sandbox::with_programs(packaged_programs(arguments)?)?;
    let bench = Bench::new(&sandbox, seconds)?;
    println!(
        "age of the pictures on the screen: 1280x720, {} KB, {FPS} a second",
        JPEG_BYTES / 1000
    );
    for (number, way) in (1..).zip(&WAYS) {
        if row.is_none_or(|row| row == number) {
            bench.measure(number, way)?;
        }
    }
    Ok(())
}

/// Pictures of the film, which takes a second.
const FPS: u32 = 30;

/// How a browser gets its pictures.
struct Way {
    browser: Name,
    shows: Shows,
    /// Mbit/s and bytes of the queue, of a link that isn't loopback.
    link: Option<(f64, u32)>,
    is_behind_nginx: bool,
    /// The largest median in milliseconds.
    goal: Option<f64>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Name {
    Chromium,
    Firefox,
    WebKit,
}

impl Name {
    const ALL: [Self; 3] = [Self::Chromium, Self::Firefox, Self::WebKit];

    fn need(self) -> &'static Need {
        match self {
            Self::Chromium => &packages::CHROMIUM,
            Self::Firefox => &packages::FIREFOX,
            Self::WebKit => &packages::WEBKIT,
        }
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Shows {
    /// The door's page for people.
    Page,
    /// An `<img>` of the stream in another page.
    Img,
}

impl Shows {
    const ALL: [Self; 2] = [Self::Page, Self::Img];
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?}", self.browser, self.shows)?;
        match self.link {
            Some((mbit, queue)) => write!(f, ", {mbit} Mbit/s, {} KB FIFO", queue / 1000)?,
            None => write!(f, ", loopback")?,
        }
        match self.is_behind_nginx {
            true => write!(f, ", nginx"),
            false => Ok(()),
        }
    }
}

const WAYS: [Way; 14] = [
    Way::loopback(Name::Chromium, Shows::Page),
    Way::loopback(Name::Chromium, Shows::Img),
    Way::loopback(Name::Firefox, Shows::Page),
    Way::loopback(Name::Firefox, Shows::Img),
    Way::loopback(Name::WebKit, Shows::Page),
    Way::loopback(Name::WebKit, Shows::Img),
    Way::link(Name::Chromium, Shows::Page, false, Some(160.0)),
    Way::link(Name::Firefox, Shows::Page, false, Some(160.0)),
    Way::link(Name::WebKit, Shows::Page, false, Some(160.0)),
    Way::link(Name::Chromium, Shows::Page, true, Some(160.0)),
    Way::link(Name::Firefox, Shows::Page, true, Some(160.0)),
    Way::link(Name::WebKit, Shows::Page, true, Some(160.0)),
    Way::link(Name::Chromium, Shows::Img, false, None),
    Way::link(Name::Chromium, Shows::Img, true, None),
];

impl Way {
    const fn loopback(browser: Name, shows: Shows) -> Self {
        Self {
            browser,
            shows,
            link: None,
            is_behind_nginx: false,
            goal: Some(60.0),
        }
    }

    const fn link(browser: Name, shows: Shows, is_behind_nginx: bool, goal: Option<f64>) -> Self {
        Self {
            browser,
            shows,
            link: Some((8.0, 500_000)),
            is_behind_nginx,
            goal,
        }
    }

    fn shape(&self) -> Shape {
        match self.link {
            Some((mbit, queue_bytes)) => Shape::new(mbit, queue_bytes),
            None => Shape::LOOPBACK,
        }
    }
}

/// The camera's pictures and its user, who has a pass.
struct Bench<'a> {
    seconds: u32,
    sandbox: &'a Sandbox,
    source: String,
    camera: User,
    token: String,
}

impl<'a> Bench<'a> {
    fn new(sandbox: &'a Sandbox, seconds: u32) -> Outcome<Self> {
        let film = sandbox.path("film.mjpeg");
        let pictures = Pictures::record(sandbox)?;
        let padded = pictures.padded_behind_blocks(JPEG_BYTES)?;
        fs::write(&film, padded.concat()).context(film.display())?;
        let program = env::current_exe().context("this program")?;
        let (program, film) = (program.display(), film.display());
        let camera = sandbox.user("box")?;
        let token = add_pass(&camera, "bench")?;
        Ok(Self {
            seconds,
            sandbox,
            source: format!("cmd:{program} bench door {PLAYER} {film}"),
            camera,
            token,
        })
    }

    fn measure(&self, number: u32, way: &Way) -> Outcome {
        if !(way.browser.need().is_met)() {
            let packages = way.browser.need().packages.join(" ");
            println!("{number:>2} {way}: skipped: not installed (apt-get install {packages})");
            return Ok(());
        }
        let folder = self.sandbox.path(&format!("visit-{number}"));
        fs::create_dir(&folder).context(folder.display())?;
        let lab = Lab::new(&way.shape(), false)?;
        let (sender, host) = lab.sender();
        let listen = format!("{host}:{DOOR_PORT}");
        let camera = ["camera", "--source", &self.source, "--http", &listen];
        let camera = [&camera[..], &["--listen", "127.0.0.1:0", "--json"]].concat();
        let camera = self
            .camera
            .transom(&[&camera[..], &["--no-announce"]].concat());
        let camera = Background::start(&mut sender.inside(&camera))?;
        camera.line(STARTING, |line| {
            is_event(line, "http_listening").then_some(())
        })?;
        let mut place = listen;
        let visit = Visit::new(&place, Carrier::Link, &self.token, folder.clone());
        let mut proxy = None;
        if way.is_behind_nginx {
            let listen = format!("{host}:{PROXY_PORT}");
            let nginx = nginx_at(&visit, &listen)?;
            proxy = Some(Background::start(&mut sender.inside(&nginx))?);
            place = format!("{listen}/webcam");
        }
        // Its end is that of all processes of the browser.
        let mut look = Command::new("env");
        look.args([WEBKIT_WITHOUT_GL, "unshare"]);
        look.args(["--pid", "--fork", "--kill-child", "--mount-proc"]);
        look.arg(env::current_exe().context("this program")?);
        look.args(["bench", "door", LOOK]);
        look.arg(format!("{:?}", way.browser));
        look.arg(format!("{:?}", way.shows));
        look.args([&place, &self.token, &self.seconds.to_string()]);
        look.arg(&folder);
        let (receiver, _) = lab.receiver();
        let look = Background::start(&mut receiver.inside(&look))?;
        let timeout = LOOKING + Duration::from_secs(self.seconds.into());
        let line = look.line(timeout, |line| {
            line.contains("\"age ").then(|| line.to_owned())
        })?;
        drop(proxy);
        let age = Age::of(&line).ok_or_else(|| Failure::new(format!("{way}: {line}")))?;
        print(number, way, &age, self.seconds);
        Ok(())
    }
}

/// A browser's answer.
struct Age {
    p50: f64,
    p99: f64,
    pictures: f64,
    looks: f64,
    spread: f64,
}

impl Age {
    fn of(line: &str) -> Option<Self> {
        let field = |name: &str| {
            let (_, rest) = line.split_once(name)?;
            let number = rest.split(|letter: char| !(letter.is_ascii_digit() || letter == '.'));
            number.into_iter().next()?.parse().ok()
        };
        Some(Self {
            p50: field("p50=")?,
            p99: field("p99=")?,
            pictures: field("pictures=")?,
            looks: field("looks=")?,
            spread: field("spread=")?,
        })
    }
}

fn print(number: u32, way: &Way, age: &Age, seconds: u32) {
    let Age {
        p50, p99, spread, ..
    } = age;
    let each = |count: f64| count / f64::from(seconds);
    let goal = way.goal.map_or_else(String::new, |goal| {
        format!(", goal {goal}{}", verdict(*p50 <= goal))
    });
    println!(
        "{number:>2} {way}: p50 {p50:.0} ms, p99 {p99:.0} ms, {:.1} pictures and {:.0} looks a \
         second, known to {spread:.0} ms{goal}",
        each(age.pictures),
        each(age.looks),
    );
}

/// On a machine without a graphics card WebKit would emulate OpenGL, and show half the pictures.
const WEBKIT_WITHOUT_GL: &str = "WEBKIT_DISABLE_COMPOSITING_MODE=1";

/// How long a browser may take, without the time of the measurement.
const LOOKING: Duration = Duration::from_secs(120);

const DOOR_PORT: u16 = 8080;
const PROXY_PORT: u16 = 8081;

/// The command of [`play`].
pub(super) const PLAYER: &str = "play";

/// Gives the pictures of a film, each at its time: what a camera's program would give. A picture
/// that is late is given at once, so that all keep their place in their second.
pub(super) fn play(arguments: &[&str]) -> Outcome {
    let [film] = arguments else {
        return Err(Failure::usage("bench door play FILM"));
    };
    let film = fs::read(film).context(film)?;
    let (start, mut out) = (Instant::now(), io::stdout().lock());
    for (number, picture) in (0..).zip(film.chunks(JPEG_BYTES).cycle()) {
        let due = start + Duration::from_secs(1) * number / FPS;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        if out.write_all(picture).is_err() {
            break; // The camera was closed.
        }
    }
    Ok(())
}

/// The command of [`look`].
pub(super) const LOOK: &str = "look";

/// Shows the door in a browser of this network namespace, and prints how old its pictures are.
pub(super) fn look(arguments: &[&str]) -> Outcome {
    let [browser, shows, place, token, seconds, folder] = arguments else {
        return Err(Failure::usage(
            "bench door look BROWSER SHOWS PLACE TOKEN SECONDS FOLDER",
        ));
    };
    let visit = Visit::new(place, Carrier::Link, token, folder.into());
    let shows = Shows::ALL
        .into_iter()
        .find(|it| format!("{it:?}") == *shows);
    let shows = shows.ok_or_else(|| Failure::usage("Page or Img"))?;
    let name = Name::ALL
        .into_iter()
        .find(|it| format!("{it:?}") == *browser);
    let name = name.ok_or_else(|| Failure::usage("Chromium, Firefox or WebKit"))?;
    let age = match name {
        Name::Chromium => age(&mut Chromium::start(&visit)?, shows, &visit, seconds),
        Name::Firefox => age(&mut Firefox::start(&visit)?, shows, &visit, seconds),
        Name::WebKit => age(&mut WebKit::start(&visit)?, shows, &visit, seconds),
    };
    println!("{}", age?);
    Ok(())
}

fn age(browser: &mut impl Browser, shows: Shows, visit: &Visit, seconds: &str) -> Outcome<String> {
    let (link, picture, is_shown) = match shows {
        Shows::Page => (
            format!("{}#{}", visit.bare_link("/"), visit.token()),
            "document.getElementById('picture')",
            "document.querySelector('#picture:not([hidden])') !== null",
        ),
        Shows::Img => {
            // A page of the door's origin whose pixels may be read, without the policy of its page.
            (
                visit.link("/none"),
                "document.images[0]",
                "document.images[0].naturalWidth > 0",
            )
        }
    };
    browsers::open(browser, &link)?;
    if shows == Shows::Img {
        let stream = visit.link("/stream");
        let img = "document.body.appendChild(document.createElement('img'))";
        browser.evaluate(&format!("({img}.src = '{stream}', true)"))?;
    }
    wait_for(browser, is_shown)?;
    let (door, token) = (visit.bare_link(""), visit.token());
    let names = format!(
        "const DOOR = '{door}', TOKEN = '{token}', SECONDS = {seconds}, PICTURE = {picture};"
    );
    let script = format!("(() => {{ {names}\n{AGE}; return true; }})()");
    browser.evaluate(&script)?;
    wait_for(browser, "document.title.startsWith('age ')")?;
    browser.evaluate("document.title")
}

const AGE: &str = include_str!("age.js");

/// Asks rarely, because each question takes time of the browser.
fn wait_for(browser: &mut impl Browser, expression: &str) -> Outcome {
    let last = Instant::now() + LOOKING;
    while !browser.is(expression)? {
        if Instant::now() >= last {
            return Err(Failure::new(format!("the browser: never {expression}")));
        }
        thread::sleep(Duration::from_millis(500));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_read_out_of_what_a_driver_answers() {
        let answer = r#"{"value":"age p50=24.5 p99=41.0 pictures=299 looks=600 spread=1.5"}"#;
        let age = Age::of(answer).unwrap();
        assert_eq!((age.p50, age.spread), (24.5, 1.5));
        assert!(Age::of(r#"{"value":"age failed: TypeError "}"#).is_none());
    }
}

//! Notifies the service manager by systemd's protocol (`sd_notify(3)`): each message is a datagram
//! of `NAME=value` lines. Without `NOTIFY_SOCKET` nothing is sent.
//!
//! The watchdog (`WatchdogSec=`) is fed by the answers of the station's loop to pings. A camera
//! that stops is no reason for a restart: the loop notices that, says that the camera is lost, and
//! opens it again. Each answer tells how long that may take by the camera's own pace. Only if a
//! camera stays live for longer than that, and than the watchdog's whole time, while no viewer gets
//! a picture of it, the watchdog is not fed, and the manager restarts the program.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use transom::people::escape;
use transom::{CallKind, CameraState, Handle, Notice, PeerName};

use crate::format::count;
use crate::words::{camera_words, with_text};

/// The service manager, if there is one, and what was sent to it.
#[derive(Debug)]
pub(crate) struct Service {
    socket: Option<UnixDatagram>,
    watchdog: Option<Watchdog>,
    /// `Some` for a camera box only.
    activity: Option<Activity>,
    /// The last `STATUS=`.
    status: String,
}

impl Service {
    /// The manager of a camera box, as the environment names it.
    pub(crate) fn of_camera() -> Self {
        Self::from_env(Some(Activity::default()))
    }

    /// The manager of an inbox or a bridge.
    pub(crate) fn without_camera() -> Self {
        Self::from_env(None)
    }

    fn from_env(activity: Option<Activity>) -> Self {
        let socket = env::var_os("NOTIFY_SOCKET").and_then(|name| {
            let complain =
                |error: &io::Error| log::warn!("can't notify {}: {error}", name.display());
            connect(&name).inspect_err(complain).ok()
        });
        let variable = |name| -> Option<u64> { env::var(name).ok()?.parse().ok() };
        let is_for_us =
            variable("WATCHDOG_PID").is_none_or(|id| id == u64::from(std::process::id()));
        let time = variable("WATCHDOG_USEC").filter(|time| *time > 0 && is_for_us);
        let time = time.filter(|_| socket.is_some()).map(Duration::from_micros);
        Self {
            socket,
            watchdog: time.map(|time| Watchdog::new(time, Instant::now())),
            activity,
            status: String::new(),
        }
    }

    /// Everything is set up, and peers can connect.
    pub(crate) fn ready(&mut self, handle: &Handle) {
        if self.watchdog.is_some() && self.activity.is_some() {
            handle.measure(true);
        }
        self.tell("READY=1");
        self.tell_status();
    }

    /// The program ends in good order.
    pub(crate) fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    /// When to call [`on_time`](Self::on_time).
    pub(crate) fn due(&self) -> Option<Instant> {
        self.watchdog.as_ref().map(|watchdog| watchdog.next_ping)
    }

    /// Pings the loop, at each half of the watchdog's time.
    pub(crate) fn on_time(&mut self, handle: &Handle) {
        let now = Instant::now();
        if let Some(watchdog) = &mut self.watchdog
            && watchdog.next_ping <= now
        {
            watchdog.next_ping = now + watchdog.time / 2;
            handle.ping();
        }
    }

    pub(crate) fn notice(&mut self, notice: &Notice) {
        if self.socket.is_none() {
            return;
        }
        let now = Instant::now();
        if let Some(activity) = &mut self.activity {
            activity.notice(notice, now);
        }
        if let (Notice::Pong { camera_patience }, Some(watchdog)) = (notice, &self.watchdog) {
            let time = watchdog.without_pictures(*camera_patience);
            let is_stuck = |activity: &Activity| activity.is_stuck(time, now);
            match self.activity.as_ref().is_some_and(is_stuck) {
                true => log::error!("viewers get no pictures of a live camera"),
                false => self.tell("WATCHDOG=1"),
            }
        }
        self.tell_status();
    }

    fn tell_status(&mut self) {
        let Some(status) = self.activity.as_ref().map(Activity::status) else {
            return;
        };
        if status != self.status {
            self.tell(&format!("STATUS={status}"));
            self.status = status;
        }
    }

    /// A manager that doesn't read must not keep the box waiting.
    fn tell(&self, message: &str) {
        if let Some(socket) = &self.socket
            && let Err(error) = socket.send(message.as_bytes())
        {
            log::debug!("the service manager did not get {message}: {error}");
        }
    }
}

/// An address that begins with `@` is in Linux's abstract namespace.
fn connect(name: &OsStr) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    match name.as_bytes() {
        #[cfg(target_os = "linux")]
        [b'@', name @ ..] => {
            use std::os::linux::net::SocketAddrExt as _;
            use std::os::unix::net::SocketAddr;
            socket.connect_addr(&SocketAddr::from_abstract_name(name)?)?;
        }
        _ => socket.connect(name)?,
    }
    socket.set_nonblocking(true)?;
    Ok(socket)
}

#[derive(Debug)]
struct Watchdog {
    /// The program counts as hung after so long without `WATCHDOG=1`.
    time: Duration,
    next_ping: Instant,
}

impl Watchdog {
    fn new(time: Duration, now: Instant) -> Self {
        let next_ping = now;
        Self { time, next_ping }
    }

    /// How long viewers may get no pictures of a live camera that has such a patience.
    fn without_pictures(&self, camera_patience: Duration) -> Duration {
        self.time.max(LEAST_WITHOUT_PICTURES).max(camera_patience)
    }
}

/// Viewers, the camera, and whether pictures pass from one to the other.
#[derive(Debug, Default)]
struct Activity {
    /// Calls that show the camera. The station bounds their number.
    calls: Vec<(PeerName, CallKind)>,
    camera: Option<(CameraState, String)>,
    /// Clients that look by HTTP, and how many pictures the camera gave for them.
    http: (usize, u64),
    /// Pictures for each peer since its connection began.
    pictures: BTreeMap<PeerName, u64>,
    /// When the last picture came, or could have begun to come.
    last_picture: Option<Instant>,
}

impl Activity {
    fn notice(&mut self, notice: &Notice, now: Instant) {
        let was_flowing = self.should_flow();
        match notice {
            Notice::CallStarted { peer, kind, .. } => self.calls.push((*peer, *kind)),
            Notice::CallEnded { peer, kind, .. } | Notice::CallInterrupted { peer, kind, .. } => {
                self.calls.retain(|call| *call != (*peer, *kind));
            }
            Notice::Left { peer, .. } => {
                self.pictures.remove(peer);
            }
            Notice::Camera { state, text } => self.camera = Some((*state, text.clone())),
            Notice::Measured { peer, numbers } => {
                // Pictures that a slow link dropped count too, because the camera gave them.
                let count = numbers.pictures_sent + numbers.pictures_dropped;
                if self.pictures.insert(*peer, count) != Some(count) {
                    self.last_picture = Some(now);
                }
            }
            Notice::HttpViewers(viewers) => {
                // Those that a slow client missed count too.
                let (_, given) = std::mem::replace(&mut self.http, (viewers.count, viewers.given));
                if given != viewers.given {
                    self.last_picture = Some(now);
                }
            }
            _ => return,
        }
        if !was_flowing {
            self.last_picture = Some(now);
        }
    }

    /// Whether pictures have to come now.
    fn should_flow(&self) -> bool {
        let is_watched = !self.calls.is_empty() || self.http.0 > 0;
        is_watched && matches!(self.camera, Some((CameraState::Live, _)))
    }

    /// Whether pictures should come, but none has come for `time`.
    fn is_stuck(&self, time: Duration, now: Instant) -> bool {
        let since = self.last_picture.filter(|_| self.should_flow());
        since.is_some_and(|since| now.saturating_duration_since(since) > time)
    }

    /// One line for `systemctl status`.
    fn status(&self) -> String {
        let camera = match &self.camera {
            Some((state, text)) => with_text(camera_words(*state), text),
            None => camera_words(CameraState::Off).to_owned(),
        };
        let peers = || count(self.calls.len() as u64, "viewer");
        let viewers = match (self.calls.len(), self.http.0) {
            (_, 0) => peers(),
            (0, clients) => format!("{} by HTTP", count(clients as u64, "viewer")),
            (_, clients) => format!("{} and {clients} by HTTP", peers()),
        };
        escape(&format!("{viewers}; the camera {camera}")).into_owned()
    }
}

/// Pictures are counted once a second: a shorter time would be over between two counts.
const LEAST_WITHOUT_PICTURES: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use transom::{HttpViewers, Numbers};

    use super::*;

    const TIME: Duration = Duration::from_secs(30);

    fn peer() -> PeerName {
        "anna".parse().unwrap()
    }

    fn started() -> Notice {
        Notice::CallStarted {
            peer: peer(),
            kind: CallKind::View,
            outgoing: false,
            resumed: false,
        }
    }

    fn camera(state: CameraState) -> Notice {
        let text = String::new();
        Notice::Camera { state, text }
    }

    fn pictures(sent: u64, dropped: u64) -> Notice {
        let numbers = Numbers {
            pictures_sent: sent,
            pictures_dropped: dropped,
            ..Numbers::default()
        };
        let peer = peer();
        Notice::Measured { peer, numbers }
    }

    #[test]
    fn a_watched_live_camera_without_pictures_is_stuck() {
        let start = Instant::now();
        let mut activity = Activity::default();
        activity.notice(&started(), start);
        activity.notice(&camera(CameraState::Live), start);
        activity.notice(&pictures(5, 0), start + TIME);
        activity.notice(&pictures(5, 0), start + TIME * 2);
        assert!(!activity.is_stuck(TIME, start + TIME * 2));
        let late = start + TIME * 2 + Duration::from_secs(1);
        assert!(activity.is_stuck(TIME, late));
        // Pictures that a slow link drops are pictures.
        activity.notice(&pictures(5, 1), late);
        assert!(!activity.is_stuck(TIME, late + TIME));
    }

    #[test]
    fn a_slow_camera_is_not_stuck_before_its_silence_would_be_told() {
        let start = Instant::now();
        let watchdog = Watchdog::new(TIME, start);
        let mut activity = Activity::default();
        activity.notice(&started(), start);
        activity.notice(&camera(CameraState::Live), start);
        activity.notice(&pictures(1, 0), start);
        // A picture a minute.
        let patience = Duration::from_secs(60) * 10;
        let is_stuck = |patience, now| activity.is_stuck(watchdog.without_pictures(patience), now);
        assert!(!is_stuck(patience, start + patience));
        assert!(is_stuck(patience, start + patience + TIME));
        // A fast one: the watchdog's time counts.
        assert!(!is_stuck(Duration::ZERO, start + TIME));
        assert!(is_stuck(Duration::ZERO, start + TIME * 2));
    }

    fn http(count: usize, given: u64) -> Notice {
        let mut viewers = HttpViewers::default();
        (viewers.count, viewers.given) = (count, given);
        Notice::HttpViewers(viewers)
    }

    #[test]
    fn a_camera_that_only_http_clients_watch_is_fed_by_its_pictures() {
        let start = Instant::now();
        let second = Duration::from_secs(1);
        let mut activity = Activity::default();
        activity.notice(&camera(CameraState::Live), start);
        activity.notice(&http(1, 100), start);
        activity.notice(&http(1, 130), start + second);
        assert!(!activity.is_stuck(TIME, start + TIME));
        activity.notice(&http(1, 130), start + TIME);
        assert!(activity.is_stuck(TIME, start + TIME + second * 2));
        assert_eq!(activity.status(), "1 viewer by HTTP; the camera is live");
        activity.notice(&started(), start + TIME);
        activity.notice(&http(2, 131), start + TIME);
        assert_eq!(
            activity.status(),
            "1 viewer and 2 by HTTP; the camera is live"
        );
        activity.notice(&http(0, 131), start + TIME * 3);
        assert_eq!(activity.status(), "1 viewer; the camera is live");
        let mut alone = Activity::default();
        alone.notice(&camera(CameraState::Live), start);
        alone.notice(&http(0, 100), start);
        assert!(!alone.is_stuck(TIME, start + TIME * 2));
    }

    #[test]
    fn without_a_viewer_or_a_live_camera_nothing_is_stuck() {
        let start = Instant::now();
        let late = start + TIME * 10;
        let mut activity = Activity::default();
        assert!(!activity.is_stuck(TIME, late));
        activity.notice(&camera(CameraState::Live), start);
        assert!(!activity.is_stuck(TIME, late));
        activity.notice(&camera(CameraState::Lost), start);
        activity.notice(&started(), start);
        assert!(!activity.is_stuck(TIME, late));
        // The time starts when pictures can come.
        activity.notice(&camera(CameraState::Live), late);
        assert!(!activity.is_stuck(TIME, late + TIME));
    }

    #[test]
    fn the_status_is_one_line_of_viewers_and_camera() {
        let now = Instant::now();
        let mut activity = Activity::default();
        assert_eq!(activity.status(), "0 viewers; the camera is off");
        activity.notice(&started(), now);
        let (state, text) = (CameraState::Lost, "gone\nREADY=1".to_owned());
        activity.notice(&Notice::Camera { state, text }, now);
        assert_eq!(
            activity.status(),
            "1 viewer; the camera gives no pictures: gone\\u{a}READY=1"
        );
    }
}

//! Announces and asks by multicast DNS (RFC 6762, 6763), through the crate `mdns-sd`.
//!
//! Its thread `mDNS_daemon` has the sockets; ours, `nearby`, takes what it found. That crate bounds
//! neither the records it caches nor what a panic on a packet costs, so the first is watched here
//! and the second in `panics.rs`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use mdns_sd::{
    DaemonStatus, Error, IfKind, IfPredicate, Receiver, RecvTimeoutError, ResolvedService,
    ScopedIp, ServiceDaemon, ServiceEvent, ServiceInfo,
};
use transom_media::Slot;

use super::neighbours::Neighbours;
use super::record::{self, SERVICE};
use super::{Advert, Contacts, Job, News};
use crate::addresses::is_virtual;

/// The pause between two lists, so that a flood of announcements wakes the loop five times a
/// second.
const PAUSE: Duration = Duration::from_millis(200);

/// How often the cache is looked at: what a network of 100 Mbit/s brings in that time fits into
/// memory.
const CHECK: Duration = Duration::from_secs(1);

/// Checks in a row that the daemon may leave unanswered. It reads packets until none waits before
/// it does anything else, so a daemon that does not answer is flooded.
const MAX_UNANSWERED: u8 = 3;

/// The pause between the first part of an announcement and the list that has it: parts come for
/// each address family, up to 50 ms apart, and the first address of a list is the first to be
/// dialed.
const SETTLE: Duration = Duration::from_millis(100);

/// Records that the daemon may cache. A big office has some thousands.
const MAX_RECORDS: i64 = 16 * 1024;

/// Timers that the daemon may have. It adds two whenever a record is told again, and keeps them for
/// the lifetime that the record claims.
const MAX_TIMERS: i64 = 16 * MAX_RECORDS;

/// How long the end of a station waits for the goodbye to be sent.
const GOODBYE: Duration = Duration::from_millis(200);

/// The responder of one station. Its daemon starts with the first job that needs the network.
#[derive(Default)]
pub(crate) struct Mdns {
    running: Option<Running>,
    news: Arc<Slot<News>>,
}

struct Running {
    daemon: ServiceDaemon,
    shared: Arc<Shared>,
    /// What is announced, and its full name.
    registered: Option<(Advert, String)>,
    browses: bool,
}

/// What the loop leaves for the thread `nearby`.
struct Shared {
    /// The daemon's next events; the earlier ones end when it has begun with these.
    events: Mutex<Option<Receiver<ServiceEvent>>>,
    contacts: Mutex<Arc<Contacts>>,
}

impl Mdns {
    /// Does the job from now on. Returns what the thread `nearby` is to run, if it has to be
    /// started.
    pub(crate) fn apply(&mut self, job: &Job) -> Option<Listener> {
        let is_idle = job.advert.is_none() && !job.browses;
        if self.running.is_none() && is_idle {
            return None;
        }
        let (mut running, listener) = match self.running.take() {
            Some(running) => (running, None),
            None => match Running::start(self.news.clone()) {
                Ok((running, listener)) => (running, Some(listener)),
                Err(error) => {
                    self.fail(&error);
                    return None;
                }
            },
        };
        match running.apply(job) {
            Ok(()) => self.running = Some(running),
            Err(error) => {
                // The loop does not wait for its goodbye.
                drop(running.shut_down());
                self.fail(&error);
            }
        }
        listener
    }

    /// What the thread `nearby` has told last.
    pub(crate) fn news(&mut self) -> Option<News> {
        let news = self.news.take();
        if matches!(news, Some(News::Ended)) {
            self.running = None;
        }
        news
    }

    /// Says goodbye for what is announced.
    pub(crate) fn close(&mut self) {
        self.news.close();
        let ended = self.running.take().and_then(Running::shut_down);
        if let Some(ended) = ended {
            // The daemon says goodbye for all that it has announced before it answers.
            drop(ended.recv_timeout(GOODBYE));
        }
    }

    fn fail(&self, error: &Error) {
        log::warn!("mDNS: {error}");
        self.news.put(News::Ended);
    }
}

impl Running {
    fn start(news: Arc<Slot<News>>) -> Result<(Self, Listener), Error> {
        let daemon = ServiceDaemon::new()?;
        let is_left_out = IfPredicate::new(|it| it.is_loopback() || is_virtual(&it.name));
        daemon.disable_interface(IfKind::Predicate(is_left_out))?;
        let shared = Arc::new(Shared {
            events: Mutex::default(),
            contacts: Mutex::default(),
        });
        // A station that only announces asks for nothing, but its cache is watched as well.
        let events = daemon.browse_cache(SERVICE)?;
        let listener = Listener {
            daemon: daemon.clone(),
            shared: shared.clone(),
            events,
            neighbours: Neighbours::default(),
            news,
        };
        let running = Self {
            daemon,
            shared,
            registered: None,
            browses: false,
        };
        Ok((running, listener))
    }

    fn apply(&mut self, job: &Job) -> Result<(), Error> {
        *lock(&self.shared.contacts) = job.contacts.clone();
        if job.browses != self.browses {
            self.browses = job.browses;
            // One receiver replaces the other. The thread takes the next when this one ends, and
            // waits for the lock.
            let mut events = lock(&self.shared.events);
            if !self.browses {
                self.daemon.stop_browse(SERVICE)?;
            }
            *events = Some(match self.browses {
                true => self.daemon.browse(SERVICE)?,
                false => self.daemon.browse_cache(SERVICE)?,
            });
        }
        let announced = self.registered.as_ref().map(|(advert, _)| advert);
        if announced == job.advert.as_ref() {
            return Ok(());
        }
        let next = job.advert.as_ref().map(service).transpose()?;
        let full_name = next.as_ref().map(ServiceInfo::get_fullname);
        if let Some((_, old)) = self.registered.take()
            && full_name != Some(old.as_str())
        {
            drop(self.daemon.unregister(&old)?);
        }
        if let (Some(advert), Some(info)) = (&job.advert, next) {
            self.registered = Some((advert.clone(), info.get_fullname().to_owned()));
            self.daemon.register(info)?;
        }
        Ok(())
    }

    /// Asks the daemon to end. What it answers comes when it has.
    fn shut_down(self) -> Option<Receiver<DaemonStatus>> {
        let ended = self.daemon.shutdown();
        ended.inspect_err(|error| log::debug!("mDNS: {error}")).ok()
    }
}

/// What is registered for an announcement. Addresses follow those of the machine, unless the
/// station listens at some only.
fn service(advert: &Advert) -> Result<ServiceInfo, Error> {
    let port = advert.listen.first().map_or(0, |address| address.port());
    let listen = advert
        .listen
        .iter()
        .filter(|address| address.port() == port);
    let (all, some): (Vec<_>, Vec<_>) = listen
        .map(|address| address.ip())
        .partition(|ip| ip.is_unspecified());
    let properties = record::properties(advert);
    let mut info = ServiceInfo::new(
        SERVICE,
        record::instance(&advert.name),
        &record::host(advert.fingerprint),
        some.as_slice(),
        port,
        properties.as_slice(),
    )?;
    if !all.is_empty() {
        let families = all.iter().map(|ip| match ip.is_ipv4() {
            true => IfKind::IPv4,
            false => IfKind::IPv6,
        });
        info.set_interfaces(families.collect());
        info = info.enable_addr_auto();
    }
    Ok(info)
}

/// What the thread `nearby` does: it keeps the table of announcers, and watches the daemon's cache.
pub(crate) struct Listener {
    daemon: ServiceDaemon,
    shared: Arc<Shared>,
    events: Receiver<ServiceEvent>,
    neighbours: Neighbours,
    news: Arc<Slot<News>>,
}

impl Listener {
    /// Runs until the daemon ends. `wake` is called after each news.
    pub(crate) fn run(mut self, wake: impl Fn()) {
        let (mut told, mut checked) = (None, Instant::now());
        // When the next list is to be told.
        let mut due = None;
        let mut flood = Flood::default();
        loop {
            let now = Instant::now();
            let wait = due.map_or(CHECK, |due: Instant| due.saturating_duration_since(now));
            match self.events.recv_timeout(wait) {
                Ok(event) => {
                    if self.take(event) {
                        let paused = told.map(|told: Instant| told + PAUSE);
                        due = due.or(paused.max(Some(Instant::now() + SETTLE)));
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => match lock(&self.shared.events).take() {
                    Some(next) => self.events = next,
                    None => break,
                },
            }
            if due.is_some_and(|due| due <= Instant::now()) {
                (due, told) = (None, Some(Instant::now()));
                self.news.put(News::Stations(self.neighbours.list()));
                wake();
            }
            if checked.elapsed() >= CHECK {
                checked = Instant::now();
                if flood.is_flooded(self.load()) {
                    log::warn!("mDNS: the network sends more than can be read or kept");
                    break;
                }
            }
        }
        // The daemon closes what it tells too much. It must not go on without being watched.
        let _ = self.daemon.shutdown();
        self.news.put(News::Ended);
        wake();
    }

    /// Returns whether that is news.
    fn take(&mut self, event: ServiceEvent) -> bool {
        match event {
            ServiceEvent::ServiceResolved(service) => {
                let Some(heard) = heard(&service) else {
                    return self.neighbours.removed(&service.fullname);
                };
                let contacts = lock(&self.shared.contacts).clone();
                self.neighbours.found(service.fullname, heard, &contacts)
            }
            ServiceEvent::ServiceRemoved(_, full_name) => self.neighbours.removed(&full_name),
            _ => false,
        }
    }

    /// What the daemon holds; `None` if it does not answer.
    fn load(&self) -> Option<Load> {
        let metrics = self.daemon.get_metrics().ok()?.recv_timeout(CHECK).ok()?;
        let sum = |prefix: &str| {
            let counters = metrics.iter();
            let counters = counters.filter(|(name, _)| name.starts_with(prefix));
            counters.map(|(_, count)| count).sum()
        };
        Some(Load {
            records: sum("cached-"),
            timers: sum("timer"),
        })
    }
}

/// What the daemon holds in memory for others.
#[derive(Clone, Copy, Debug, Default)]
struct Load {
    records: i64,
    timers: i64,
}

/// Tells from the checks of the daemon whether the network floods it.
#[derive(Debug, Default)]
struct Flood {
    /// Checks in a row without an answer.
    unanswered: u8,
}

impl Flood {
    /// Takes the daemon's load, or that it gave no answer.
    fn is_flooded(&mut self, load: Option<Load>) -> bool {
        let Some(Load { records, timers }) = load else {
            self.unanswered = self.unanswered.saturating_add(1);
            return self.unanswered >= MAX_UNANSWERED;
        };
        self.unanswered = 0;
        records > MAX_RECORDS || timers > MAX_TIMERS
    }
}

fn heard(service: &ResolvedService) -> Option<super::Heard> {
    let found = service.addresses.iter().map(|address| match address {
        ScopedIp::V6(address) => ((*address.addr()).into(), address.scope_id().index),
        address => (address.to_ip_addr(), 0),
    });
    let property = |key: &str| service.get_property_val_str(key);
    record::read(&service.fullname, service.port, found, property)
}

/// What is in there is replaced whole, so that a panic elsewhere can't leave it half changed.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_daemon_that_holds_too_much_or_no_longer_answers_is_flooded() {
        let load = |records, timers| Some(Load { records, timers });
        let mut flood = Flood::default();
        assert!(!flood.is_flooded(load(MAX_RECORDS, MAX_TIMERS)));
        assert!(flood.is_flooded(load(MAX_RECORDS + 1, 0)));
        assert!(flood.is_flooded(load(1, MAX_TIMERS + 1)));
        // A busy machine may be late twice.
        for load in [None, None, load(0, 0), None, None] {
            assert!(!flood.is_flooded(load));
        }
        assert!(flood.is_flooded(None));
    }
}

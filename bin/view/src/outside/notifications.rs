//! Notifications by the desktop's own service, over D-Bus. One thread sends, one waits for clicks;
//! the window waits for neither. Without a service nothing is told, and the log says so once.
//!
//! notify-rust needs a connection and a thread for each notification that can be clicked, and its
//! handle can't be closed while it is waited for, as a call that ended has to be.

use std::collections::HashMap;
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Builder;
use std::time::Duration;

use zbus::blocking::{Connection, Proxy, connection};
use zbus::zvariant::Value;

use super::{About, Choice, News};

/// Orders that wait for a service that is slow; more are dropped.
const MAX_WAITING: usize = 64;
/// Notifications that can be clicked; the oldest are forgotten first.
const MAX_SHOWN: usize = 64;
/// Clicks that are kept until their number is known; a notification is clicked once.
const MAX_EARLY: usize = 8;
/// A service that takes longer is taken for broken.
const PATIENCE: Duration = Duration::from_secs(10);
const SERVICE: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// The way to the desktop. Its threads end with the program: they may wait for a service that
/// doesn't answer.
pub(crate) struct Desktop {
    orders: Option<SyncSender<Order>>,
    /// What was told and not taken back.
    told: Vec<About>,
}

enum Order {
    Show(News),
    Close(About),
}

/// What the thread that sends and the one that waits for clicks share.
type Shown = Arc<Mutex<Notifications>>;

#[derive(Default)]
struct Notifications {
    /// What is shown, by the service's numbers, the oldest first.
    shown: Vec<(u32, About)>,
    /// Clicks while the service is being told of a notification: it may be clicked before the
    /// service has answered. With the choice where the number is not known; without it where it is
    /// that of one which is being replaced, whose click was told at once.
    early: Option<Vec<(u32, Option<Choice>)>>,
}

impl Notifications {
    /// What the notification of that number is about, which is over by a click.
    fn clicked(&mut self, id: u32, choice: Choice) -> Option<About> {
        let at = self.shown.iter().position(|one| one.0 == id);
        if let Some(early) = &mut self.early
            && early.len() < MAX_EARLY
        {
            early.push((id, at.is_none().then_some(choice)));
        }
        at.map(|at| self.shown.remove(at).1)
    }

    /// The service has shown it under that number. Returns the choice if it was clicked before.
    fn add(&mut self, id: u32, about: About) -> Option<(About, Choice)> {
        let early = self.early.take().unwrap_or_default();
        self.shown.retain(|one| one.0 != id && one.1 != about);
        if let Some((_, choice)) = early.into_iter().find(|one| one.0 == id) {
            return choice.map(|choice| (about, choice));
        }
        if self.shown.len() >= MAX_SHOWN {
            self.shown.remove(0);
        }
        self.shown.push((id, about));
        None
    }
}

impl Desktop {
    /// Starts the thread; `clicked` is called from another one.
    pub(crate) fn start(clicked: impl Fn(About, Choice) + Send + Sync + 'static) -> Self {
        Self::with(connection::Builder::session, clicked)
    }

    fn with(
        bus: impl FnOnce() -> zbus::Result<connection::Builder<'static>> + Send + 'static,
        clicked: impl Fn(About, Choice) + Send + Sync + 'static,
    ) -> Self {
        let (put, orders) = sync_channel(MAX_WAITING);
        let work = move || {
            if let Err(error) = run(&orders, bus, clicked) {
                // A machine without a desktop has no bus, and misses nothing.
                log::info!("the desktop shows no notifications: {error}");
            }
        };
        let started = Builder::new().name("desktop".to_owned()).spawn(work);
        if let Err(error) = &started {
            log::warn!("the desktop shows no notifications: {error}");
        }
        Self {
            orders: started.is_ok().then_some(put),
            told: Vec::new(),
        }
    }

    /// Shows news, in place of older news about the same.
    pub(crate) fn show(&mut self, news: News) {
        self.told.retain(|about| *about != news.about);
        if self.told.len() >= MAX_SHOWN {
            self.told.remove(0);
        }
        self.told.push(news.about.clone());
        order(&self.orders, Order::Show(news));
    }

    /// Takes back what is over.
    pub(crate) fn close_if(&mut self, is_over: impl Fn(&About) -> bool) {
        let Self { orders, told } = self;
        // Where the queue is full it stays in the list, and is taken back the next time.
        told.retain(|about| !is_over(about) || !order(orders, Order::Close(about.clone())));
    }
}

/// Whether the thread took the order, or needs none any more. The thread logs once that the service
/// is missing or too slow.
fn order(orders: &Option<SyncSender<Order>>, order: Order) -> bool {
    match orders {
        Some(orders) => !matches!(orders.try_send(order), Err(TrySendError::Full(_))),
        None => true,
    }
}

/// Sends orders until the program ends. The bus is looked for with the first order: a window that
/// has nothing to tell needs none.
fn run(
    orders: &Receiver<Order>,
    bus: impl FnOnce() -> zbus::Result<connection::Builder<'static>>,
    clicked: impl Fn(About, Choice) + Send + Sync + 'static,
) -> zbus::Result<()> {
    let Ok(first) = orders.recv() else {
        return Ok(());
    };
    let bus = bus()?.method_timeout(PATIENCE).build()?;
    let service = Service::find(&bus)?;
    let shown = Shown::default();
    let clicked: Arc<Clicked> = Arc::new(clicked);
    wait_for_clicks(&bus, shown.clone(), clicked.clone())?;
    for order in [first].into_iter().chain(orders) {
        let done = match order {
            Order::Show(news) => service.show(&shown, news, &*clicked),
            Order::Close(about) => service.close(&shown, &about),
        };
        if let Err(error) = done {
            log::debug!("a notification failed: {error}");
        }
    }
    Ok(())
}

type Clicked = dyn Fn(About, Choice) + Send + Sync;

/// The service and what it can do.
struct Service {
    proxy: Proxy<'static>,
    has_buttons: bool,
    /// Its texts are HTML.
    has_markup: bool,
}

impl Service {
    fn find(bus: &Connection) -> zbus::Result<Self> {
        let proxy = Proxy::new(bus, SERVICE, PATH, SERVICE)?;
        let can: Vec<String> = proxy.call("GetCapabilities", &())?;
        let has = |what: &str| can.iter().any(|one| one == what);
        Ok(Self {
            has_buttons: has("actions"),
            has_markup: has("body-markup"),
            proxy,
        })
    }

    fn show(&self, shown: &Shown, news: News, clicked: &Clicked) -> zbus::Result<()> {
        let is_urgent = matches!(news.about, About::Call(_) | About::Key(_));
        let mut actions = Vec::new();
        if self.has_buttons {
            let open = (Choice::Open, "");
            for (choice, label) in [open].iter().chain(&news.choices) {
                actions.extend([word(*choice), *label]);
            }
        }
        let hints = HashMap::from([
            ("desktop-entry", Value::from("transom")),
            ("urgency", Value::from(if is_urgent { 2_u8 } else { 1 })),
            ("category", Value::from(category(&news.about))),
        ]);
        let body = match self.has_markup {
            true => escaped(&news.body),
            false => news.body,
        };
        // The desktop chooses how long a notification stays.
        let stays = -1_i32;
        // Not held while the service is asked, which may take long: clicks go on.
        let mut known = lock(shown);
        known.early = Some(Vec::new());
        let before = known.shown.iter().find(|one| one.1 == news.about);
        let before = before.map_or(0, |one| one.0);
        drop(known);
        let order = (
            "Transom", before, "transom", news.title, body, actions, hints, stays,
        );
        let answer = self.proxy.call("Notify", &order);
        let mut known = lock(shown);
        let id: u32 = answer.inspect_err(|_| known.early = None)?;
        let early = known.add(id, news.about);
        drop(known);
        if let Some((about, choice)) = early {
            clicked(about, choice);
        }
        Ok(())
    }

    fn close(&self, shown: &Shown, about: &About) -> zbus::Result<()> {
        let mut known = lock(shown);
        let at = known.shown.iter().position(|one| one.1 == *about);
        let closed = at.map(|at| known.shown.remove(at));
        drop(known);
        match closed {
            Some((id, _)) => self.proxy.call("CloseNotification", &(id)),
            None => Ok(()),
        }
    }
}

fn wait_for_clicks(bus: &Connection, shown: Shown, clicked: Arc<Clicked>) -> zbus::Result<()> {
    let proxy = Proxy::new(bus, SERVICE, PATH, SERVICE)?;
    let signals = proxy.receive_signal("ActionInvoked")?;
    let wait = move || {
        for signal in signals {
            let Ok((id, chosen)) = signal.body().deserialize::<(u32, String)>() else {
                continue;
            };
            let Some(choice) = choice(&chosen) else {
                continue;
            };
            let about = lock(&shown).clicked(id, choice);
            if let Some(about) = about {
                clicked(about, choice);
            }
        }
    };
    let started = Builder::new().name("desktop clicks".to_owned()).spawn(wait);
    started.map(drop).map_err(io_error)
}

fn io_error(error: io::Error) -> zbus::Error {
    zbus::Error::InputOutput(Arc::new(error))
}

fn lock(shown: &Shown) -> std::sync::MutexGuard<'_, Notifications> {
    shown.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `default` is the notification itself, by the specification.
const WORDS: [(Choice, &str); 4] = [
    (Choice::Answer, "answer"),
    (Choice::Decline, "decline"),
    (Choice::Folder, "folder"),
    (Choice::Open, "default"),
];

fn word(choice: Choice) -> &'static str {
    WORDS
        .iter()
        .find(|one| one.0 == choice)
        .map_or("default", |one| one.1)
}

fn choice(word: &str) -> Option<Choice> {
    WORDS.iter().find(|one| one.1 == word).map(|one| one.0)
}

fn category(about: &About) -> &'static str {
    match about {
        About::Away(_) => "device.removed",
        About::Call(_) => "call.incoming",
        About::Key(_) | About::Stranger(_) => "presence",
        About::Missed(_) => "call.unanswered",
        About::Offer(..) => "transfer",
        About::Received(..) => "transfer.complete",
        About::Text(_) => "im.received",
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests;

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

/// What is shown, by the service's numbers, the oldest first.
type Shown = Arc<Mutex<Vec<(u32, About)>>>;

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
    wait_for_clicks(&bus, shown.clone(), clicked)?;
    for order in [first].into_iter().chain(orders) {
        let done = match order {
            Order::Show(news) => service.show(&shown, news),
            Order::Close(about) => service.close(&shown, &about),
        };
        if let Err(error) = done {
            log::debug!("a notification failed: {error}");
        }
    }
    Ok(())
}

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

    fn show(&self, shown: &Shown, news: News) -> zbus::Result<()> {
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
        // Held until the number is known: a click that comes at once must find it.
        let mut shown = lock(shown);
        let before = shown.iter().find(|one| one.1 == news.about);
        let before = before.map_or(0, |one| one.0);
        let order = (
            "Transom", before, "transom", news.title, body, actions, hints, stays,
        );
        let id: u32 = self.proxy.call("Notify", &order)?;
        shown.retain(|one| one.0 != id && one.1 != news.about);
        if shown.len() >= MAX_SHOWN {
            shown.remove(0);
        }
        shown.push((id, news.about));
        Ok(())
    }

    fn close(&self, shown: &Shown, about: &About) -> zbus::Result<()> {
        let mut shown = lock(shown);
        let at = shown.iter().position(|one| one.1 == *about);
        let closed = at.map(|at| shown.remove(at));
        drop(shown);
        match closed {
            Some((id, _)) => self.proxy.call("CloseNotification", &(id)),
            None => Ok(()),
        }
    }
}

fn wait_for_clicks(
    bus: &Connection,
    shown: Shown,
    clicked: impl Fn(About, Choice) + Send + Sync + 'static,
) -> zbus::Result<()> {
    let proxy = Proxy::new(bus, SERVICE, PATH, SERVICE)?;
    let signals = proxy.receive_signal("ActionInvoked")?;
    let wait = move || {
        for signal in signals {
            let Ok((id, chosen)) = signal.body().deserialize::<(u32, String)>() else {
                continue;
            };
            let mut shown = lock(&shown);
            let at = shown.iter().position(|one| one.0 == id);
            let about = at.map(|at| shown.remove(at).1);
            drop(shown);
            if let (Some(about), Some(choice)) = (about, choice(&chosen)) {
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

fn lock(shown: &Shown) -> std::sync::MutexGuard<'_, Vec<(u32, About)>> {
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

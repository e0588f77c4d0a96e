//! An item in the desktop's tray, as a StatusNotifierItem with a menu of `com.canonical.dbusmenu`
//! over D-Bus. One thread tells the desktop what changed, one waits for trays that come and go; the
//! window waits for neither. Without a tray there is no item.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::Builder;
use std::time::Duration;

use zbus::blocking::{Connection, Proxy, connection, proxy};
use zbus::proxy::CacheProperties;
use zbus::zvariant::{ObjectPath, OwnedValue, Value};

use crate::words;

use super::{TrayChoice, TrayView};

/// Views that wait for a desktop that is slow; more are dropped, and the next one tells all.
const MAX_WAITING: usize = 16;
/// A tray that takes longer is taken for broken.
const PATIENCE: Duration = Duration::from_secs(10);
const WATCHER: &str = "org.kde.StatusNotifierWatcher";
const WATCHER_PATH: &str = "/StatusNotifierWatcher";
const ITEM: &str = "org.kde.StatusNotifierItem";
/// Where every tray looks for the item of a program.
const ITEM_PATH: &str = "/StatusNotifierItem";
const MENU: &str = "com.canonical.dbusmenu";
const MENU_PATH: &str = "/Menu";
const BUS: &str = "org.freedesktop.DBus";
const BUS_PATH: &str = "/org/freedesktop/DBus";
/// The side of the icon in pixels, for trays that don't find it by its name.
const ICON_SIDE: i32 = 32;
/// The entries of the menu by their numbers.
const ENTRIES: [(i32, TrayChoice); 3] = [
    (1, TrayChoice::Open),
    (2, TrayChoice::DoNotDisturb),
    (3, TrayChoice::Quit),
];

/// The way to the tray. Its threads end with the program: they may wait for a desktop that doesn't
/// answer.
pub(crate) struct Tray {
    views: Option<SyncSender<TrayView>>,
    /// What the desktop was told last.
    told: TrayView,
    is_there: Arc<AtomicBool>,
}

impl Tray {
    /// Starts the thread; `clicked` is called from another one.
    pub(crate) fn start(clicked: impl Fn(TrayChoice) + Send + Sync + 'static) -> Self {
        Self::with(connection::Builder::session, clicked)
    }

    fn with(
        bus: impl FnOnce() -> zbus::Result<connection::Builder<'static>> + Send + 'static,
        clicked: impl Fn(TrayChoice) + Send + Sync + 'static,
    ) -> Self {
        let (put, views) = sync_channel(MAX_WAITING);
        let is_there = Arc::new(AtomicBool::new(false));
        let (there, clicked) = (is_there.clone(), Box::new(clicked));
        let work = move || {
            if let Err(error) = run(&views, bus, there, clicked) {
                // A machine without a desktop has no bus, and misses nothing.
                log::info!("there is no tray: {error}");
            }
        };
        let started = Builder::new().name("tray".to_owned()).spawn(work);
        if let Err(error) = &started {
            log::warn!("there is no item in the tray: {error}");
        }
        Self {
            views: started.is_ok().then_some(put),
            told: TrayView::default(),
            is_there,
        }
    }

    /// Tells the desktop what the item shows, if that changed.
    pub(crate) fn show(&mut self, view: TrayView) {
        if let Some(views) = self.views.as_ref().filter(|_| view != self.told)
            && views.try_send(view.clone()).is_ok()
        {
            self.told = view;
        }
    }

    /// Whether the item is in a tray now.
    pub(crate) fn is_there(&self) -> bool {
        self.is_there.load(Ordering::Relaxed)
    }
}

type Clicked = Box<dyn Fn(TrayChoice) + Send + Sync>;

/// What item and menu share.
struct Shared {
    view: Mutex<TrayView>,
    /// Counts views: a tray asks for the menu again where it is newer than what the tray has.
    revision: AtomicU32,
    clicked: Clicked,
}

impl Shared {
    fn view(&self) -> MutexGuard<'_, TrayView> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells what changed until the program ends.
fn run(
    views: &Receiver<TrayView>,
    bus: impl FnOnce() -> zbus::Result<connection::Builder<'static>>,
    is_there: Arc<AtomicBool>,
    clicked: Clicked,
) -> zbus::Result<()> {
    let shared = Arc::new(Shared {
        view: Mutex::default(),
        revision: AtomicU32::new(0),
        clicked,
    });
    let bus = bus()?
        .method_timeout(PATIENCE)
        .serve_at(ITEM_PATH, Item(shared.clone()))?
        .serve_at(MENU_PATH, Menu(shared.clone()))?
        .build()?;
    follow_watchers(&bus, is_there)?;
    let nobody = None::<&str>;
    for (revision, view) in (1_u32..).zip(views) {
        *shared.view() = view;
        shared.revision.store(revision, Ordering::Relaxed);
        bus.emit_signal(nobody, ITEM_PATH, ITEM, "NewToolTip", &())?;
        let changed = (revision, 0_i32);
        bus.emit_signal(nobody, MENU_PATH, MENU, "LayoutUpdated", &changed)?;
    }
    Ok(())
}

/// Registers the item now, and with every watcher that starts later. A watcher keeps the list of
/// items; the panel that shows them, its host, may come and go while it stays.
fn follow_watchers(bus: &Connection, is_there: Arc<AtomicBool>) -> zbus::Result<()> {
    let owners = Proxy::new(bus, BUS, BUS_PATH, BUS)?;
    // Before the first registration, so that no tray is missed between them.
    let owners = owners.receive_signal_with_args("NameOwnerChanged", &[(0, WATCHER)])?;
    let hosts = watcher(bus)?.receive_all_signals()?;
    let (by_owner, there) = (bus.clone(), is_there.clone());
    start("tray watcher", move || {
        let register = || there.store(is_registered(&by_owner), Ordering::Relaxed);
        register();
        for change in owners {
            let Ok((_, _, owner)) = change.body().deserialize::<(String, String, String)>() else {
                continue;
            };
            match owner.is_empty() {
                true => there.store(false, Ordering::Relaxed),
                false => register(),
            }
        }
        // The bus is gone.
        there.store(false, Ordering::Relaxed);
    })?;
    let bus = bus.clone();
    start("tray host", move || {
        for signal in hosts {
            let header = signal.header();
            let member = header.member().map_or("", |member| member.as_str());
            if member.starts_with("StatusNotifierHost") {
                is_there.store(has_host(&bus).unwrap_or(false), Ordering::Relaxed);
            }
        }
    })
}

fn start(name: &str, work: impl FnOnce() + Send + 'static) -> zbus::Result<()> {
    let started = Builder::new().name(name.to_owned()).spawn(work);
    started
        .map(drop)
        .map_err(|error| zbus::Error::InputOutput(Arc::new(error)))
}

fn watcher(bus: &Connection) -> zbus::Result<Proxy<'static>> {
    let watcher = proxy::Builder::new(bus).destination(WATCHER)?;
    let watcher = watcher.path(WATCHER_PATH)?.interface(WATCHER)?;
    // A property that was kept would be of the host before.
    watcher.cache_properties(CacheProperties::No).build()
}

/// Whether a panel shows the items of the watcher.
fn has_host(bus: &Connection) -> zbus::Result<bool> {
    watcher(bus)?.get_property("IsStatusNotifierHostRegistered")
}

/// Registers the item; whether a tray shows it. A watcher without a host has no place for items.
fn is_registered(bus: &Connection) -> bool {
    let register = || -> zbus::Result<bool> {
        let name = bus.unique_name().map(|name| name.as_str().to_owned());
        let name = name.unwrap_or_default();
        watcher(bus)?.call::<_, _, ()>("RegisterStatusNotifierItem", &(name))?;
        has_host(bus)
    };
    register().unwrap_or_else(|error| {
        log::info!("there is no tray: {error}");
        false
    })
}

/// Width, height, and ARGB in network order, as the specification has it.
type Pixmap = (i32, i32, Vec<u8>);

struct Item(Arc<Shared>);

#[zbus::interface(name = "org.kde.StatusNotifierItem")]
impl Item {
    fn activate(&self, _x: i32, _y: i32) {
        (self.0.clicked)(TrayChoice::Open);
    }

    fn secondary_activate(&self, _x: i32, _y: i32) {
        (self.0.clicked)(TrayChoice::Open);
    }

    #[zbus(property)]
    fn category(&self) -> &'static str {
        "Communications"
    }

    #[zbus(property)]
    fn id(&self) -> &'static str {
        "transom"
    }

    #[zbus(property)]
    fn title(&self) -> &'static str {
        "Transom"
    }

    #[zbus(property)]
    fn status(&self) -> &'static str {
        "Active"
    }

    #[zbus(property)]
    fn icon_name(&self) -> &'static str {
        "transom"
    }

    #[zbus(property)]
    fn icon_pixmap(&self) -> Vec<Pixmap> {
        vec![(ICON_SIDE, ICON_SIDE, icon())]
    }

    #[zbus(property)]
    fn item_is_menu(&self) -> bool {
        false
    }

    #[zbus(property)]
    fn menu(&self) -> ObjectPath<'static> {
        ObjectPath::from_static_str_unchecked(MENU_PATH)
    }

    #[zbus(property)]
    fn tool_tip(&self) -> (String, Vec<Pixmap>, String, String) {
        let tip = self.0.view().tip.clone();
        (String::new(), Vec::new(), tip, String::new())
    }
}

/// The mark of the program: a half-round window over a door.
fn icon() -> Vec<u8> {
    const GROUND: [u8; 4] = [0xFF, 0x55, 0x63, 0xE8];
    const MARK: [u8; 4] = [0xFF; 4];
    let pixel = |at: i32| {
        let (x, y) = (at % ICON_SIDE, at / ICON_SIDE);
        let (from_middle, above) = (2 * x + 1 - ICON_SIDE, 15 - y);
        let is_window = above >= 0 && from_middle.pow(2) + (2 * above).pow(2) < 17_i32.pow(2);
        let is_door = (18..27).contains(&y) && from_middle.abs() < 15;
        if is_window || is_door { MARK } else { GROUND }
    };
    (0..ICON_SIDE * ICON_SIDE).flat_map(pixel).collect()
}

type Properties = HashMap<&'static str, Value<'static>>;
/// A number, its properties, and what is below it.
type Layout = (i32, Properties, Vec<Value<'static>>);

struct Menu(Arc<Shared>);

impl Menu {
    fn properties(&self, id: i32) -> Properties {
        let mut all = Properties::new();
        match ENTRIES.iter().find(|entry| entry.0 == id) {
            None => drop(all.insert("children-display", "submenu".into())),
            Some((_, choice)) => {
                let label = match choice {
                    TrayChoice::DoNotDisturb => words::DO_NOT_DISTURB,
                    TrayChoice::Open => words::OPEN,
                    TrayChoice::Quit => words::QUIT,
                };
                all.insert("label", label.into());
                if *choice == TrayChoice::DoNotDisturb {
                    let is_on = self.0.view().is_not_disturbed;
                    all.insert("toggle-type", "checkmark".into());
                    all.insert("toggle-state", i32::from(is_on).into());
                }
            }
        }
        all
    }

    fn layout(&self, id: i32) -> Layout {
        let entries = ENTRIES.iter().filter(|_| id == 0);
        let entries = entries.map(|entry| Value::from(self.layout(entry.0)));
        (id, self.properties(id), entries.collect())
    }

    fn press(&self, id: i32, event: &str) {
        let entry = ENTRIES.iter().find(|entry| entry.0 == id);
        if let Some((_, choice)) = entry.filter(|_| event == "clicked") {
            (self.0.clicked)(*choice);
        }
    }
}

#[zbus::interface(name = "com.canonical.dbusmenu")]
impl Menu {
    fn get_layout(&self, parent: i32, _depth: i32, _names: Vec<String>) -> (u32, Layout) {
        let revision = self.0.revision.load(Ordering::Relaxed);
        (revision, self.layout(parent))
    }

    fn get_group_properties(&self, ids: Vec<i32>, _names: Vec<String>) -> Vec<(i32, Properties)> {
        let known = |id: &i32| ENTRIES.iter().any(|entry| entry.0 == *id);
        let ids = ids.into_iter().filter(known);
        ids.take(ENTRIES.len())
            .map(|id| (id, self.properties(id)))
            .collect()
    }

    fn event(&self, id: i32, event: &str, _data: OwnedValue, _time: u32) {
        self.press(id, event);
    }

    fn event_group(&self, events: Vec<(i32, String, OwnedValue, u32)>) -> Vec<i32> {
        for (id, event, ..) in events {
            self.press(id, &event);
        }
        Vec::new()
    }

    fn about_to_show(&self, _id: i32) -> bool {
        false
    }

    fn about_to_show_group(&self, _ids: Vec<i32>) -> (Vec<i32>, Vec<i32>) {
        (Vec::new(), Vec::new())
    }

    #[zbus(property)]
    fn version(&self) -> u32 {
        3
    }

    #[zbus(property)]
    fn status(&self) -> &'static str {
        "normal"
    }

    #[zbus(property)]
    fn text_direction(&self) -> &'static str {
        "ltr"
    }

    #[zbus(property)]
    fn icon_theme_path(&self) -> Vec<String> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests;

//! A tray that asks for item and menu as a desktop does, on a bus of the test's own.

use std::sync::mpsc::{self, Sender};
use std::time::Instant;

use super::super::test_bus::{Bus, LONG};
use super::*;

/// Notes the services that register, and whether a panel shows them.
struct Watcher(Sender<String>, Arc<AtomicBool>);

#[zbus::interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    fn register_status_notifier_item(&self, service: String) {
        drop(self.0.send(service));
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        self.1.load(Ordering::Relaxed)
    }
}

fn watcher(bus: &Bus, put: Sender<String>, has_host: &Arc<AtomicBool>) -> Connection {
    let tray = bus.builder().unwrap().name(WATCHER).unwrap();
    let watcher = Watcher(put, has_host.clone());
    let tray = tray.serve_at(WATCHER_PATH, watcher).unwrap();
    tray.build().unwrap()
}

fn wait_until(is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < LONG, "it never came");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn view(is_not_disturbed: bool) -> TrayView {
    let tip = format!("Transom: {is_not_disturbed}");
    TrayView {
        tip,
        is_not_disturbed,
    }
}

type Entry = (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>);

/// The labels of the menu, and whether each is ticked.
fn entries(menu: &Proxy<'_>) -> Vec<(String, Option<i32>)> {
    let none: Vec<String> = Vec::new();
    let (_, (_, _, entries)): (u32, Entry) = menu.call("GetLayout", &(0, -1, none)).unwrap();
    let entry = |entry: OwnedValue| {
        let (_, properties, _) = Entry::try_from(entry).unwrap();
        let label = String::try_from(properties["label"].try_clone().unwrap()).unwrap();
        let state = properties.get("toggle-state");
        (
            label,
            state.map(|state| state.downcast_ref::<i32>().unwrap()),
        )
    };
    entries.into_iter().map(entry).collect()
}

#[test]
fn the_item_registers_shows_its_state_and_tells_what_is_chosen() {
    let Some(bus) = Bus::start() else {
        eprintln!("skipped: there is no dbus-daemon here");
        return;
    };
    let (put, registered) = mpsc::channel();
    let has_host = Arc::new(AtomicBool::new(true));
    let desktop = watcher(&bus, put.clone(), &has_host);
    let (choose, chosen) = mpsc::channel();
    let builder = bus.builder().unwrap();
    let mut tray = Tray::with(
        || Ok(builder),
        move |choice| choose.send(choice).unwrap_or_default(),
    );
    let service = registered.recv_timeout(LONG).unwrap();
    wait_until(|| tray.is_there());
    let item = Proxy::new(&desktop, service.as_str(), ITEM_PATH, ITEM).unwrap();
    let path: zbus::zvariant::OwnedObjectPath = item.get_property("Menu").unwrap();
    let menu = Proxy::new(&desktop, service.as_str(), path.as_str(), MENU).unwrap();
    let updates = menu.receive_signal("LayoutUpdated").unwrap();
    let changes = item.receive_signal("NewToolTip").unwrap();
    tray.show(view(true));
    assert!(changes.into_iter().next().is_some() && updates.into_iter().next().is_some());
    let labels = [words::OPEN, words::DO_NOT_DISTURB, words::QUIT];
    let [open, quiet, quit] = labels.map(str::to_owned);
    assert_eq!(
        entries(&menu),
        [(open, None), (quiet, Some(1)), (quit, None)]
    );
    // A proxy keeps the properties that it has read.
    let item = Proxy::new(&desktop, service.as_str(), ITEM_PATH, ITEM).unwrap();
    let tip: (String, Vec<Pixmap>, String, String) = item.get_property("ToolTip").unwrap();
    assert_eq!(tip.2, "Transom: true");
    let icons: Vec<Pixmap> = item.get_property("IconPixmap").unwrap();
    assert_eq!(icons[0].2.len(), 4 * 32 * 32);
    let click = |id: i32| {
        let event = (id, "clicked", Value::from(0_i32), 0_u32);
        menu.call::<_, _, ()>("Event", &event).unwrap();
    };
    [3, 2, 99].into_iter().for_each(click);
    item.call::<_, _, ()>("Activate", &(0, 0)).unwrap();
    let wanted = [TrayChoice::Quit, TrayChoice::DoNotDisturb, TrayChoice::Open];
    assert_eq!([(); 3].map(|()| chosen.recv_timeout(LONG).unwrap()), wanted);
    // The panel goes and comes back while its watcher stays.
    for (there, signal) in [(false, "HostUnregistered"), (true, "HostRegistered")] {
        has_host.store(there, Ordering::Relaxed);
        let signal = format!("StatusNotifier{signal}");
        let nobody = None::<&str>;
        let sent = desktop.emit_signal(nobody, WATCHER_PATH, WATCHER, signal.as_str(), &());
        sent.unwrap();
        wait_until(|| tray.is_there() == there);
    }
    // A watcher that starts again finds the item again.
    let revision = |menu: &Proxy<'_>| -> u32 {
        let none: Vec<String> = Vec::new();
        let (revision, _): (u32, Entry) = menu.call("GetLayout", &(0, -1, none)).unwrap();
        revision
    };
    assert_eq!(revision(&menu), 1);
    drop((item, menu));
    desktop.close().unwrap();
    wait_until(|| !tray.is_there());
    let _desktop = watcher(&bus, put, &has_host);
    assert_eq!(registered.recv_timeout(LONG).unwrap(), service);
    wait_until(|| tray.is_there());
}

#[test]
fn a_bus_that_ends_takes_the_tray_with_it() {
    let Some(bus) = Bus::start() else {
        eprintln!("skipped: there is no dbus-daemon here");
        return;
    };
    let (put, _registered) = mpsc::channel();
    let _desktop = watcher(&bus, put, &Arc::new(AtomicBool::new(true)));
    let builder = bus.builder();
    let tray = Tray::with(|| builder, |_| {});
    wait_until(|| tray.is_there());
    drop(bus);
    wait_until(|| !tray.is_there());
}

#[test]
fn without_a_tray_there_is_no_item_and_no_error() {
    if let Some(bus) = Bus::start() {
        let builder = bus.builder().unwrap();
        let mut tray = Tray::with(|| Ok(builder), |_| {});
        tray.show(view(false));
        assert!(!tray.is_there());
    }
    let missing = || connection::Builder::address("unix:path=/nowhere/bus");
    let (put, views) = sync_channel(MAX_WAITING);
    put.send(view(true)).unwrap();
    let there = Arc::new(AtomicBool::new(false));
    assert!(run(&views, missing, there, Box::new(|_| {})).is_err());
    let mut tray = Tray::with(missing, |_| {});
    for number in 0..1000 {
        tray.show(view(number % 2 == 0));
    }
}

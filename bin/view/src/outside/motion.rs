//! Whether the desktop wants motion to be reduced, by its settings portal over D-Bus. One thread
//! asks, and waits for changes until the program ends. Without a portal nothing is known.

use std::thread::Builder;
use std::time::Duration;

use zbus::blocking::{Proxy, connection};
use zbus::zvariant::{OwnedValue, Value};

/// A portal that takes longer is taken for broken.
const PATIENCE: Duration = Duration::from_secs(10);
const PORTAL: &str = "org.freedesktop.portal.Desktop";
const PATH: &str = "/org/freedesktop/portal/desktop";
const SETTINGS: &str = "org.freedesktop.portal.Settings";
/// Where desktops keep the wish, as namespace and key: the place of the specification first, then
/// that of older desktops.
const KEYS: [(&str, &str); 2] = [
    ("org.freedesktop.appearance", "reduced-motion"),
    ("org.gnome.desktop.interface", "enable-animations"),
];

/// Starts the thread; `told` is called from it, with what is known at first and whenever that
/// changes.
pub(crate) fn watch_motion(told: impl Fn(bool) + Send + 'static) {
    watch(connection::Builder::session, told);
}

fn watch(
    bus: impl FnOnce() -> zbus::Result<connection::Builder<'static>> + Send + 'static,
    told: impl Fn(bool) + Send + 'static,
) {
    let work = move || {
        if let Err(error) = run(bus, told) {
            // A machine without a desktop has no bus, and misses nothing.
            log::info!("the desktop doesn't say whether motion is reduced: {error}");
        }
    };
    if let Err(error) = Builder::new().name("motion".to_owned()).spawn(work) {
        log::warn!("the desktop isn't asked whether motion is reduced: {error}");
    }
}

fn run(
    bus: impl FnOnce() -> zbus::Result<connection::Builder<'static>>,
    told: impl Fn(bool),
) -> zbus::Result<()> {
    let bus = bus()?.method_timeout(PATIENCE).build()?;
    let portal = Proxy::new(&bus, PORTAL, PATH, SETTINGS)?;
    // Before the first question, so that no change is lost between them.
    let changes = portal.receive_signal("SettingChanged")?;
    let mut known = KEYS.map(|key| read(&portal, key));
    let wish = |known: [Option<bool>; 2]| known.into_iter().flatten().next();
    wish(known).into_iter().for_each(&told);
    for change in changes {
        let Ok((space, key, value)) = change.body().deserialize::<(String, String, OwnedValue)>()
        else {
            continue;
        };
        let Some(at) = KEYS.iter().position(|it| *it == (&*space, &*key)) else {
            continue;
        };
        let before = wish(known);
        known[at] = reduces(KEYS[at], &value);
        if wish(known) != before {
            told(wish(known).unwrap_or_default());
        }
    }
    Ok(())
}

fn read(portal: &Proxy<'_>, key: (&str, &str)) -> Option<bool> {
    let ask = |method: &str| portal.call::<_, _, OwnedValue>(method, &key);
    // `Read` is what older portals have.
    let value = ask("ReadOne").or_else(|_| ask("Read")).ok()?;
    reduces(key, &value)
}

/// Whether that value of that key wants motion to be reduced.
fn reduces(key: (&str, &str), value: &Value<'_>) -> Option<bool> {
    match value {
        // `Read` wraps its answer twice.
        Value::Value(inner) => reduces(key, inner),
        Value::U32(wish) if key == KEYS[0] => Some(*wish == 1),
        Value::Bool(is_animated) if key == KEYS[1] => Some(!is_animated),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc;

    use zbus::fdo;
    use zbus::object_server::SignalEmitter;

    use super::super::test_bus::{Bus, LONG};
    use super::*;

    /// A portal that knows only the key of older desktops.
    struct Fake(Mutex<bool>);

    #[zbus::interface(name = "org.freedesktop.portal.Settings")]
    impl Fake {
        fn read(&self, space: &str, key: &str) -> fdo::Result<OwnedValue> {
            if (space, key) != KEYS[1] {
                return Err(fdo::Error::Failed("no such setting".to_owned()));
            }
            let is_animated = Value::from(*self.0.lock().unwrap());
            let wrapped = Value::Value(Box::new(is_animated));
            wrapped
                .try_to_owned()
                .map_err(|error| fdo::Error::Failed(error.to_string()))
        }

        #[zbus(signal)]
        async fn setting_changed(
            emitter: &SignalEmitter<'_>,
            space: &str,
            key: &str,
            value: Value<'_>,
        ) -> zbus::Result<()>;
    }

    #[test]
    fn the_wish_of_the_desktop_is_told_at_first_and_when_it_changes() {
        let Some(bus) = Bus::start() else {
            eprintln!("skipped: there is no dbus-daemon here");
            return;
        };
        let portal = bus.builder().unwrap().name(PORTAL).unwrap();
        let portal = portal.serve_at(PATH, Fake(Mutex::new(false))).unwrap();
        let portal = portal.build().unwrap();
        let (put, told) = mpsc::channel();
        let builder = bus.builder().unwrap();
        watch(
            || Ok(builder),
            move |wish| put.send(wish).unwrap_or_default(),
        );
        assert!(told.recv_timeout(LONG).unwrap(), "animations are off");
        let emitter = SignalEmitter::new(portal.inner(), PATH).unwrap();
        let change = |key: (&str, &str), value: Value<'_>| {
            let changed = Fake::setting_changed(&emitter, key.0, key.1, value);
            zbus::block_on(changed).unwrap();
        };
        change(KEYS[1], Value::from(true));
        assert!(!told.recv_timeout(LONG).unwrap());
        // Nothing that counts changes; the key of the specification goes first.
        change(
            ("org.freedesktop.appearance", "contrast"),
            Value::from(1_u32),
        );
        change(KEYS[0], Value::from(1_u32));
        assert!(told.recv_timeout(LONG).unwrap());
        assert!(told.try_recv().is_err());
    }

    #[test]
    fn without_a_bus_nothing_is_told() {
        let missing = || connection::Builder::address("unix:path=/nowhere/bus");
        assert!(run(missing, |_| panic!("there is nothing to tell")).is_err());
    }
}

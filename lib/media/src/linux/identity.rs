//! Recognises a device by its attributes in sysfs, whatever number its node has.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Where sysfs lists the video nodes.
const CLASS: &str = "/sys/class/video4linux";

/// The attributes that a device keeps when it is unplugged and plugged in again.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct DeviceIdentity {
    name: String,
    /// The number of the node within its device: one node has the pictures, another their metadata.
    index: String,
    /// Vendor, product and serial number of a USB device.
    usb: Option<[String; 3]>,
    /// The folder of its port in sysfs.
    port: PathBuf,
}

impl fmt::Display for DeviceIdentity {
    /// The name comes from the device, so it is escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name.escape_default())?;
        match &self.usb {
            Some([vendor, product, _]) => write!(f, " (USB {vendor}:{product})"),
            None => Ok(()),
        }
    }
}

/// The identity of a video node, if sysfs has it.
pub(crate) fn identify(node: &Path) -> Option<DeviceIdentity> {
    let node = fs::canonicalize(node).ok()?;
    identity_of(Path::new(CLASS), &node)
}

/// The present node of a device: an identical device at the same port, else at a port that is not
/// among `siblings`.
pub(crate) fn find(device: &DeviceIdentity, siblings: &[PathBuf]) -> Option<PathBuf> {
    find_in(Path::new(CLASS), device, siblings)
}

/// The other ports at which an identical device is plugged in.
pub(crate) fn sibling_ports(device: &DeviceIdentity) -> Vec<PathBuf> {
    let ports = identical_in(Path::new(CLASS), device).map(|(port, _)| port);
    ports.filter(|port| *port != device.port).collect()
}

/// True for the errors that uvcvideo reports when a device or its USB link hangs.
pub(crate) fn wants_reset(why: &io::Error) -> bool {
    let errno = why.raw_os_error();
    matches!(
        errno,
        Some(libc::EIO | libc::EPIPE | libc::EPROTO | libc::ETIMEDOUT)
    )
}

/// Resets the USB device of a node, as if it were unplugged and plugged in again.
///
/// # Errors
/// It is no USB device, or this user may not reset it.
pub(crate) fn reset(node: &Path) -> io::Result<()> {
    let device = usb_device(Path::new(CLASS), node).ok_or(io::ErrorKind::Unsupported)?;
    let number = |name| {
        let text = read(&device.join(name));
        text.parse::<u16>().map_err(|_| io::ErrorKind::InvalidData)
    };
    let (bus, device) = (number("busnum")?, number("devnum")?);
    let node = format!("/dev/bus/usb/{bus:03}/{device:03}");
    crate::sys::usb::reset(&fs::OpenOptions::new().write(true).open(node)?)
}

/// The speed of the USB port of a node in Mbit/s: 12, 480, 5000.
pub(crate) fn usb_speed(node: &Path) -> Option<u32> {
    let node = fs::canonicalize(node).ok()?;
    speed_in(Path::new(CLASS), &node)
}

fn speed_in(class: &Path, node: &Path) -> Option<u32> {
    let speed = read(&usb_device(class, node)?.join("speed"));
    // Low speed is 1.5 Mbit/s.
    speed.split('.').next()?.parse().ok()
}

fn find_in(class: &Path, device: &DeviceIdentity, siblings: &[PathBuf]) -> Option<PathBuf> {
    identical_in(class, device)
        .filter(|(port, _)| !siblings.contains(port))
        .min_by_key(|(port, node)| (*port != device.port, node.clone()))
        .map(|(_, node)| node)
}

/// The ports and nodes of all identical devices, including the device itself.
fn identical_in(class: &Path, device: &DeviceIdentity) -> impl Iterator<Item = (PathBuf, PathBuf)> {
    let entries = fs::read_dir(class).into_iter().flatten().flatten();
    entries.filter_map(move |entry| {
        let node = Path::new("/dev").join(entry.file_name());
        let known = identity_of(class, &node)?;
        let is_identical =
            (&known.name, &known.index, &known.usb) == (&device.name, &device.index, &device.usb);
        is_identical.then_some((known.port, node))
    })
}

/// The identity of the node of this name.
fn identity_of(class: &Path, node: &Path) -> Option<DeviceIdentity> {
    let entry = class.join(node.file_name()?);
    let usb = usb_device(class, node);
    Some(DeviceIdentity {
        name: read(&entry.join("name")),
        index: read(&entry.join("index")),
        port: fs::canonicalize(entry.join("device")).ok()?,
        usb: usb
            .map(|device| ["idVendor", "idProduct", "serial"].map(|name| read(&device.join(name)))),
    })
}

/// The folder of the USB device that a node belongs to.
fn usb_device(class: &Path, node: &Path) -> Option<PathBuf> {
    let interface = fs::canonicalize(class.join(node.file_name()?).join("device")).ok()?;
    let mut folders = interface.ancestors();
    let device = folders.find(|folder| folder.join("idVendor").exists())?;
    Some(device.to_owned())
}

/// The content of a sysfs file without its line end; empty where there is no file.
fn read(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.trim().to_owned()
}

#[cfg(test)]
pub(crate) fn sample(port: &str) -> DeviceIdentity {
    DeviceIdentity {
        name: "HD Webcam".to_owned(),
        index: "0".to_owned(),
        usb: None,
        port: port.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A sysfs with cameras at ports.
    struct Sysfs(PathBuf);

    impl Sysfs {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("transom-{name}-{}", std::process::id()));
            fs::create_dir_all(path.join("class")).unwrap();
            Self(path)
        }

        fn class(&self) -> PathBuf {
            self.0.join("class")
        }

        fn plug(&self, node: &str, port: &str, name: &str, serial: &str) {
            let interface = self.0.join(port).join("interface");
            fs::create_dir_all(&interface).unwrap();
            for (file, text) in [
                ("idVendor", "046d"),
                ("idProduct", "0825"),
                ("serial", serial),
            ] {
                fs::write(self.0.join(port).join(file), format!("{text}\n")).unwrap();
            }
            let entry = self.class().join(node);
            fs::create_dir_all(&entry).unwrap();
            fs::write(entry.join("name"), format!("{name}\n")).unwrap();
            fs::write(entry.join("index"), "0\n").unwrap();
            symlink(interface, entry.join("device")).unwrap();
        }

        fn unplug(&self, node: &str) {
            fs::remove_dir_all(self.class().join(node)).unwrap();
        }

        fn known(&self, node: &str) -> DeviceIdentity {
            identity_of(&self.class(), Path::new(node)).unwrap()
        }

        fn find(&self, known: &DeviceIdentity) -> Option<PathBuf> {
            find_in(&self.class(), known, &[])
        }
    }

    impl Drop for Sysfs {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_device_is_found_under_another_number_and_never_taken_for_another() {
        let sysfs = Sysfs::new("known");
        sysfs.plug("video0", "usb1", "HD Webcam", "A1");
        sysfs.plug("video2", "usb2", "HD Webcam", "B2");
        let [first, second] = ["video0", "video2"].map(|node| sysfs.known(node));
        assert_eq!(sysfs.find(&first), Some("/dev/video0".into()));
        // Both come back with their numbers swapped.
        sysfs.unplug("video0");
        sysfs.unplug("video2");
        assert_eq!(sysfs.find(&first), None);
        sysfs.plug("video0", "usb2", "HD Webcam", "B2");
        assert_eq!(sysfs.find(&first), None);
        sysfs.plug("video1", "usb1", "HD Webcam", "A1");
        assert_eq!(sysfs.find(&first), Some("/dev/video1".into()));
        assert_eq!(sysfs.find(&second), Some("/dev/video0".into()));
    }

    #[test]
    fn the_speed_of_the_port_is_read() {
        let sysfs = Sysfs::new("speed");
        sysfs.plug("video0", "usb1", "HD Webcam", "A1");
        let speed = || speed_in(&sysfs.class(), Path::new("/dev/video0"));
        assert_eq!(speed(), None);
        for (text, told) in [("480\n", Some(480)), ("1.5\n", Some(1)), ("fast\n", None)] {
            fs::write(sysfs.0.join("usb1/speed"), text).unwrap();
            assert_eq!(speed(), told);
        }
        assert_eq!(speed_in(&sysfs.class(), Path::new("/dev/video1")), None);
    }

    #[test]
    fn twins_without_a_serial_number_are_told_apart_by_their_ports() {
        let sysfs = Sysfs::new("twins");
        sysfs.plug("video0", "usb1", "Cheap", "");
        sysfs.plug("video1", "usb2", "Cheap", "");
        let second = sysfs.known("video1");
        assert_eq!(sysfs.find(&second), Some("/dev/video1".into()));
        // The second camera is unplugged: the first one is not mistaken for it.
        let siblings = [sysfs.known("video0").port];
        sysfs.unplug("video1");
        assert_eq!(find_in(&sysfs.class(), &second, &siblings), None);
        sysfs.plug("video1", "usb3", "Cheap", "");
        let found = find_in(&sysfs.class(), &second, &siblings);
        assert_eq!(found, Some("/dev/video1".into()));
        // Moved to another port, and alone.
        sysfs.unplug("video0");
        sysfs.unplug("video1");
        sysfs.plug("video0", "usb4", "Cheap", "");
        assert_eq!(sysfs.find(&second), Some("/dev/video0".into()));
    }
}

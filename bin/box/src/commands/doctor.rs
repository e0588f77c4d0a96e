//! `transom doctor`: what is wrong with this machine's cameras and its station, each finding with
//! its fix. This file gathers facts; [`crate::doctor`] judges them.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use transom::media::{self, CameraError, CaptureRequest, Device, Source};
use transom::people::DEFAULT_PORT;
use transom::{State, everywhere, own_addresses};

use crate::args::Doctor;
use crate::box_pairing;
use crate::doctor::cameras::{self, CameraFacts, Wanted};
#[cfg(feature = "http")]
use crate::doctor::http;
use crate::doctor::machine::Machine;
use crate::doctor::probe::{self, Probe, probe};
use crate::doctor::station::{self, PortFacts};
use crate::doctor::{Finding, Level};
use crate::failure::Failure;
use crate::format::count;
use crate::output::Output;
#[cfg(feature = "http")]
use crate::pass_files::PassFiles;
use crate::place::{self, Place, SERVICE_STATE};

pub(crate) fn run(arguments: &Doctor, place: &Place, output: &Output) -> Result<(), Failure> {
    let mut broken = 0;
    let mut tell = |findings: Vec<Finding>| {
        for finding in findings {
            broken += u64::from(finding.level == Level::Broken);
            // Escaped, since it has names of devices and programs in it.
            output.deliver(finding.human(), finding.json());
        }
    };
    tell(of_station(arguments, place));
    tell(Machine::read().findings());
    let cameras: Vec<_> = media::list().into_iter().map(facts).collect();
    let request = arguments.request();
    let wanted = Wanted {
        source: request.source.clone(),
        size: request.size,
        prefer: request.prefer,
        controls: request.controls.clone(),
    };
    let found = cameras::findings(&cameras, &wanted);
    let is_missing = found.iter().any(|finding| finding.level == Level::Broken);
    tell(found);
    if !is_missing && arguments.seconds > 0 {
        tell(of_source(&request, &cameras, arguments.seconds));
    }
    match broken {
        0 => Ok(()),
        count_broken => Err(Failure::new(
            "problems found",
            format!("{} broken", count(count_broken, "thing")),
        )),
    }
}

fn facts(device: Device) -> CameraFacts {
    CameraFacts {
        usb_speed: device.usb_speed(),
        holder: device.holder(),
        device,
    }
}

/// Probes the source, unless another program has its device.
fn of_source(request: &CaptureRequest, cameras: &[CameraFacts], seconds: u64) -> Vec<Finding> {
    let camera = match &request.source {
        Source::Auto => { cameras.iter() }.find(|camera| camera.device.problem.is_none()),
        Source::Device(path) => {
            let real = path.canonicalize().ok();
            { cameras.iter() }.find(|camera| Some(&camera.device.path) == real.as_ref())
        }
        _ => None,
    };
    if camera.is_some_and(|camera| camera.holder.is_some()) {
        // Reported with the device.
        return Vec::new();
    }
    let result = probe(request, Duration::from_secs(seconds));
    if let Probe::Failed(CameraError::Busy { device, by: None }) = &result
        && let Some(station) = hidden_station(None)
    {
        return vec![cameras::perhaps_held(device, &station)];
    }
    probe::findings(&result, &request.source_name(), request.prefer)
}

fn of_station(arguments: &Doctor, place: &Place) -> Vec<Finding> {
    let listen = match arguments.listen.as_slice() {
        [] => everywhere(DEFAULT_PORT),
        some => some.to_vec(),
    };
    let ports = ports(&listen);
    let mut findings: Vec<_> = ports.iter().map(station::port).collect();
    findings.extend(of_http(arguments, place));
    findings.push(station::addresses(&own_addresses()));
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    findings.push(station::clock(now.unwrap_or_default()));
    let folder = place
        .state_folder()
        .map(|folder| folder.display().to_string());
    findings.push(station::key(
        folder.as_deref().unwrap_or_default(),
        key(place),
    ));
    findings.extend(of_book(place));
    let looks_at_service = place.state_folder() == Some(Path::new(SERVICE_STATE));
    // Its folder is a link to one that only root can enter.
    let has_service = || fs::symlink_metadata(SERVICE_STATE).is_ok();
    if asks_of_box(arguments) && !looks_at_service && has_service() {
        findings.push(station::service());
    }
    if cfg!(feature = "discovery") {
        let tried = multicast().map_err(|error| error.to_string());
        findings.push(station::multicast(&tried));
    }
    findings.push(station::wall(transom::can_confine()));
    let folders = box_pairing::BOOT.iter().map(Path::new);
    let files = folders.map(|folder| folder.join(box_pairing::FILE));
    findings.extend(files.filter(|file| file.is_file()).map(|file| {
        let read = box_pairing::read(&file).map(drop);
        station::pairing(&file.display().to_string(), &read)
    }));
    findings
}

/// Tries each address. The wildcard addresses of IPv6 and IPv4 use the same port; if both give the
/// same result, it is reported once.
fn ports(listen: &[SocketAddr]) -> Vec<PortFacts> {
    let mut facts: Vec<PortFacts> = Vec::new();
    for address in listen {
        let refused = TcpListener::bind(address).err();
        if refused.as_ref().is_some_and(no_such_family) && listen.len() > 1 {
            continue;
        }
        let refused = refused.map(|error| (error.kind(), error.to_string()));
        let is_same = |known: &PortFacts| {
            let (kind, known_kind) = (refused.as_ref(), known.refused.as_ref());
            known.address.port() == address.port()
                && known.address.ip().is_unspecified()
                && address.ip().is_unspecified()
                && kind.map(|(kind, _)| *kind) == known_kind.map(|(kind, _)| *kind)
        };
        if !facts.iter().any(is_same) {
            let in_use = matches!(&refused, Some((ErrorKind::AddrInUse, _)));
            facts.push(PortFacts {
                address: *address,
                holder: in_use.then(|| port_holder(address.port())).flatten(),
                refused,
            });
        }
    }
    facts
}

/// Whether this machine has no addresses of the family, as without IPv6.
fn no_such_family(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Unsupported | ErrorKind::AddrNotAvailable
    )
}

/// The program that listens at that port, as far as Linux lets this user see it.
fn port_holder(port: u16) -> Option<String> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
    let tables = tables.map(|table| fs::read_to_string(table).unwrap_or_default());
    let sockets: BTreeMap<_, _> = { tables.iter() }
        .flat_map(|table| listening_sockets(table, port))
        .collect();
    let named = processes().find_map(|(process, name)| {
        let mut descriptors = fs::read_dir(process.join("fd")).ok()?.flatten();
        let is_meant = descriptors.any(|descriptor| {
            let target = fs::read_link(descriptor.path()).unwrap_or_default();
            target.to_str().is_some_and(|it| sockets.contains_key(it))
        });
        is_meant.then_some(name)
    });
    // The socket's user runs the program that has the port.
    named.or_else(|| {
        sockets
            .values()
            .find_map(|user| hidden_station(Some(*user)))
    })
}

/// A station of another user (of `user`, if given), such as the service of the package. Its open
/// files can't be seen.
fn hidden_station(user: Option<u32>) -> Option<String> {
    processes().find_map(|(process, name)| {
        let is_hidden = || {
            let opened = fs::read_dir(process.join("fd"));
            opened.is_err_and(|error| error.kind() == ErrorKind::PermissionDenied)
        };
        let is_meant = || user.is_none_or(|user| owner(&process) == Some(user));
        (name.starts_with("transom") && is_hidden() && is_meant()).then_some(name)
    })
}

/// The user id of a process.
#[cfg(unix)]
fn owner(process: &Path) -> Option<u32> {
    use std::os::unix::fs::MetadataExt as _;
    Some(fs::metadata(process).ok()?.uid())
}

/// Only Linux has a folder for each process.
#[cfg(not(unix))]
fn owner(_: &Path) -> Option<u32> {
    None
}

/// The folder of each process, and its name with its id.
fn processes() -> impl Iterator<Item = (PathBuf, String)> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| {
        // Numbers only: `self` has descriptors too.
        let id: u32 = entry.file_name().to_str()?.parse().ok()?;
        let name = fs::read_to_string(entry.path().join("comm")).ok()?;
        Some((entry.path(), format!("{} ({id})", name.trim())))
    })
}

/// The sockets that listen at that port, as `/proc/PID/fd` names them, and their users, by a table
/// of `/proc/net`.
fn listening_sockets(table: &str, port: u16) -> Vec<(String, u32)> {
    const LISTEN: &str = "0A";
    let port = format!(":{port:04X}");
    let sockets = table.lines().filter_map(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let (local, state) = (fields.next()?, fields.nth(1)?);
        let is_meant = local.ends_with(&port) && state == LISTEN;
        let user = fields.nth(3)?.parse().ok()?;
        let inode = fields.nth(1)?;
        is_meant.then(|| (format!("socket:[{inode}]"), user))
    });
    sockets.collect()
}

/// The fingerprint of the key. A missing state folder is not created.
fn key(place: &Place) -> Option<Result<String, String>> {
    let folder = place.state_folder().filter(|folder| folder.exists())?;
    let key = State::open(folder).and_then(|state| state.identity());
    let key = key.map(|identity| identity.public_key().fingerprint().to_string());
    Some(key.map_err(|error| error.to_string()))
}

fn of_book(place: &Place) -> Vec<Finding> {
    let Some(path) = place.users() else {
        return station::book("", None);
    };
    let name = path.display().to_string();
    let is_missing = fs::metadata(&path).is_err_and(|error| error.kind() == ErrorKind::NotFound);
    if is_missing {
        return vec![station::missing_book(&name, &place.command())];
    }
    let read = place::read_book(&path);
    let read = read.map(|(book, errors)| (book.contacts().len(), errors));
    station::book(&name, Some(read.map_err(|failure| failure.to_string())))
}

/// The HTTP door, if the box would have one.
#[cfg(feature = "http")]
fn of_http(arguments: &Doctor, place: &Place) -> Vec<Finding> {
    let Some(address) = arguments.http else {
        return Vec::new();
    };
    let mut findings: Vec<_> = ports(&[address]).iter().flat_map(http::door).collect();
    if !arguments.http_open {
        findings.push(http::passes(&passes(place)));
    }
    findings
}

/// How many passes there are. A missing state folder is not created.
#[cfg(feature = "http")]
fn passes(place: &Place) -> Result<usize, String> {
    let Some(folder) = place.state_folder().filter(|folder| folder.exists()) else {
        return Ok(0);
    };
    let state = State::open(folder).map_err(|error| error.to_string())?;
    let passes = PassFiles::of(&state).read();
    let passes = passes.map_err(|failure| failure.to_string())?;
    Ok(passes.iter().count())
}

/// Without the feature no box has a door.
#[cfg(not(feature = "http"))]
fn of_http(_: &Doctor, _: &Place) -> Vec<Finding> {
    Vec::new()
}

/// Whether the user asks what is wrong with a box, by its file.
#[cfg(feature = "config")]
fn asks_of_box(arguments: &Doctor) -> bool {
    arguments.config.is_some()
}

/// Without the feature there is no such file.
#[cfg(not(feature = "config"))]
fn asks_of_box(_: &Doctor) -> bool {
    false
}

/// Sends a packet to the group of mDNS that stays on this machine, and waits for it.
fn multicast() -> io::Result<()> {
    const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    socket.join_multicast_v4(&GROUP, &Ipv4Addr::UNSPECIFIED)?;
    socket.set_multicast_loop_v4(true)?;
    socket.set_multicast_ttl_v4(0)?;
    socket.set_read_timeout(Some(Duration::from_secs(1)))?;
    let port = socket.local_addr()?.port();
    socket.send_to(b"transom", (IpAddr::from(GROUP), port))?;
    socket.recv(&mut [0; 16]).map(drop).map_err(|error| {
        let is_late = matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
        match is_late {
            true => io::Error::other("no packet came back"),
            false => error,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_are_found_by_their_port() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
            0: 00000000:1D17 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 33158 1 0000000000000000 100 0 0 10 0\n   \
            1: 0100007F:1D17 0100007F:C350 01 00000000:00000000 00:00000000 00000000  1000        0 33160 1 0000000000000000 20 4 30 10 -1\n";
        let found = ("socket:[33158]".to_owned(), 1000);
        assert_eq!(listening_sockets(table, 7447), [found]);
        assert_eq!(listening_sockets(table, 50_000), []);
        assert_eq!(listening_sockets("what\n0:\n", 7447), []);
    }

    #[test]
    fn a_port_that_is_taken_is_reported_once_with_its_program() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let facts = ports(&[address]);
        let (kind, _) = facts[0].refused.as_ref().unwrap();
        assert_eq!(*kind, ErrorKind::AddrInUse);
        let holder = facts[0].holder.as_ref().unwrap();
        let id = std::process::id();
        assert!(holder.ends_with(&format!("({id})")), "{holder}");
        drop(listener);
        assert!(ports(&[address])[0].refused.is_none());
        let both: Vec<SocketAddr> = everywhere(address.port());
        assert_eq!(ports(&both).len(), 1);
    }
}

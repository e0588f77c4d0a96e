//! A USB camera without a camera: USB/IP attaches it to this kernel, whose own driver, `uvcvideo`,
//! makes a video node of it. Linux only; it takes root, and the modules `vhci-hcd` and `uvcvideo`.
//!
//! ```text
//!   UsbCamera <-- socket: requests and replies of USB/IP --> vhci-hcd <-- uvcvideo <-- /dev/videoN
//! ```
//!
//! References: the kernel's `Documentation/usb/usbip_protocol.rst`; USB Device Class Definition for
//! Video Devices 1.1.

use std::collections::VecDeque;
use std::fs;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::eventually;

/// A camera with one format, which can be plugged in and unplugged.
#[derive(Debug)]
pub struct UsbCamera {
    model: Arc<Model>,
    shared: Arc<Shared>,
    cable: Option<Cable>,
}

/// What the camera gives.
#[derive(Debug)]
pub enum UsbPictures {
    /// This one, again and again, as MJPG.
    Jpeg(Vec<u8>),
    /// Gray, as YUYV.
    Yuyv,
}

/// What does not change.
#[derive(Debug)]
struct Model {
    port: u8,
    serial: String,
    width: u16,
    height: u16,
    pictures: UsbPictures,
}

/// A connection to the kernel: unplugged when dropped.
#[derive(Debug)]
struct Cable {
    socket: UnixStream,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// It answers all requests, and sends no pictures.
    is_silent: bool,
    brightness: i16,
    /// Times that its configuration was set: once after it was plugged in, and after each reset.
    configured: usize,
    /// Requests for picture data that wait: sequence number and room in bytes.
    waiting: VecDeque<(u32, usize)>,
    is_unplugged: bool,
}

const ATTACH: &str = "/sys/devices/platform/vhci_hcd.0/attach";
const CLASS: &str = "/sys/class/video4linux";
/// Of USB/IP: 480 Mbit/s.
const HIGH_SPEED: u8 = 3;
const HEADER: usize = 48;
/// Bytes of one transfer.
const PAYLOAD: u32 = 16 * 1024;
/// In units of 100 ns, as the video class counts: 30 pictures a second.
const INTERVAL: u32 = 333_333;
const PROBE_BYTES: u8 = 26;
/// `EPIPE`: how USB/IP writes a stalled request.
const STALLED: i32 = -32;
/// `ECONNRESET`: a request that was taken back in time.
const TAKEN_BACK: i32 = -104;

impl UsbCamera {
    /// A camera that is not plugged in yet. Its port is one of the eight of the virtual hub.
    pub fn new(port: u8, serial: &str, size: (u16, u16), pictures: UsbPictures) -> Self {
        let (width, height) = size;
        Self {
            model: Arc::new(Model {
                port,
                serial: serial.to_owned(),
                width,
                height,
                pictures,
            }),
            shared: Arc::default(),
            cable: None,
        }
    }

    /// Whether this kernel takes such cameras.
    pub fn is_possible() -> bool {
        Path::new(ATTACH).exists()
    }

    /// Plugs it in; the kernel needs a while to make its node.
    ///
    /// # Panics
    /// When the kernel refuses it.
    pub fn plug_in(&mut self) {
        let (ours, kernels) = UnixStream::pair().expect("a pair of sockets");
        *self.shared.lock() = State::default();
        let port = self.model.port;
        let attachment = format!("{port} {} {} {HIGH_SPEED}", kernels.as_raw_fd(), port + 1);
        eventually("a free port", || fs::write(ATTACH, &attachment).is_ok());
        let device = Device {
            model: Arc::clone(&self.model),
            shared: Arc::clone(&self.shared),
            socket: ours.try_clone().expect("a second descriptor"),
            replies: Arc::new(Mutex::new(ours.try_clone().expect("a third descriptor"))),
        };
        let sender = device.clone_for_pictures();
        self.cable = Some(Cable {
            socket: ours,
            threads: vec![
                thread::spawn(move || device.answer_requests()),
                thread::spawn(move || sender.send_pictures()),
            ],
        });
    }

    /// Pulls it out, and waits until its node has gone.
    ///
    /// # Panics
    /// When the node stays.
    pub fn unplug(&mut self) {
        self.pull();
        eventually("the node's end", || self.node().is_none());
    }

    fn pull(&mut self) {
        self.shared.lock().is_unplugged = true;
        self.shared.changed.notify_all();
        self.cable = None;
    }

    /// Its node, once the kernel has made one.
    pub fn node(&self) -> Option<PathBuf> {
        let entries = fs::read_dir(CLASS).ok()?.flatten();
        let mut nodes = entries.filter(|entry| {
            let path = entry.path();
            // The second node of a camera is for metadata.
            let is_first = read(&path.join("index")) == "0";
            let device = fs::canonicalize(path.join("device")).unwrap_or_default();
            let serial = device.parent().map(|usb| read(&usb.join("serial")));
            is_first && serial.as_deref() == Some(&self.model.serial)
        });
        let node = Path::new("/dev").join(nodes.next()?.file_name());
        node.exists().then_some(node)
    }

    /// Waits for the node.
    ///
    /// # Panics
    /// When it does not come.
    pub fn wait_for_node(&self) -> PathBuf {
        let mut node = None;
        eventually("a video node", || {
            node = self.node();
            node.is_some()
        });
        node.expect("it was waited for")
    }

    /// Whether it sends no pictures from now on, until it is plugged in anew.
    pub fn set_silent(&self, is_silent: bool) {
        self.shared.lock().is_silent = is_silent;
        self.shared.changed.notify_all();
    }

    /// As the kernel set it last.
    pub fn brightness(&self) -> i16 {
        self.shared.lock().brightness
    }

    /// How often the kernel has reset it since it was plugged in.
    pub fn resets(&self) -> usize {
        self.shared.lock().configured.saturating_sub(1)
    }
}

impl Drop for UsbCamera {
    fn drop(&mut self) {
        match thread::panicking() {
            true => self.pull(),
            // The next camera must not be taken for this one.
            false => self.unplug(),
        }
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        // Fails only where the kernel has hung up.
        let _ = self.socket.shutdown(Shutdown::Both);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The device's side of the cable.
struct Device {
    model: Arc<Model>,
    shared: Arc<Shared>,
    socket: UnixStream,
    replies: Arc<Mutex<UnixStream>>,
}

impl Device {
    fn clone_for_pictures(&self) -> Pictures {
        Pictures {
            model: Arc::clone(&self.model),
            shared: Arc::clone(&self.shared),
            replies: Arc::clone(&self.replies),
        }
    }

    /// Until the cable is pulled.
    fn answer_requests(mut self) {
        let mut header = [0; HEADER];
        while self.socket.read_exact(&mut header).is_ok() {
            let word = |at: usize| {
                let bytes = header[at * 4..at * 4 + 4].try_into();
                u32::from_be_bytes(bytes.expect("four bytes"))
            };
            let (command, sequence, is_read, endpoint) = (word(0), word(1), word(3) == 1, word(4));
            if command == UNLINK {
                self.take_back(sequence, word(5));
                continue;
            }
            let room = usize::try_from(word(6)).unwrap_or(usize::MAX);
            let mut data = vec![0; if is_read { 0 } else { room }];
            if self.socket.read_exact(&mut data).is_err() {
                return;
            }
            if endpoint != 0 {
                self.shared.lock().waiting.push_back((sequence, room));
                self.shared.changed.notify_all();
                continue;
            }
            let setup = header[40..].try_into().expect("eight bytes");
            match self.control(&Setup::of(setup), &data) {
                None => reply(&self.replies, sequence, STALLED, &[], 0),
                Some(answer) if is_read => {
                    let answer = &answer[..answer.len().min(room)];
                    reply(&self.replies, sequence, 0, answer, answer.len());
                }
                Some(_) => reply(&self.replies, sequence, 0, &[], room),
            }
        }
    }

    fn take_back(&self, sequence: u32, target: u32) {
        let mut state = self.shared.lock();
        let waiting = state.waiting.len();
        state.waiting.retain(|(sequence, _)| *sequence != target);
        let was_waiting = state.waiting.len() < waiting;
        drop(state);
        let status = if was_waiting { TAKEN_BACK } else { 0 };
        send(&self.replies, UNLINKED, sequence, status, 0, &[]);
    }

    /// The answer to a control request; `None` stalls it.
    fn control(&self, setup: &Setup, data: &[u8]) -> Option<Vec<u8>> {
        match (setup.kind, setup.request) {
            (Kind::Standard, GET_DESCRIPTOR) => self.descriptor(setup.value),
            (Kind::Standard, GET_STATUS) => Some(vec![0, 0]),
            (Kind::Standard, SET_CONFIGURATION) => {
                self.shared.lock().configured += 1;
                Some(Vec::new())
            }
            (Kind::Standard, CLEAR_FEATURE | SET_FEATURE | SET_INTERFACE) => Some(Vec::new()),
            (Kind::Class, request) if setup.index == BRIGHTNESS => self.brightness(request, data),
            (Kind::Class, request) if setup.index == STREAMING => self.probe(request),
            _ => None,
        }
    }

    fn descriptor(&self, value: u16) -> Option<Vec<u8>> {
        let text = match value {
            0x100 => return Some(DEVICE.to_vec()),
            0x200 => return Some(configuration(&self.model)),
            // US English.
            0x300 => return Some(vec![4, 3, 9, 4]),
            0x301 => "transom",
            0x302 => "Emulated Camera",
            0x303 => &self.model.serial,
            _ => return None,
        };
        let text: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        Some(with_length(&[&[3], &text]))
    }

    fn brightness(&self, request: u8, data: &[u8]) -> Option<Vec<u8>> {
        let value = match request {
            SET_CURRENT => {
                let value = i16::from_le_bytes(data.try_into().ok()?);
                self.shared.lock().brightness = value;
                return Some(Vec::new());
            }
            // It can be read and set.
            GET_INFO => return Some(vec![3]),
            GET_CURRENT => self.shared.lock().brightness,
            GET_LEAST => 0,
            GET_MOST => 255,
            GET_STEP => 1,
            GET_DEFAULT => 128,
            _ => return None,
        };
        Some(value.to_le_bytes().to_vec())
    }

    /// There is one format with one size and one rate: whatever is asked for, this is granted.
    fn probe(&self, request: u8) -> Option<Vec<u8>> {
        match request {
            SET_CURRENT => Some(Vec::new()),
            GET_INFO => Some(vec![3]),
            GET_LENGTH => Some(vec![PROBE_BYTES, 0]),
            GET_CURRENT | GET_LEAST | GET_MOST | GET_DEFAULT => {
                let mut probe = vec![1, 0, 1, 1];
                probe.extend(INTERVAL.to_le_bytes());
                probe.extend([0; 10]);
                probe.extend(self.model.frame_bytes().to_le_bytes());
                probe.extend(PAYLOAD.to_le_bytes());
                Some(probe)
            }
            _ => None,
        }
    }
}

/// The thread that sends pictures.
struct Pictures {
    model: Arc<Model>,
    shared: Arc<Shared>,
    replies: Arc<Mutex<UnixStream>>,
}

impl Pictures {
    fn send_pictures(&self) {
        let picture = self.model.picture();
        let mut toggle = 0;
        while self.send(&picture, toggle).is_some() {
            toggle ^= 1;
            thread::sleep(Duration::from_nanos(u64::from(INTERVAL) * 100));
        }
    }

    /// `None` once the camera is unplugged.
    fn send(&self, picture: &[u8], toggle: u8) -> Option<()> {
        let mut left = picture;
        while !left.is_empty() {
            let (sequence, room) = self.next_request()?;
            let (now, later) = left.split_at(left.len().min(room.saturating_sub(2)));
            left = later;
            let mut flags = PAYLOAD_HEADER_END | toggle;
            if left.is_empty() {
                flags |= PAYLOAD_FRAME_END;
            }
            let data = [&[2, flags], now].concat();
            reply(&self.replies, sequence, 0, &data, data.len());
        }
        Some(())
    }

    fn next_request(&self) -> Option<(u32, usize)> {
        let mut state = self.shared.lock();
        loop {
            if state.is_unplugged {
                return None;
            }
            if !state.is_silent
                && let Some(request) = state.waiting.pop_front()
            {
                return Some(request);
            }
            let changed = self.shared.changed.wait(state);
            state = changed.unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Model {
    fn frame_bytes(&self) -> u32 {
        u32::from(self.width) * u32::from(self.height) * 2
    }

    fn picture(&self) -> Vec<u8> {
        match &self.pictures {
            UsbPictures::Jpeg(picture) => picture.clone(),
            UsbPictures::Yuyv => vec![128; usize::try_from(self.frame_bytes()).unwrap_or(0)],
        }
    }
}

/// The eight bytes that start a control transfer.
struct Setup {
    kind: Kind,
    request: u8,
    value: u16,
    index: u16,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Standard,
    Class,
    Other,
}

impl Setup {
    fn of(bytes: [u8; 8]) -> Self {
        let [
            kind,
            request,
            value_low,
            value_high,
            index_low,
            index_high,
            ..,
        ] = bytes;
        Self {
            kind: match kind & 0x60 {
                0 => Kind::Standard,
                0x20 => Kind::Class,
                _ => Kind::Other,
            },
            request,
            value: u16::from_le_bytes([value_low, value_high]),
            index: u16::from_le_bytes([index_low, index_high]),
        }
    }
}

const UNLINK: u32 = 2;
const SUBMITTED: u32 = 3;
const UNLINKED: u32 = 4;

fn reply(socket: &Mutex<UnixStream>, sequence: u32, status: i32, data: &[u8], actual: usize) {
    send(socket, SUBMITTED, sequence, status, actual, data);
}

fn send(
    socket: &Mutex<UnixStream>,
    command: u32,
    sequence: u32,
    status: i32,
    actual: usize,
    data: &[u8],
) {
    let mut bytes = Vec::with_capacity(HEADER + data.len());
    let actual = u32::try_from(actual).unwrap_or(u32::MAX);
    for word in [command, sequence, 0, 0, 0, status.cast_unsigned(), actual] {
        bytes.extend(word.to_be_bytes());
    }
    bytes.resize(HEADER, 0);
    bytes.extend(data);
    let mut socket = socket.lock().unwrap_or_else(PoisonError::into_inner);
    // Fails where the cable was pulled, which the other thread sees too.
    let _ = socket.write_all(&bytes);
}

// Standard requests.
const GET_STATUS: u8 = 0;
const CLEAR_FEATURE: u8 = 1;
const SET_FEATURE: u8 = 3;
const GET_DESCRIPTOR: u8 = 6;
const SET_CONFIGURATION: u8 = 9;
const SET_INTERFACE: u8 = 11;
// Requests of the video class.
const SET_CURRENT: u8 = 0x01;
const GET_CURRENT: u8 = 0x81;
const GET_LEAST: u8 = 0x82;
const GET_MOST: u8 = 0x83;
const GET_STEP: u8 = 0x84;
const GET_LENGTH: u8 = 0x85;
const GET_INFO: u8 = 0x86;
const GET_DEFAULT: u8 = 0x87;
/// Unit 2 of interface 0: the processing unit, whose only control is the brightness.
const BRIGHTNESS: u16 = 0x0200;
/// Interface 1.
const STREAMING: u16 = 1;
// Flags of a payload's header.
const PAYLOAD_FRAME_END: u8 = 0x02;
const PAYLOAD_HEADER_END: u8 = 0x80;

/// A device of several interfaces that belong together, with the texts 1, 2 and 3.
const DEVICE: [u8; 18] = [
    18, 1, 0, 2, 0xef, 2, 1, 64, 0x09, 0x12, 0x01, 0x00, 0, 1, 1, 2, 3, 1,
];

/// The configuration: an interface for control (sensor, processing unit and output) and one for
/// pictures, which come through one bulk endpoint.
fn configuration(model: &Model) -> Vec<u8> {
    let sensor = with_length(&[&[0x24, 2, 1, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0]]);
    let processing = with_length(&[&[0x24, 5, 2, 1, 0, 0, 2, 1, 0, 0]]);
    let output = with_length(&[&[0x24, 3, 3, 1, 1, 0, 2, 0]]);
    let units = [sensor, processing, output].concat();
    let all = u16::try_from(units.len() + 13).expect("a short list");
    let clock = 6_000_000_u32;
    let control = with_length(&[
        &[0x24, 1, 0, 1],
        &all.to_le_bytes(),
        &clock.to_le_bytes(),
        &[1, 1],
    ]);

    let (format, frame_kind) = match model.pictures {
        UsbPictures::Jpeg(_) => (with_length(&[&[0x24, 6, 1, 1, 1, 1, 0, 0, 0, 0]]), 7),
        UsbPictures::Yuyv => {
            let parts: [&[u8]; 3] = [&[0x24, 4, 1, 1], &YUY2, &[16, 1, 0, 0, 0, 0]];
            (with_length(&parts), 5)
        }
    };
    let bytes = model.frame_bytes();
    let frame = with_length(&[
        &[0x24, frame_kind, 1, 0],
        &model.width.to_le_bytes(),
        &model.height.to_le_bytes(),
        &(bytes * 8 * 30).to_le_bytes(),
        &(bytes * 8 * 30).to_le_bytes(),
        &bytes.to_le_bytes(),
        &INTERVAL.to_le_bytes(),
        &[1],
        &INTERVAL.to_le_bytes(),
    ]);
    let color = with_length(&[&[0x24, 0x0d, 1, 1, 4]]);
    let formats = [format, frame, color].concat();
    let all = u16::try_from(formats.len() + 14).expect("a short list");
    let streaming = with_length(&[
        &[0x24, 1, 1],
        &all.to_le_bytes(),
        &[0x81, 0, 3, 0, 0, 0, 1, 0],
    ]);

    let parts = [
        with_length(&[&[0x0b, 0, 2, 0x0e, 3, 0, 2]]),
        with_length(&[&[4, 0, 0, 0, 0x0e, 1, 0, 2]]),
        control,
        units,
        with_length(&[&[4, 1, 0, 1, 0x0e, 2, 0, 0]]),
        streaming,
        formats,
        with_length(&[&[5, 0x81, 2, 0, 2, 0]]),
    ]
    .concat();
    let all = u16::try_from(parts.len() + 9).expect("a short list");
    let head = with_length(&[&[2], &all.to_le_bytes(), &[2, 1, 0, 0x80, 250]]);
    [head, parts].concat()
}

/// The GUID of YUYV.
const YUY2: [u8; 16] = *b"YUY2\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71";

/// A descriptor: its length in bytes, then these parts.
fn with_length(parts: &[&[u8]]) -> Vec<u8> {
    let parts = parts.concat();
    let length = u8::try_from(parts.len() + 1).expect("a short descriptor");
    [&[length], &*parts].concat()
}

/// A file of sysfs without its end of line; empty where there is none.
fn read(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.trim().to_owned()
}

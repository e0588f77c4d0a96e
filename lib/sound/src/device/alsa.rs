//! Sound cards of the kernel by libasound, where no sound server is. Cards are opened as `plughw`:
//! libasound converts formats, rates and channels that the card does not have.
//!
//! To try it without a card: in a virtual machine with the program built with `alsa`, libasound and
//! `/usr/share/alsa`: `modprobe snd-aloop enable=1,1 id=A,B pcm_substreams=1,1`. `hw:A,0` hears
//! what `hw:A,1` plays, and back. `echo snd_aloop.0` into `unbind` and `bind` of
//! `/sys/bus/platform/drivers/snd_aloop` pulls and plugs card A; `snd-dummy`, loaded in between,
//! takes its number. QEMU's `usb-audio` is a loudspeaker that `device_del` pulls out.

use std::fs;
use std::time::{Duration, Instant};

use alsa::pcm::{Access, Format, HwParams, PCM, State};
use alsa::poll::Descriptors;
use alsa::{Ctl, Direction, ValueOr};
use libc::{EACCES, EAGAIN, EBUSY, ENODEV, ENOENT, EPIPE, ESTRPIPE};
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};

use super::{Capture, Device, DeviceError, DeviceKind, DeviceName, Heard, Playback};
use crate::{RATE, time_of};

/// The card interrupts each 5 ms.
const PERIOD: i64 = 240;
/// A buffer of 100 ms, which a microphone may fill while this thread is late. A loudspeaker uses as
/// much of it as its [`Reserve`] says.
const BUFFER: i64 = 4_800;
/// A loudspeaker starts once so much waits, so that it has no dry run at once.
const START: i64 = 480;
/// How often a card is looked at without an event: plugins of libasound tell of some edges only.
const LOOK: Duration = Duration::from_millis(5);
/// The place for a PCM of the user's own configuration, tried after all cards.
const CONFIGURED: &str = "default";

pub(super) fn microphone(
    card: Option<(&str, u32)>,
    registry: &Registry,
    token: Token,
) -> Result<Box<dyn Capture>, DeviceError> {
    let card = Card::open(card, Direction::Capture, registry, token)?;
    // A capture never starts itself.
    card.pcm.start().map_err(|why| card.failed("start", why))?;
    Ok(Box::new(AlsaMicrophone { card }))
}

pub(super) fn speaker(
    card: Option<(&str, u32)>,
    registry: &Registry,
    token: Token,
) -> Result<Box<dyn Playback>, DeviceError> {
    let card = Card::open(card, Direction::Playback, registry, token)?;
    let (buffer, period) = card
        .pcm
        .get_params()
        .map_err(|why| card.failed("ask", why))?;
    let reserve = Reserve::new(buffer as usize, period as usize, Instant::now());
    Ok(Box::new(AlsaSpeaker { card, reserve }))
}

/// The devices of all cards. With a sound server they are behind those of the server, and none is
/// the default.
pub(super) fn list(has_server: bool) -> Vec<Device> {
    quietly();
    let mut devices = Vec::new();
    for found in found() {
        let kind = match found.direction {
            Direction::Capture => DeviceKind::Microphone,
            Direction::Playback => DeviceKind::Speaker,
        };
        let holder = holder(&found.card, found.device, found.direction);
        let is_default = !has_server && is_auto(&devices, kind, holder.as_deref());
        devices.push(Device {
            offers: offers(&found).unwrap_or_default(),
            usable: holder.map_or(Ok(()), |by| Err(format!("already in use by {by}"))),
            name: DeviceName::Hardware {
                card: found.card,
                device: found.device,
            },
            words: found.words,
            kind,
            is_default,
        });
    }
    devices
}

/// Whether `auto` opens the next device of that kind, which that program has: the first that no
/// other program has.
fn is_auto(earlier: &[Device], kind: DeviceKind, holder: Option<&str>) -> bool {
    let is_free = holder.is_none_or(|by| by == OURSELVES);
    let mut earlier = earlier.iter();
    is_free && !earlier.any(|device| device.kind == kind && device.is_default)
}

/// An open PCM.
struct Card {
    pcm: PCM,
    /// As the user names it.
    id: String,
    /// As a person reads it.
    name: String,
    holder: Option<String>,
    looked: Instant,
    overruns: u64,
}

impl Card {
    /// Opens this card, or the first that can be opened.
    fn open(
        wanted: Option<(&str, u32)>,
        direction: Direction,
        registry: &Registry,
        token: Token,
    ) -> Result<Self, DeviceError> {
        quietly();
        let Some((id, device)) = wanted else {
            return Self::open_first(direction, registry, token);
        };
        let name = found()
            .into_iter()
            .find(|found| found.card == id && found.device == device)
            .map_or_else(|| format!("hw:{id},{device}"), |found| found.words);
        let pcm = format!("plughw:CARD={id},DEV={device}");
        let holder = holder(id, device, direction);
        let id = format!("hw:{id},{device}");
        Self::start(&pcm, id, name, holder, direction, registry, token)
    }

    fn open_first(
        direction: Direction,
        registry: &Registry,
        token: Token,
    ) -> Result<Self, DeviceError> {
        let mut looked = Vec::new();
        for found in found() {
            if found.direction != direction {
                continue;
            }
            let card = Some((found.card.as_str(), found.device));
            match Self::open(card, direction, registry, token) {
                Ok(card) => return Ok(card),
                Err(why) => looked.push(why.to_string()),
            }
        }
        let id = CONFIGURED.to_owned();
        let name = "the default of asound.conf".to_owned();
        let configured = Self::start(CONFIGURED, id, name, None, direction, registry, token);
        configured.map_err(|_| DeviceError::NoneFound { looked })
    }

    fn start(
        pcm: &str,
        id: String,
        name: String,
        holder: Option<String>,
        direction: Direction,
        registry: &Registry,
        token: Token,
    ) -> Result<Self, DeviceError> {
        let failed = |step, why| explained(&id, holder.clone(), step, why);
        let pcm = PCM::new(pcm, direction, true).map_err(|why| failed("open", why))?;
        configure(&pcm).map_err(|why| failed("set the format", why))?;
        let descriptors = pcm.get().map_err(|why| failed("poll", why))?;
        for descriptor in descriptors {
            registry
                .register(
                    &mut SourceFd(&descriptor.fd),
                    token,
                    Interest::READABLE | Interest::WRITABLE,
                )
                .map_err(|why| DeviceError::io(&id, "register", why))?;
        }
        Ok(Self {
            pcm,
            id,
            name,
            holder,
            looked: Instant::now(),
            overruns: 0,
        })
    }

    fn failed(&self, step: &'static str, why: alsa::Error) -> DeviceError {
        explained(&self.id, self.holder.clone(), step, why)
    }

    /// After a dry run, an overrun or a suspended machine the card has to be started again.
    fn recover(&mut self, step: &'static str, why: alsa::Error) -> Result<(), DeviceError> {
        if !matches!(why.errno(), EPIPE | ESTRPIPE) {
            return Err(self.failed(step, why));
        }
        self.overruns += 1;
        log::debug!("{} overruns={}", self.id, self.overruns);
        self.pcm
            .prepare()
            .map_err(|why| self.failed("prepare", why))
    }
}

struct AlsaMicrophone {
    card: Card,
}

impl Capture for AlsaMicrophone {
    fn name(&self) -> &str {
        &self.card.name
    }

    fn read(&mut self, samples: &mut [i16], now: Instant) -> Result<Heard, DeviceError> {
        self.card.looked = now;
        // What the card holds, with what is on its way there.
        let age = self.card.pcm.delay().unwrap_or(0);
        let age = time_of(usize::try_from(age).unwrap_or(0));
        let read = self.card.pcm.io_i16().and_then(|io| io.readi(samples));
        let samples = match read {
            Ok(samples) => samples,
            Err(why) if why.errno() == EAGAIN => 0,
            Err(why) => {
                self.card.recover("read", why)?;
                let started = self.card.pcm.start();
                started.map_err(|why| self.card.failed("start", why))?;
                0
            }
        };
        Ok(Heard {
            samples,
            captured: now.checked_sub(age).unwrap_or(now),
        })
    }

    fn due(&self) -> Option<Instant> {
        Some(self.card.looked + LOOK)
    }
}

struct AlsaSpeaker {
    card: Card,
    reserve: Reserve,
}

impl Playback for AlsaSpeaker {
    fn name(&self) -> &str {
        &self.card.name
    }

    fn room(&mut self, now: Instant) -> Result<usize, DeviceError> {
        self.card.looked = now;
        if self.card.pcm.state() == State::Disconnected {
            return Err(self.card.failed("look", alsa::Error::new("state", ENODEV)));
        }
        let delay = match self.card.pcm.avail_update() {
            // Before the start nothing is on its way, and the delay counts what waits.
            Ok(_) => self.card.pcm.delay().unwrap_or(0),
            Err(why) => {
                self.card.recover("look", why)?;
                self.reserve.ran_dry(now);
                0
            }
        };
        let reserve = self.reserve.samples(now);
        Ok(reserve.saturating_sub(usize::try_from(delay).unwrap_or(0)))
    }

    fn write(&mut self, samples: &[i16], now: Instant) -> Result<(), DeviceError> {
        let written = self.card.pcm.io_i16().and_then(|io| io.writei(samples));
        match written {
            Ok(_) => Ok(()),
            Err(why) if why.errno() == EAGAIN => Ok(()),
            Err(why) => {
                self.card.recover("write", why)?;
                self.reserve.ran_dry(now);
                Ok(())
            }
        }
    }

    fn delay(&self, _: Instant) -> Duration {
        let delay = self.card.pcm.delay().unwrap_or(0);
        time_of(usize::try_from(delay).unwrap_or(0))
    }

    fn due(&self) -> Option<Instant> {
        Some(self.card.looked + LOOK)
    }
}

/// How much waits at a loudspeaker. A card that tells its place only once a period needs more than
/// one that tells it exactly, and nothing says which it is; so the reserve grows at each dry run.
#[derive(Debug)]
struct Reserve {
    samples: usize,
    least: usize,
    most: usize,
    /// Since when there was no dry run, or since the last step down.
    since: Instant,
}

impl Reserve {
    /// 20 ms, where the periods of the card are as short as asked for.
    const LEAST: usize = 960;
    /// By how much it grows and shrinks: 5 ms, which the playout makes up for within a second.
    const STEP: usize = 240;
    /// How long it stays after a dry run. What made the card late may come again.
    const CALM: Duration = Duration::from_secs(60);

    fn new(buffer: usize, period: usize, now: Instant) -> Self {
        // One period is being played and may not be refilled, the next one waits behind it.
        let most = buffer.saturating_sub(period).max(period);
        let least = Self::LEAST.max(2 * period).min(most);
        Self {
            samples: least,
            least,
            most,
            since: now,
        }
    }

    fn ran_dry(&mut self, now: Instant) {
        self.samples = (self.samples + Self::STEP).min(self.most);
        self.since = now;
    }

    fn samples(&mut self, now: Instant) -> usize {
        if self.samples > self.least && now.saturating_duration_since(self.since) >= Self::CALM {
            self.samples = self.samples.saturating_sub(Self::STEP).max(self.least);
            self.since = now;
        }
        self.samples
    }
}

fn configure(pcm: &PCM) -> alsa::Result<()> {
    let hardware = HwParams::any(pcm)?;
    hardware.set_access(Access::RWInterleaved)?;
    hardware.set_format(Format::s16())?;
    hardware.set_channels(1)?;
    hardware.set_rate(RATE, ValueOr::Nearest)?;
    hardware.set_period_size_near(PERIOD, ValueOr::Nearest)?;
    hardware.set_buffer_size_near(BUFFER)?;
    pcm.hw_params(&hardware)?;
    let software = pcm.sw_params_current()?;
    software.set_start_threshold(START)?;
    software.set_avail_min(PERIOD)?;
    pcm.sw_params(&software)
}

fn explained(
    name: &str,
    holder: Option<String>,
    step: &'static str,
    why: alsa::Error,
) -> DeviceError {
    let device = name.to_owned();
    match why.errno() {
        EBUSY => DeviceError::Busy { device, by: holder },
        EACCES => DeviceError::Denied {
            device,
            hint: "add this user to the group `audio` and log in again",
        },
        ENODEV if step != "open" => DeviceError::Lost {
            device,
            how: "unplugged".to_owned(),
        },
        ENODEV | ENOENT => DeviceError::NotFound {
            device,
            hint: "; plug it in, or choose another with `transom sounds`",
        },
        _ => DeviceError::Driver {
            device,
            step,
            why: why.to_string(),
        },
    }
}

/// libasound writes its errors to the terminal unless they are taken from it; ours say the same.
fn quietly() {
    // Each call empties what was taken before.
    if let Err(why) = alsa::Output::local_error_handler() {
        log::debug!("errors of libasound stay on the terminal why=\"{why}\"");
    }
}

/// A device of a card.
struct Found {
    card: String,
    device: u32,
    direction: Direction,
    words: String,
}

/// All devices of all cards, in the order of the kernel.
fn found() -> Vec<Found> {
    let mut found = Vec::new();
    for card in alsa::card::Iter::new().flatten() {
        let Ok(control) = Ctl::from_card(&card, true) else {
            continue;
        };
        let Ok(info) = control.card_info() else {
            continue;
        };
        let (Ok(id), Ok(name)) = (info.get_id(), info.get_name()) else {
            continue;
        };
        for device in alsa::ctl::DeviceIter::new(&control) {
            let device = device.unsigned_abs();
            for direction in [Direction::Capture, Direction::Playback] {
                let Ok(info) = control.pcm_info(device, 0, direction) else {
                    continue;
                };
                let pcm = info.get_name().unwrap_or_default();
                found.push(Found {
                    card: id.to_owned(),
                    device,
                    direction,
                    words: format!("{name}, {pcm}"),
                });
            }
        }
    }
    found
}

/// What a device does itself; `None` while it is in use or can't be asked.
fn offers(found: &Found) -> Option<String> {
    let pcm = format!("hw:CARD={},DEV={}", found.card, found.device);
    let pcm = PCM::new(&pcm, found.direction, true).ok()?;
    let hardware = HwParams::any(&pcm).ok()?;
    let rates = [hardware.get_rate_min().ok()?, hardware.get_rate_max().ok()?];
    let channels = [
        hardware.get_channels_min().ok()?,
        hardware.get_channels_max().ok()?,
    ];
    Some(in_words(rates, channels))
}

/// The least and the most of each.
fn in_words(rates: [u32; 2], channels: [u32; 2]) -> String {
    let range = |[least, most]: [String; 2]| match least == most {
        true => least,
        false => format!("{least}-{most}"),
    };
    let rates = range(rates.map(|rate| (f64::from(rate) / 1000.0).to_string()));
    let unit = if channels == [1, 1] {
        "channel"
    } else {
        "channels"
    };
    let channels = range(channels.map(|count| count.to_string()));
    format!("{rates} kHz, {channels} {unit}")
}

/// The program that holds a device, where the kernel tells.
fn holder(card: &str, device: u32, direction: Direction) -> Option<String> {
    let letter = match direction {
        Direction::Capture => 'c',
        Direction::Playback => 'p',
    };
    let status = format!("/proc/asound/{card}/pcm{device}{letter}/sub0/status");
    let status = fs::read_to_string(status).ok()?;
    let owner = status.lines().find(|line| line.starts_with("owner_pid"))?;
    let id = owner.split(':').nth(1)?.trim().parse::<u32>().ok()?;
    Some(program(id))
}

/// The program of a thread. The kernel names the thread that opened the device, and a thread may
/// have a name of its own.
fn program(thread: u32) -> String {
    let status = fs::read_to_string(format!("/proc/{thread}/status")).unwrap_or_default();
    let group = status.lines().find_map(|line| line.strip_prefix("Tgid:"));
    let id = group
        .and_then(|id| id.trim().parse().ok())
        .unwrap_or(thread);
    if id == std::process::id() {
        return OURSELVES.to_owned();
    }
    let name = fs::read_to_string(format!("/proc/{id}/comm")).unwrap_or_default();
    // Programs choose their names themselves.
    format!("{} ({id})", name.trim().escape_default())
}

/// What a device is held by that this very process has opened.
const OURSELVES: &str = "this program";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auto_is_the_first_device_that_no_other_program_has() {
        let device = |is_default| Device {
            name: DeviceName::Auto,
            words: String::new(),
            kind: DeviceKind::Speaker,
            is_default,
            offers: String::new(),
            usable: Ok(()),
        };
        let (held, free) = ([device(false)], [device(true)]);
        let speaker = DeviceKind::Speaker;
        assert!(!is_auto(&[], speaker, Some("zoom (12)")));
        assert!(is_auto(&held, speaker, None));
        assert!(is_auto(&held, speaker, Some(OURSELVES)));
        assert!(!is_auto(&free, speaker, None));
        assert!(is_auto(&free, DeviceKind::Microphone, None));
    }

    #[test]
    fn what_a_card_does_is_told_as_ranges() {
        let told = in_words([44_100, 48_000], [1, 2]);
        assert_eq!(told, "44.1-48 kHz, 1-2 channels");
        assert_eq!(in_words([48_000, 48_000], [1, 1]), "48 kHz, 1 channel");
    }

    #[test]
    fn the_reserve_fits_the_card_and_grows_with_dry_runs() {
        let start = Instant::now();
        let mut usual = Reserve::new(4_800, 240, start);
        assert_eq!(usual.samples(start), 960);
        for _ in 0..3 {
            usual.ran_dry(start);
        }
        assert_eq!(usual.samples(start + Duration::from_secs(59)), 1_680);
        assert_eq!(usual.samples(start + Duration::from_secs(61)), 1_440);
        assert_eq!(usual.samples(start + Duration::from_secs(62)), 1_440);
        for minute in 2..9 {
            usual.samples(start + Duration::from_secs(70 * minute));
        }
        assert_eq!(usual.samples(start + Duration::from_secs(700)), 960);
        for _ in 0..99 {
            usual.ran_dry(start);
        }
        assert_eq!(
            usual.samples(start),
            4_560,
            "one period of the buffer stays free"
        );
        // A card that takes nothing shorter than 21 ms.
        let mut coarse = Reserve::new(4_096, 1_024, start);
        assert_eq!(coarse.samples(start), 2_048);
        let mut tiny = Reserve::new(512, 512, start);
        assert_eq!(tiny.samples(start), 512);
    }

    #[test]
    fn a_card_held_by_a_thread_is_held_by_its_program() {
        let thread = std::thread::Builder::new().name("sound".to_owned());
        let told = thread.spawn(|| {
            let task = fs::read_link("/proc/thread-self").unwrap();
            let id = task.file_name().unwrap().to_str().unwrap();
            program(id.parse().unwrap())
        });
        assert_eq!(told.unwrap().join().unwrap(), "this program");
    }
}

//! Devices of other systems, through cpal. Twin of `linux`. With the feature `cpal` it is
//! type-checked on Linux.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{BufferSize, ErrorKind, SampleFormat, StreamConfig, SupportedBufferSize};
use mio::{Registry, Token};

use super::{Capture, Device, DeviceError, DeviceKind, DeviceName, Heard, Playback};
use crate::{RATE, Resampler, samples_of, time_of};

/// How often the queue is looked at. The callbacks of cpal run on threads of its own, and a poll
/// has one waker only, which is the caller's.
const LOOK: Duration = Duration::from_millis(5);
/// Sound that waits for a loudspeaker, or twice its period if that is more.
const TARGET: Duration = Duration::from_millis(20);
/// The queue of a microphone drops the oldest beyond this.
const LONGEST: Duration = Duration::from_secs(1);
/// How long a device may take to be opened: a person may be asked for permission.
const OPENING: Duration = Duration::from_secs(30);

pub(super) fn microphone(
    name: &DeviceName,
    _: &Registry,
    _: Token,
) -> Result<Box<dyn Capture>, DeviceError> {
    let (device, name) = find(name, DeviceKind::Microphone)?;
    let offered = device.default_input_config().map_err(failed(&name))?;
    let config = config(&offered);
    let shared = Arc::new(Mutex::new(Shared::default()));
    let stream = match offered.sample_format() {
        SampleFormat::F32 => record(&device, config, &shared, |sample: f32| sample * 32_768.0),
        SampleFormat::I16 => record(&device, config, &shared, |sample: i16| f32::from(sample)),
        _ => return Err(no_format(name)),
    };
    let stream = stream.map_err(failed(&name))?;
    stream.play().map_err(failed(&name))?;
    Ok(Box::new(CpalMicrophone {
        resampler: resampler(config.sample_rate, RATE, &name)?,
        taken: VecDeque::new(),
        converted: Vec::new(),
        ready: VecDeque::new(),
        end: End::new(name, config.sample_rate, shared, stream),
    }))
}

pub(super) fn speaker(
    name: &DeviceName,
    _: &Registry,
    _: Token,
) -> Result<Box<dyn Playback>, DeviceError> {
    let (device, name) = find(name, DeviceKind::Speaker)?;
    let offered = device.default_output_config().map_err(failed(&name))?;
    let config = config(&offered);
    let shared = Arc::new(Mutex::new(Shared::default()));
    let stream = match offered.sample_format() {
        SampleFormat::F32 => play(&device, config, &shared, |sample| sample / 32_768.0),
        // Saturates by definition.
        SampleFormat::I16 => play(&device, config, &shared, |sample| sample as i16),
        _ => return Err(no_format(name)),
    };
    let stream = stream.map_err(failed(&name))?;
    stream.play().map_err(failed(&name))?;
    Ok(Box::new(CpalSpeaker {
        resampler: resampler(RATE, config.sample_rate, &name)?,
        ready: Vec::new(),
        end: End::new(name, config.sample_rate, shared, stream),
    }))
}

/// Every device. Two of one name can't be told apart, and the first is taken.
pub(super) fn list() -> Vec<Device> {
    let host = cpal::default_host();
    let named = |device: Option<cpal::Device>| device.as_ref().and_then(words);
    let default_source = named(host.default_input_device());
    let default_sink = named(host.default_output_device());
    let mut devices = Vec::new();
    for device in host.devices().into_iter().flatten() {
        let Some(words) = words(&device) else {
            continue;
        };
        for (is_kind, kind, default) in [
            (
                device.supports_input(),
                DeviceKind::Microphone,
                &default_source,
            ),
            (device.supports_output(), DeviceKind::Speaker, &default_sink),
        ] {
            if is_kind {
                devices.push(Device {
                    name: DeviceName::Server(words.clone()),
                    is_default: default.as_ref() == Some(&words),
                    words: words.clone(),
                    kind,
                    offers: String::new(),
                    usable: Ok(()),
                });
            }
        }
    }
    devices
}

/// What the callbacks and our thread share.
#[derive(Default)]
struct Shared {
    /// One channel at the rate of the device, in units of 16 bit.
    queue: VecDeque<f32>,
    /// Between the queue and the air, as the system says.
    latency: Duration,
    /// Samples of the last callback.
    period: usize,
    error: Option<cpal::Error>,
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What both directions have.
struct End {
    name: String,
    rate: u32,
    shared: Arc<Mutex<Shared>>,
    looked: Instant,
    _stream: cpal::Stream,
}

impl End {
    fn new(name: String, rate: u32, shared: Arc<Mutex<Shared>>, stream: cpal::Stream) -> Self {
        Self {
            name,
            rate,
            shared,
            looked: Instant::now(),
            _stream: stream,
        }
    }

    /// The queue, or the error of the stream.
    fn look(&mut self, now: Instant) -> Result<MutexGuard<'_, Shared>, DeviceError> {
        self.looked = now;
        let shared = lock(&self.shared);
        match &shared.error {
            Some(why) => Err(failed(&self.name)(why.clone())),
            None => Ok(shared),
        }
    }
}

struct CpalMicrophone {
    end: End,
    resampler: Resampler,
    /// What was taken out of the queue, and then converted: empty between two reads, but with room.
    taken: VecDeque<f32>,
    converted: Vec<i16>,
    ready: VecDeque<i16>,
}

impl Capture for CpalMicrophone {
    fn name(&self) -> &str {
        &self.end.name
    }

    fn read(&mut self, samples: &mut [i16], now: Instant) -> Result<Heard, DeviceError> {
        // Converted after the lock is released, for which the callback waits.
        let mut shared = self.end.look(now)?;
        std::mem::swap(&mut shared.queue, &mut self.taken);
        let latency = shared.latency;
        drop(shared);
        self.converted.clear();
        self.resampler
            .feed(self.taken.drain(..), &mut self.converted);
        self.ready.extend(&self.converted);
        let age = latency + time_of(self.ready.len());
        let count = samples.len().min(self.ready.len());
        for (sample, heard) in samples.iter_mut().zip(self.ready.drain(..count)) {
            *sample = heard;
        }
        Ok(Heard {
            samples: count,
            captured: now.checked_sub(age).unwrap_or(now),
        })
    }

    fn due(&self) -> Option<Instant> {
        Some(self.end.looked + LOOK)
    }
}

struct CpalSpeaker {
    end: End,
    resampler: Resampler,
    ready: Vec<i16>,
}

impl Playback for CpalSpeaker {
    fn name(&self) -> &str {
        &self.end.name
    }

    fn room(&mut self, now: Instant) -> Result<usize, DeviceError> {
        let rate = self.end.rate;
        let shared = self.end.look(now)?;
        let target = TARGET.max(lasting(2 * shared.period, rate));
        let queued = lasting(shared.queue.len(), rate);
        Ok(samples_of(target.saturating_sub(queued)))
    }

    fn write(&mut self, samples: &[i16], now: Instant) -> Result<(), DeviceError> {
        let samples = samples.iter().map(|&sample| f32::from(sample));
        self.resampler.feed(samples, &mut self.ready);
        let mut shared = self.end.look(now)?;
        let ready = self.ready.drain(..).map(f32::from);
        shared.queue.extend(ready);
        Ok(())
    }

    fn delay(&self, _: Instant) -> Duration {
        let shared = lock(&self.end.shared);
        shared.latency + lasting(shared.queue.len(), self.end.rate)
    }

    fn due(&self) -> Option<Instant> {
        Some(self.end.looked + LOOK)
    }
}

fn record<T: cpal::SizedSample + Send + 'static>(
    device: &cpal::Device,
    config: StreamConfig,
    shared: &Arc<Mutex<Shared>>,
    convert: fn(T) -> f32,
) -> Result<cpal::Stream, cpal::Error> {
    let channels = usize::from(config.channels).max(1);
    let longest = lasting_samples(LONGEST, config.sample_rate);
    let (queue, errors) = (Arc::clone(shared), Arc::clone(shared));
    device.build_input_stream(
        config,
        move |data: &[T], info| {
            let mut shared = lock(&queue);
            let time = info.timestamp();
            shared.latency = time.callback.duration_since(time.capture);
            let frames = data.chunks_exact(channels);
            let mix = |frame: &[T]| {
                let sum: f32 = frame.iter().map(|&sample| convert(sample)).sum();
                sum / channels as f32
            };
            shared.queue.extend(frames.map(mix));
            let excess = shared.queue.len().saturating_sub(longest);
            shared.queue.drain(..excess);
        },
        move |why| note(&errors, why),
        Some(OPENING),
    )
}

fn play<T: cpal::SizedSample + Send + 'static>(
    device: &cpal::Device,
    config: StreamConfig,
    shared: &Arc<Mutex<Shared>>,
    convert: fn(f32) -> T,
) -> Result<cpal::Stream, cpal::Error> {
    let channels = usize::from(config.channels).max(1);
    let (queue, errors) = (Arc::clone(shared), Arc::clone(shared));
    device.build_output_stream(
        config,
        move |data: &mut [T], info| {
            let mut shared = lock(&queue);
            let time = info.timestamp();
            shared.latency = time.playback.duration_since(time.callback);
            shared.period = data.len() / channels;
            for frame in data.chunks_exact_mut(channels) {
                let sample = shared.queue.pop_front().unwrap_or(0.0);
                frame.fill(convert(sample));
            }
        },
        move |why| note(&errors, why),
        Some(OPENING),
    )
}

/// Keeps what ends a stream. Dry runs, and streams that the system moved, go on.
fn note(shared: &Mutex<Shared>, why: cpal::Error) {
    match why.kind() {
        ErrorKind::Xrun | ErrorKind::RealtimeDenied | ErrorKind::DeviceChanged => {
            log::debug!("sound device says=\"{why}\"");
        }
        _ => lock(shared).error = Some(why),
    }
}

fn find(name: &DeviceName, kind: DeviceKind) -> Result<(cpal::Device, String), DeviceError> {
    let host = cpal::default_host();
    let found = match (name, kind) {
        (DeviceName::Server(name), _) => host
            .devices()
            .map_err(failed(name))?
            .filter(|device| match kind {
                DeviceKind::Microphone => device.supports_input(),
                DeviceKind::Speaker => device.supports_output(),
            })
            .find(|device| words(device).as_ref() == Some(name)),
        (DeviceName::Hardware { .. }, _) => {
            return Err(DeviceError::Unsupported {
                device: name.to_string(),
                why: "sound cards have other names on this system; see `transom sounds`",
            });
        }
        (_, DeviceKind::Microphone) => host.default_input_device(),
        (_, DeviceKind::Speaker) => host.default_output_device(),
    };
    let device = found.ok_or_else(|| DeviceError::NotFound {
        device: name.to_string(),
        hint: "; plug it in, or choose another with `transom sounds`",
    })?;
    let words = words(&device).unwrap_or_else(|| name.to_string());
    Ok((device, words))
}

fn words(device: &cpal::Device) -> Option<String> {
    let description = device.description().ok()?;
    Some(description.name().to_owned())
}

/// The device's own rate and channels, with a period of 5 ms where it can be had.
fn config(offered: &cpal::SupportedStreamConfig) -> StreamConfig {
    let period = offered.sample_rate() / 200;
    let buffer_size = match offered.buffer_size() {
        SupportedBufferSize::Range { min, max } => BufferSize::Fixed(period.clamp(*min, *max)),
        SupportedBufferSize::Unknown => BufferSize::Default,
    };
    StreamConfig {
        channels: offered.channels(),
        sample_rate: offered.sample_rate(),
        buffer_size,
    }
}

fn resampler(from: u32, to: u32, name: &str) -> Result<Resampler, DeviceError> {
    Resampler::new(from, to).map_err(|why| DeviceError::Driver {
        device: name.to_owned(),
        step: "convert the rate",
        why: why.to_string(),
    })
}

fn lasting(samples: usize, rate: u32) -> Duration {
    Duration::from_micros(samples as u64 * 1_000_000 / u64::from(rate.max(1)))
}

fn lasting_samples(time: Duration, rate: u32) -> usize {
    usize::try_from(time.as_micros() * u128::from(rate) / 1_000_000).unwrap_or(usize::MAX)
}

fn no_format(device: String) -> DeviceError {
    DeviceError::Unsupported {
        device,
        why: "its sample format is neither 16 bit nor float",
    }
}

fn failed(name: &str) -> impl Fn(cpal::Error) -> DeviceError {
    let device = name.to_owned();
    move |why| {
        let device = device.clone();
        match why.kind() {
            ErrorKind::DeviceBusy => DeviceError::Busy { device, by: None },
            ErrorKind::PermissionDenied => DeviceError::Denied {
                device,
                hint: "allow the microphone for this program in the system's settings",
            },
            ErrorKind::DeviceNotAvailable | ErrorKind::StreamInvalidated => DeviceError::Lost {
                device,
                how: "unplugged".to_owned(),
            },
            _ => DeviceError::Driver {
                device,
                step: "use it",
                why: why.to_string(),
            },
        }
    }
}

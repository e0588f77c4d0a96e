//! The contents of the longer messages: streams that are asked for, devices that are listed.

use super::tags::{Malformed, Reader, Writer};

/// What the server calls "no index" and "no channel".
const NONE: u32 = u32::MAX;
/// Bytes of sound of a millisecond.
pub(super) const BYTES_PER_MS: u32 = 96;
/// Recorded sound comes in pieces of 5 ms.
const FRAGMENT_BYTES: u32 = 5 * BYTES_PER_MS;
/// Played sound waits 20 ms in the server and its device together; 15 ms run dry now and then on a
/// loaded machine.
const TARGET_BYTES: u32 = 20 * BYTES_PER_MS;
const REQUEST_BYTES: u32 = 5 * BYTES_PER_MS;
/// No buffer holds more than a second: of recorded sound the oldest is dropped.
pub(super) const SECOND_BYTES: u32 = 1000 * BYTES_PER_MS;
/// Devices of a list that are kept.
pub(super) const MAX_DEVICES: usize = 256;

/// A source or sink of the server.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Entry {
    /// The name that stays.
    pub(crate) name: String,
    /// What a person reads.
    pub(crate) words: String,
    /// Whether a source hears what a sink plays.
    pub(crate) is_monitor: bool,
    /// Whether the server takes it for the default.
    pub(crate) is_default: bool,
}

/// The devices of a server.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Lists {
    pub(crate) sources: Vec<Entry>,
    pub(crate) sinks: Vec<Entry>,
}

pub(super) fn record_stream(message: Writer, source: Option<&str>) -> Writer {
    let named = source.is_some();
    message
        .spec_and_map()
        .u32(NONE)
        .text(source)
        .u32(SECOND_BYTES)
        .bools(&[false]) // starts at once
        .u32(FRAGMENT_BYTES)
        .bools(&[false, false, false, false, false]) // remap, remix and convert as needed
        .bools(&[named]) // a named device is lost, not replaced
        .bools(&[false, false, true]) // fixed rate, no peaks, adjust the latency
        .properties(&stream_properties())
        .u32(NONE) // hears no single stream
        .bools(&[false, false, false]) // early requests, suspend as usual
}

pub(super) fn playback_stream(message: Writer, sink: Option<&str>) -> Writer {
    let named = sink.is_some();
    message
        .spec_and_map()
        .u32(NONE)
        .text(sink)
        .u32(SECOND_BYTES)
        .bools(&[false]) // starts at once
        .u32(TARGET_BYTES)
        .u32(0) // plays without a stock, also after it ran dry
        .u32(REQUEST_BYTES)
        .u32(0) // in step with no other stream
        .volume()
        .bools(&[false, false, false, false, false]) // remap, remix and convert as needed
        .bools(&[named]) // a named device is lost, not replaced
        .bools(&[false, false, true]) // fixed rate, not muted, adjust the latency
        .properties(&stream_properties())
        .bools(&[false, false]) // the volume is the user's; no early requests
        .bools(&[false, false, false]) // muting is the user's; suspend as usual
}

/// A call: servers route it to a headset and turn music down.
fn stream_properties() -> [(&'static str, &'static str); 2] {
    [("media.name", "Call"), ("media.role", "phone")]
}

/// Reads a source or sink of version 15. A source has the name of the sink that it monitors where
/// a sink has the name of its monitor.
pub(super) fn entry(reply: &mut Reader<'_>) -> Result<Entry, Malformed> {
    reply.skip(1)?; // index
    let name = reply.text()?.unwrap_or_default();
    let words = reply.text()?.unwrap_or_default();
    reply.skip(6)?; // format, map, module, volume, muted, index of what it monitors
    let monitored = reply.text()?;
    reply.skip(9)?; // latency, driver, flags, properties, latency, volume, state, steps, card
    Ok(Entry {
        name,
        words,
        is_monitor: monitored.is_some(),
        is_default: false,
    })
}

pub(super) fn entries(mut reply: Reader<'_>, default: &str) -> Result<Vec<Entry>, Malformed> {
    let mut entries = Vec::new();
    while !reply.is_empty() && entries.len() < MAX_DEVICES {
        let mut entry = entry(&mut reply)?;
        entry.is_default = entry.name == default;
        entries.push(entry);
    }
    Ok(entries)
}

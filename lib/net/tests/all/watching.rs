//! File descriptors in the loop that are no sockets.

use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use transom_net::Event;

use crate::support::{Station, run};

#[test]
fn a_watched_pipe_causes_events_until_the_watch_ends() {
    let mut station = Station::new();
    let (mut writer, reader) = UnixStream::pair().unwrap();
    let id = station.net.watch(reader.as_fd()).unwrap();
    writer.write_all(b"frame").unwrap();
    let watched = |event: &Event| match event {
        Event::Watched(id) => Some(*id),
        _ => None,
    };
    assert_eq!(run([&mut station], |[station]| station.find(watched)), id);
    station.net.unwatch(id);
    writer.write_all(b"another").unwrap();
    for _ in 0..5 {
        station.turn();
    }
    assert!(station.find(watched).is_none());
}

#[test]
fn a_regular_file_cannot_be_watched_and_says_so() {
    let mut station = Station::new();
    let file = std::fs::File::open(std::env::current_exe().unwrap()).unwrap();
    assert!(station.net.watch(file.as_fd()).is_err());
}

//! Records in order, out of order, changed, and across changes of the key.

use super::*;
use crate::fuzzing::{Link, pair};

fn channels() -> (Channel, Channel) {
    let (mut dialer, mut listener) = pair();
    Link::new(&[]).run(&mut dialer, &mut listener).unwrap();
    (
        dialer.into_channel().unwrap(),
        listener.into_channel().unwrap(),
    )
}

fn sealed(channel: &mut Channel, plain: &[u8]) -> Vec<u8> {
    let mut wire = Vec::new();
    channel.seal(plain, &mut wire).unwrap();
    assert_eq!(wire.len(), plain.len() + RECORD_OVERHEAD);
    let (length, record) = wire.split_at(2);
    assert_eq!(length, (record.len() as u16).to_be_bytes());
    record.to_vec()
}

#[test]
fn records_of_all_sizes_go_both_ways() {
    let (mut near, mut far) = channels();
    let mut out = vec![0; MAX_PLAIN];
    for length in [0, 1, 15, 16, 17, 1_400, 16_384, MAX_PLAIN - 1, MAX_PLAIN] {
        let plain: Vec<u8> = (0..length).map(|i| (i * 31 + length) as u8).collect();
        let there = sealed(&mut near, &plain);
        assert_eq!(far.open(&there, &mut out), Ok(length));
        assert_eq!(out[..length], plain);
        let back = sealed(&mut far, &plain);
        assert_ne!(there, back);
        assert_eq!(near.open(&back, &mut out), Ok(length));
        assert_eq!(out[..length], plain);
    }
}

#[test]
fn records_are_appended_one_after_the_other() {
    let (mut near, mut far) = channels();
    let mut wire = b"before".to_vec();
    near.seal(b"one", &mut wire).unwrap();
    near.seal(b"two", &mut wire).unwrap();
    assert_eq!(&wire[..6], b"before");
    let mut out = [0; 8];
    assert_eq!(far.open(&wire[8..27], &mut out), Ok(3));
    assert_eq!(&out[..3], b"one");
    assert_eq!(far.open(&wire[29..], &mut out), Ok(3));
    assert_eq!(&out[..3], b"two");
}

#[test]
fn every_changed_byte_of_a_record_ends_the_channel() {
    let length = sealed(&mut channels().0, b"the door is open").len();
    for at in 0..length {
        let (mut near, mut far) = channels();
        let good = sealed(&mut near, b"the door is open");
        let mut bad = good.clone();
        bad[at] ^= 1 << (at % 8);
        let mut out = [0; 64];
        assert_eq!(far.open(&bad, &mut out), Err(ChannelError::Forged));
        // Final, though the right bytes come after, and for both directions.
        assert_eq!(far.open(&good, &mut out), Err(ChannelError::Over));
        assert_eq!(far.seal(b"x", &mut Vec::new()), Err(ChannelError::Over));
    }
}

#[test]
fn records_left_out_repeated_or_sent_back_are_seen() {
    let mut out = [0; 16];
    let (mut near, mut far) = channels();
    let (_first, second) = (sealed(&mut near, b"1"), sealed(&mut near, b"2"));
    assert_eq!(far.open(&second, &mut out), Err(ChannelError::Forged));

    let (mut near, mut far) = channels();
    let first = sealed(&mut near, b"1");
    assert_eq!(far.open(&first, &mut out), Ok(1));
    assert_eq!(far.open(&first, &mut out), Err(ChannelError::Forged));

    let (mut near, _far) = channels();
    let first = sealed(&mut near, b"1");
    assert_eq!(near.open(&first, &mut out), Err(ChannelError::Forged));
}

#[test]
fn lengths_that_no_record_has_end_the_channel() {
    for length in [0, 15, 65_536] {
        let (_near, mut far) = channels();
        let mut out = vec![0; 70_000];
        let found = far.open(&vec![0; length], &mut out);
        assert_eq!(found, Err(ChannelError::Length(length)));
        assert_eq!(far.open(&[0; 16], &mut out), Err(ChannelError::Over));
    }
}

#[test]
fn the_callers_mistakes_change_nothing() {
    let (mut near, mut far) = channels();
    let mut wire = b"kept".to_vec();
    let long = vec![0; MAX_PLAIN + 1];
    let error = ChannelError::TooLong(MAX_PLAIN + 1);
    assert_eq!(near.seal(&long, &mut wire), Err(error));
    assert_eq!(wire, b"kept");
    let error = ChannelError::Room {
        needed: 23,
        found: 22,
    };
    assert_eq!(near.seal_into(b"hello", &mut [0; 22]), Err(error));

    let record = sealed(&mut near, b"hello");
    let error = ChannelError::Room {
        needed: 5,
        found: 4,
    };
    assert_eq!(far.open(&record, &mut [0; 4]), Err(error));
    assert_eq!(far.open(&record, &mut [0; 5]), Ok(5));
}

#[test]
fn the_key_changes_after_each_interval_in_each_direction() {
    let (near, far) = channels();
    let (mut near, mut far) = (near.with_interval(3), far.with_interval(3));
    let mut out = [0; 8];
    for record in 0..20_u8 {
        let wire = sealed(&mut near, &[record]);
        assert_eq!(far.open(&wire, &mut out), Ok(1));
        assert_eq!(out[0], record);
        // The other way at another pace: the directions count for themselves.
        if record % 2 == 0 {
            let wire = sealed(&mut far, &[record]);
            assert_eq!(near.open(&wire, &mut out), Ok(1));
        }
    }
}

#[test]
fn a_side_that_keeps_its_key_is_not_understood() {
    let (near, mut far) = channels();
    let mut near = near.with_interval(3);
    let mut out = [0; 8];
    for _ in 0..3 {
        assert_eq!(far.open(&sealed(&mut near, b"x"), &mut out), Ok(1));
    }
    let fourth = sealed(&mut near, b"x");
    assert_eq!(far.open(&fourth, &mut out), Err(ChannelError::Forged));
}

#[test]
fn the_interval_is_that_of_the_specification() {
    let (near, far) = channels();
    for channel in [&near, &far] {
        assert_eq!(channel.sealed.interval, 1 << 20);
        assert_eq!(channel.opened.interval, 1 << 20);
    }
}

#[test]
fn debug_shows_no_key() {
    let text = format!("{:?}", channels().0);
    assert_eq!(text, "Channel { cipher: Aes256Gcm, over: false, .. }");
}

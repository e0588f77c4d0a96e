//! Records in order, out of order, changed, and across changes of the key.

use super::*;
use crate::{Ciphers, fuzzing};

fn channels() -> (Channel, Channel) {
    fuzzing::channels(Ciphers::BOTH)
}

fn sealed(channel: &mut Channel, plain: &[u8]) -> Vec<u8> {
    let mut wire = Vec::new();
    channel.seal(plain, &mut wire).unwrap();
    assert_eq!(wire.len(), plain.len() + RECORD_OVERHEAD);
    let (length, record) = wire.split_at(2);
    assert_eq!(length, (record.len() as u16).to_be_bytes());
    record.to_vec()
}

/// Opens a copy of the record.
fn opened(channel: &mut Channel, record: &[u8]) -> Result<Vec<u8>, ChannelError> {
    let mut record = record.to_vec();
    channel.open(&mut record).map(<[u8]>::to_vec)
}

#[test]
fn records_of_all_sizes_go_both_ways() {
    let (mut near, mut far) = channels();
    for length in [0, 1, 15, 16, 17, 1_400, 16_384, MAX_PLAIN - 1, MAX_PLAIN] {
        let plain: Vec<u8> = (0..length).map(|i| (i * 31 + length) as u8).collect();
        let there = sealed(&mut near, &plain);
        assert_eq!(opened(&mut far, &there).unwrap(), plain);
        let back = sealed(&mut far, &plain);
        assert_ne!(there, back);
        assert_eq!(opened(&mut near, &back).unwrap(), plain);
    }
}

#[test]
fn records_are_appended_one_after_the_other() {
    let (mut near, mut far) = channels();
    let mut wire = b"before".to_vec();
    near.seal(b"one", &mut wire).unwrap();
    near.seal(b"two", &mut wire).unwrap();
    assert_eq!(&wire[..6], b"before");
    assert_eq!(far.open(&mut wire[8..27]).unwrap(), b"one");
    assert_eq!(far.open(&mut wire[29..]).unwrap(), b"two");
}

#[test]
fn sealing_in_place_and_appending_make_the_same_record() {
    let ((mut near, _), (mut again, mut far)) = (channels(), channels());
    let mut record = [0; RECORD_OVERHEAD + 4];
    record[RECORD_HEAD..][..4].copy_from_slice(b"door");
    again.seal_in_place(&mut record).unwrap();
    assert_eq!(far.open(&mut record[RECORD_HEAD..]).unwrap(), b"door");
    let mut appended = Vec::new();
    near.seal(b"door", &mut appended).unwrap();
    assert_eq!(appended.len(), record.len());
    assert_eq!(appended[..RECORD_HEAD], record[..RECORD_HEAD]);
}

#[test]
fn every_changed_byte_of_a_record_ends_the_channel() {
    let length = sealed(&mut channels().0, b"the door is open").len();
    for at in 0..length {
        let (mut near, mut far) = channels();
        let good = sealed(&mut near, b"the door is open");
        let mut bad = good.clone();
        bad[at] ^= 1 << (at % 8);
        assert_eq!(opened(&mut far, &bad), Err(ChannelError::Forged));
        // Final for both directions, although the correct record follows.
        assert_eq!(opened(&mut far, &good), Err(ChannelError::Over));
        assert_eq!(far.seal(b"x", &mut Vec::new()), Err(ChannelError::Over));
    }
}

#[test]
fn records_left_out_repeated_or_reflected_are_detected() {
    let (mut near, mut far) = channels();
    let (_first, second) = (sealed(&mut near, b"1"), sealed(&mut near, b"2"));
    assert_eq!(opened(&mut far, &second), Err(ChannelError::Forged));

    let (mut near, mut far) = channels();
    let first = sealed(&mut near, b"1");
    assert_eq!(opened(&mut far, &first).unwrap(), b"1");
    assert_eq!(opened(&mut far, &first), Err(ChannelError::Forged));

    let (mut near, _far) = channels();
    let first = sealed(&mut near, b"1");
    assert_eq!(opened(&mut near, &first), Err(ChannelError::Forged));
}

#[test]
fn lengths_that_no_record_has_end_the_channel() {
    for length in [0, 15, 65_536] {
        let (_near, mut far) = channels();
        let found = far.open(&mut vec![0; length]).map(<[u8]>::len);
        assert_eq!(found, Err(ChannelError::Length(length)));
        assert_eq!(opened(&mut far, &[0; 16]), Err(ChannelError::Over));
    }
}

#[test]
fn errors_of_the_caller_leave_channel_and_buffer_unchanged() {
    let (mut near, mut far) = channels();
    let mut wire = b"kept".to_vec();
    let long = vec![0; MAX_PLAIN + 1];
    let error = ChannelError::TooLong(MAX_PLAIN + 1);
    assert_eq!(near.seal(&long, &mut wire), Err(error));
    assert_eq!(wire, b"kept");
    for short in [0, 1, RECORD_HEAD, RECORD_OVERHEAD - 1] {
        let error = ChannelError::Short(short);
        assert_eq!(near.seal_in_place(&mut vec![0; short]), Err(error));
    }
    let record = sealed(&mut near, b"hello");
    assert_eq!(opened(&mut far, &record).unwrap(), b"hello");
}

#[test]
fn the_key_changes_after_each_interval_in_each_direction() {
    let (near, far) = channels();
    let (mut near, mut far) = (near.with_interval(3), far.with_interval(3));
    for record in 0..20_u8 {
        let wire = sealed(&mut near, &[record]);
        assert_eq!(opened(&mut far, &wire).unwrap(), [record]);
        // Fewer records in the other direction: each direction counts its own.
        if record % 2 == 0 {
            let wire = sealed(&mut far, &[record]);
            assert_eq!(opened(&mut near, &wire).unwrap(), [record]);
        }
    }
}

#[test]
fn a_side_that_does_not_rekey_fails_the_check() {
    let (near, mut far) = channels();
    let mut near = near.with_interval(3);
    for _ in 0..3 {
        let record = sealed(&mut near, b"x");
        assert_eq!(opened(&mut far, &record).unwrap(), b"x");
    }
    let fourth = sealed(&mut near, b"x");
    assert_eq!(opened(&mut far, &fourth), Err(ChannelError::Forged));
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

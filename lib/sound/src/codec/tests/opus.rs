//! Opus: what it costs the sound, and what damaged packets do.

use crate::measure::{Noise, chirp, delay_of, likeness, segmental_snr_db, snr_db, speech, stoi};
use crate::{BLOCK, Codec, CodecError, Decoder, Encoder, Format, MAX_FRAME, MIN_FRAME};

const DELAY: usize = Codec::Opus.delay() as usize;

fn encoded(sound: &[i16]) -> Vec<Vec<u8>> {
    let mut encoder = Encoder::new(Codec::Opus).unwrap();
    let packet = |block: &[i16; BLOCK]| {
        let mut packet = Vec::new();
        encoder.encode(block, &mut packet);
        packet
    };
    sound.as_chunks().0.iter().map(packet).collect()
}

#[test]
fn speech_through_opus_stays_speech() {
    for seed in 0..3 {
        let sound = speech(10.0, seed);
        let packets = encoded(&sound);
        let mut decoder = Decoder::new(Format::of(Codec::Opus)).unwrap();
        let (mut heard, mut samples) = (Vec::new(), Vec::new());
        for packet in &packets {
            decoder.decode(packet, &mut samples).unwrap();
            assert_eq!(samples.len(), BLOCK);
            heard.extend_from_slice(&samples);
        }
        let (sound, heard) = (&sound[..sound.len() - DELAY], &heard[DELAY..]);
        let (snr, segmental) = (snr_db(sound, heard), segmental_snr_db(sound, heard));
        let like = likeness(sound, heard);
        let stoi = stoi(sound, heard);
        println!(
            "speaker {seed}: SNR {snr:.1} dB, segmental {segmental:.1} dB, likeness {like:.4}, \
             STOI {stoi:.4}"
        );
        assert!(snr > 20.0 && segmental > 17.0 && like > 0.99 && stoi > 0.99);
    }
}

#[test]
fn decoded_sound_is_as_late_as_the_codec_says() {
    let mut sound = speech(1.0, 9);
    sound[20_000..22_400].copy_from_slice(&chirp());
    let mut decoder = Decoder::new(Format::of(Codec::Opus)).unwrap();
    let (mut heard, mut samples) = (Vec::new(), Vec::new());
    for packet in encoded(&sound) {
        decoder.decode(&packet, &mut samples).unwrap();
        heard.extend_from_slice(&samples);
    }
    assert_eq!(delay_of(&chirp(), &heard).unwrap().at, 20_000 + DELAY);
}

#[test]
fn the_length_of_a_packet_tells_nothing() {
    let mut sound = vec![0; 48_000];
    sound.extend(speech(2.0, 7));
    sound.extend([i16::MAX; 4_800]);
    let mut noise = Noise::new(8);
    sound.extend((0..4_800).map(|_| (noise.next() * 32_767.0) as i16));
    assert!(encoded(&sound).iter().all(|packet| packet.len() == 90));
}

#[test]
fn damaged_packets_are_errors_or_sound_and_never_more_of_it() {
    let packets = encoded(&speech(1.0, 4));
    let mut noise = Noise::new(5);
    let mut decoder = Decoder::new(Format::of(Codec::Opus)).unwrap();
    let mut samples = Vec::new();
    let (mut refused, mut taken) = (0, 0);
    for round in 0..20_000 {
        let mut packet = packets[round % packets.len()].clone();
        match round % 4 {
            0 => packet.truncate(noise.bits() as usize % packet.len()),
            1 => {
                let length = noise.bits() as usize % 1_500;
                packet = (0..length).map(|_| noise.bits() as u8).collect();
            }
            _ => {
                let at = noise.bits() as usize % packet.len();
                packet[at] ^= noise.bits() as u8;
            }
        }
        match decoder.decode(&packet, &mut samples) {
            Ok(()) => {
                assert_eq!(samples.len(), BLOCK);
                taken += 1;
            }
            Err(_) => {
                assert!(samples.is_empty());
                refused += 1;
            }
        }
    }
    assert!(refused > 1_000 && taken > 1_000, "{refused} {taken}");
    // A good packet still decodes behind all that.
    decoder.decode(&packets[0], &mut samples).unwrap();
    assert_eq!(samples.len(), BLOCK);
}

#[test]
fn a_packet_of_another_length_than_announced_is_refused() {
    let packet = &encoded(&speech(0.01, 6))[0];
    let mut samples = Vec::new();
    for frame in [MIN_FRAME, 240, 960, MAX_FRAME] {
        let format = Format {
            frame,
            ..Format::of(Codec::Opus)
        };
        let refused = Decoder::new(format).unwrap().decode(packet, &mut samples);
        let (got, announced) = (BLOCK, usize::from(frame));
        assert_eq!(refused, Err(CodecError::Length { got, announced }));
    }
    let mut decoder = Decoder::new(Format::of(Codec::Opus)).unwrap();
    assert_eq!(
        decoder.decode(&[], &mut samples),
        Err(CodecError::Packet(0))
    );
    let long = vec![packet[0]; 1_276];
    assert_eq!(
        decoder.decode(&long, &mut samples),
        Err(CodecError::Packet(1_276))
    );
}

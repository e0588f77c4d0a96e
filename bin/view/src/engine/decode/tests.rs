//! Streams that wait, take turns, break and are forgotten.

use std::thread;

use transom_media::fuzzing::sample;

use super::*;

fn arrived(face: Face, jpeg: Vec<u8>, sequence: u32) -> Arrived {
    let now = Instant::now();
    let own = OwnPicture {
        jpeg: jpeg.into(),
        width: 64,
        height: 48,
        orientation: 1,
    };
    let mut arrived = Arrived::own(own);
    (arrived.face, arrived.received) = (face, now);
    arrived.picture.sequence = sequence;
    arrived
}

fn face(name: &str) -> Face {
    Face::Peer(name.parse().unwrap())
}

/// The desk and its letters, worked at by one decoder while `during` runs.
fn working(during: impl FnOnce(&Desk, &Mailbox)) {
    working_with(|jpeg, into| decode(jpeg, Limit::default(), into), during);
}

/// The same with another decoder.
fn working_with(
    decode: impl Fn(&[u8], &mut Image) -> Result<(), ImageError> + Send,
    during: impl FnOnce(&Desk, &Mailbox),
) {
    let wake: Wake = Arc::new(|| ());
    let (desk, mailbox) = (Desk::new(wake.clone()), Mailbox::new(wake));
    thread::scope(|scope| {
        scope.spawn(|| run_with(&desk, &mailbox, decode));
        // Also where `during` fails: else the test would wait for the decoder for ever.
        let _closing = Closing(&desk);
        during(&desk, &mailbox);
    });
}

struct Closing<'a>(&'a Desk);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

fn until(what: impl Fn() -> bool) {
    let start = Instant::now();
    while !what() {
        assert!(start.elapsed() < Duration::from_secs(20), "it never came");
        thread::sleep(Duration::from_millis(2));
    }
}

/// A header that promises 16,000 x 16,000 pixels.
fn giant() -> Vec<u8> {
    let mut jpeg = sample(32, 16);
    let mut markers = jpeg.windows(2);
    let frame = markers.position(|two| two == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0x3e, 0x80, 0x3e, 0x80]);
    jpeg
}

#[test]
fn of_each_stream_the_newest_picture_is_decoded_and_the_others_counted() {
    let desk = Desk::new(Arc::new(|| ()));
    for sequence in 0..3 {
        desk.put(arrived(face("door"), sample(64, 48), sequence));
    }
    desk.put(arrived(face("yard"), sample(64, 48), 0));
    let first = desk.next().unwrap();
    assert_eq!(
        (first.arrived.face, first.arrived.picture.sequence),
        (face("door"), 2)
    );
    // While one decoder works for the door, another takes the yard.
    desk.put(arrived(face("door"), sample(64, 48), 3));
    assert_eq!(desk.next().unwrap().arrived.face, face("yard"));
    desk.done(first.arrived, Image::default(), (64, 48));
    let again = desk.next().unwrap().arrived;
    assert_eq!(again.picture.sequence, 3);
    desk.done(again, Image::default(), (64, 48));
    let fetched = desk.fetch();
    let sample = fetched[0].sample;
    assert_eq!(
        (sample.sequence, sample.undecoded, sample.unseen),
        (3, 2, 1)
    );
    assert!(!desk.has_news());
}

#[test]
fn pictures_are_not_much_larger_than_they_are_shown_and_their_true_size_is_known() {
    working(|desk, _| {
        desk.put(arrived(face("door"), sample(640, 480), 0));
        until(|| desk.has_news());
        let first = desk.fetch().remove(0);
        assert_eq!((first.image.width, first.image.height), (640, 480));
        desk.give_back(face("door"), first.image);
        desk.want(face("door"), (300, 200));
        desk.put(arrived(face("door"), sample(640, 480), 1));
        until(|| desk.has_news());
        let second = desk.fetch().remove(0);
        assert_eq!((second.image.width, second.image.height), (320, 240));
        assert_eq!((second.shown.width, second.shown.height), (640, 480));
    });
}

#[test]
fn garbage_and_giants_are_told_and_hold_up_nobody() {
    working(|desk, mailbox| {
        for number in 0..50 {
            let bad = if number % 2 == 0 {
                giant()
            } else {
                b"no picture".to_vec()
            };
            desk.put(arrived(face("evil"), bad, number));
            desk.put(arrived(face("door"), sample(64, 48), number));
        }
        until(|| desk.last(face("door")).is_some() && !mailbox.is_empty());
        assert!(desk.last(face("evil")).is_none());
        let letters = mailbox.take();
        assert!(
            letters
                .iter()
                .all(|letter| matches!(letter, Letter::Broken(one, _) if *one == face("evil")))
        );
    });
}

#[test]
fn a_panic_of_the_decoder_costs_one_picture() {
    let poisoned = |jpeg: &[u8], into: &mut Image| {
        // It panics half-way, with a size that its pixels are not.
        into.width = 7;
        assert_ne!(jpeg, b"poison");
        decode(jpeg, Limit::default(), into)
    };
    working_with(poisoned, |desk, mailbox| {
        for number in 0..3 {
            desk.put(arrived(face("evil"), b"poison".to_vec(), number));
            until(|| !mailbox.is_empty());
            assert!(matches!(&mailbox.take()[..], [Letter::Broken(..)]));
            desk.put(arrived(face("door"), sample(64, 48), number));
            until(|| desk.has_news());
            let fetched = desk.fetch();
            let Image { width, height, .. } = fetched[0].image;
            assert_eq!((width, height), (64, 48));
        }
    });
}

#[test]
fn what_is_no_picture_leaves_the_last_good_one_and_its_size_is_the_decoders_word() {
    working(|desk, mailbox| {
        let good = sample(64, 48);
        desk.put(arrived(face("door"), good.clone(), 0));
        until(|| desk.has_news());
        desk.fetch();
        for (number, bad) in [giant(), b"garbage".to_vec(), Vec::new()]
            .into_iter()
            .enumerate()
        {
            desk.put(arrived(face("door"), bad, 1));
            until(|| !mailbox.is_empty());
            let letters = mailbox.take();
            assert!(
                matches!(&letters[..], [Letter::Broken(one, _)] if *one == face("door")),
                "{number}: {letters:?}"
            );
            assert!(!desk.has_news(), "{number}");
            assert_eq!(desk.last(face("door")).as_deref(), Some(&good));
        }
        let mut boast = arrived(face("door"), good, 2);
        (boast.picture.width, boast.picture.height) = (16_000, 1);
        desk.put(boast);
        until(|| desk.has_news());
        let shown = desk.fetch().remove(0).shown;
        assert_eq!((shown.width, shown.height), (64, 48));
    });
}

#[test]
fn a_stream_behind_a_single_picture_is_not_decoded_until_it_is_back() {
    let desk = Desk::new(Arc::new(|| ()));
    let door = face("door");
    desk.put(arrived(door, sample(64, 48), 0));
    let task = desk.next().unwrap();
    desk.done(task.arrived, Image::default(), (64, 48));
    desk.show(|_| false);
    desk.put(arrived(door, sample(64, 48), 1));
    assert!(desk.lock().next().is_none());
    desk.show(|_| true);
    desk.put(arrived(door, sample(64, 48), 2));
    assert_eq!(desk.next().unwrap().arrived.picture.sequence, 2);
}

#[test]
fn a_stream_nobody_looks_at_is_forgotten_also_while_it_is_decoded() {
    let desk = Desk::new(Arc::new(|| ()));
    desk.put(arrived(face("door"), sample(64, 48), 0));
    let task = desk.next().unwrap();
    desk.retain(|_| false);
    desk.done(task.arrived, Image::default(), (64, 48));
    assert!(desk.fetch().is_empty() && desk.last(face("door")).is_none());
}

//! The driver is a script that answers each call and records what it was given.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::os::fd::AsFd;

use super::*;

#[derive(Default)]
struct Script {
    answers: VecDeque<Result<(Filled, Vec<u8>), i32>>,
    memory: Vec<Vec<u8>>,
    given_back: Vec<usize>,
    /// The errno of every later QBUF.
    refuse: Option<i32>,
}

impl Script {
    fn new() -> Self {
        Self {
            memory: vec![Vec::new(); 4],
            ..Self::default()
        }
    }

    fn fill(mut self, index: usize, sequence: u32, bytes: &[u8]) -> Self {
        let filled = Filled {
            index,
            damaged: false,
            sequence,
            age: Some(Duration::ZERO),
        };
        self.answers.push_back(Ok((filled, bytes.to_vec())));
        self
    }

    fn damaged(mut self, index: usize, sequence: u32) -> Self {
        let filled = Filled {
            index,
            damaged: true,
            sequence,
            age: None,
        };
        self.answers.push_back(Ok((filled, Vec::new())));
        self
    }

    fn fail(mut self, errno: i32) -> Self {
        self.answers.push_back(Err(errno));
        self
    }
}

impl Buffers for Script {
    fn descriptor(&self) -> BorrowedFd<'_> {
        // Nothing polls it.
        static NULL: std::sync::OnceLock<std::fs::File> = std::sync::OnceLock::new();
        NULL.get_or_init(|| std::fs::File::open("/dev/null").unwrap())
            .as_fd()
    }

    fn dequeue(&mut self) -> io::Result<Filled> {
        let answer = self.answers.pop_front().unwrap_or(Err(libc::EAGAIN));
        let (filled, bytes) = answer.map_err(io::Error::from_raw_os_error)?;
        self.memory[filled.index] = bytes;
        Ok(filled)
    }

    fn bytes(&self, index: usize) -> &[u8] {
        &self.memory[index]
    }

    fn enqueue(&mut self, index: usize) -> io::Result<()> {
        match self.refuse {
            Some(errno) => Err(io::Error::from_raw_os_error(errno)),
            None => {
                self.given_back.push(index);
                Ok(())
            }
        }
    }
}

type Outcome = io::Result<Option<(Vec<u8>, u32)>>;

fn newest(drain: &mut Drain<Script>, format: &mut Format) -> Outcome {
    let judge = |bytes: &[u8], is_flagged| match (bytes.starts_with(b"bad"), is_flagged) {
        (_, true) => Err(ImageError::Flagged),
        (true, _) => Err(ImageError::NotJpeg),
        _ => Ok(()),
    };
    drain.newest(format, judge, |bytes, stamp, _| {
        Some((bytes.to_vec(), stamp.sequence))
    })
}

#[test]
fn the_newest_wins_and_every_buffer_goes_back() {
    let script = Script::new()
        .fill(0, 7, b"old")
        .fill(1, 8, b"new")
        .fail(libc::EAGAIN)
        .fill(2, 9, b"next");
    let (mut drain, mut format) = (Drain::new(script), Format::default());
    assert_eq!(
        newest(&mut drain, &mut format).unwrap(),
        Some((b"new".to_vec(), 1))
    );
    assert_eq!((format.counts.stale, format.counts.lost()), (1, 1));
    assert_eq!(
        newest(&mut drain, &mut format).unwrap(),
        Some((b"next".to_vec(), 2))
    );
    assert_eq!(newest(&mut drain, &mut format).unwrap(), None);
    assert_eq!(drain.buffers.given_back, [0, 1, 2]);
}

#[test]
fn damaged_and_unusable_frames_are_counted_and_an_older_good_one_still_shows() {
    let script = Script::new()
        .fill(0, 1, b"good")
        .damaged(1, 2)
        .fill(2, 3, b"bad")
        .fill(3, 4, b"bad");
    let (mut drain, mut format) = (Drain::new(script), Format::default());
    assert_eq!(
        newest(&mut drain, &mut format).unwrap(),
        Some((b"good".to_vec(), 0))
    );
    assert_eq!(
        (
            format.counts.damaged,
            format.counts.unusable,
            format.counts.stale
        ),
        (1, 2, 0)
    );
    assert_eq!(drain.buffers.given_back, [1, 2, 3, 0]);
}

#[test]
fn an_unplugged_camera_gives_damaged_buffers_and_then_takes_none_back() {
    let mut script = Script::new().damaged(0, 1).damaged(1, 2);
    script.refuse = Some(libc::ENODEV);
    let (mut drain, mut format) = (Drain::new(script), Format::default());
    assert_eq!(
        newest(&mut drain, &mut format).unwrap_err().raw_os_error(),
        Some(libc::ENODEV)
    );
    assert_eq!(format.counts.damaged, 1);
}

#[test]
fn errors_of_the_driver_come_through_at_any_step() {
    for errno in [libc::ENODEV, libc::EIO, libc::EPROTO, libc::EINVAL] {
        for before in 0..3 {
            let script =
                (0..before).fold(Script::new(), |script, at| script.fill(at, at as u32, b"x"));
            let mut drain = Drain::new(script.fail(errno));
            let error = newest(&mut drain, &mut Format::default()).unwrap_err();
            assert_eq!(error.raw_os_error(), Some(errno));
            assert_ne!(error.kind(), ErrorKind::WouldBlock);
        }
    }
}

#[test]
fn an_endless_queue_does_not_hold_the_loop() {
    let script = (0..1000).fold(Script::new(), |script, at| {
        script.fill(at % 2, at as u32, b"x")
    });
    let mut drain = Drain::new(script);
    assert!(
        newest(&mut drain, &mut Format::default())
            .unwrap()
            .is_some()
    );
    assert_eq!(drain.buffers.answers.len(), 1000 - MAX_TAKEN);
}

#[test]
fn gaps_are_counted_and_a_counter_that_jumps_is_not_believed() {
    let mut format = Format::default();
    let mut drain = Drain::new(Script::new());
    let mut give = |sequence| {
        drain.buffers = Script::new().fill(0, sequence, b"x");
        let sequence = newest(&mut drain, &mut format).unwrap().unwrap().1;
        (sequence, format.counts.skipped)
    };
    assert_eq!(give(10), (0, 0));
    assert_eq!(give(11), (1, 0));
    assert_eq!(give(15), (5, 3));
    assert_eq!(give(15), (6, 3), "repeated");
    assert_eq!(give(0), (7, 3), "started over");
    assert_eq!(give(u32::MAX), (8, 3), "nonsense");
    assert_eq!(give(1), (10, 4), "wrapped");
}

#[test]
fn times_never_go_back_whatever_the_driver_stamps() {
    let mut drain = Drain::new(Script::new());
    let mut last = Instant::now() - Duration::from_secs(3600);
    for age in [Some(5), Some(0), None, Some(9), Some(3600), Some(1), None] {
        let filled = Filled {
            index: 0,
            damaged: false,
            sequence: 0,
            age: age.map(Duration::from_secs),
        };
        let captured = drain.stamp(&filled, &mut Format::default()).captured;
        assert!(
            captured >= last && captured <= Instant::now(),
            "age {age:?}"
        );
        last = captured;
    }
}

#[test]
fn a_stamp_that_jumps_is_mended_for_one_frame_and_not_for_ever() {
    let mut drain = Drain::new(Script::new());
    let mut age = |age| {
        let filled = Filled {
            index: 0,
            damaged: false,
            sequence: 0,
            age,
        };
        let stamp = drain.stamp(&filled, &mut Format::default());
        stamp.acquired - stamp.captured
    };
    // Older than the pictures are apart, as with a camera that takes long to hand them over.
    let usual = Duration::from_millis(20);
    for jump in [None, Some(Duration::ZERO), Some(Duration::from_secs(9))] {
        assert_eq!(age(Some(usual)), usual);
        assert!(age(jump) < usual, "{jump:?}");
        let end = Instant::now() + Duration::from_secs(60);
        while age(Some(usual)) < usual {
            assert!(Instant::now() < end, "not believed again after {jump:?}");
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

#[test]
fn a_rare_cut_picture_is_lost_and_a_camera_that_always_cuts_or_flags_is_shown() {
    let mut rare = DamagePolicy::default();
    assert!((0..200).all(|at| {
        let is_cut = at % 10 == 0;
        rare.judge(is_cut.then_some(ImageError::Truncated)).is_ok() != is_cut
    }));
    for fault in [ImageError::Truncated, ImageError::Flagged] {
        let mut always = DamagePolicy::default();
        let shown = (0..100).filter(|_| always.judge(Some(fault.clone())).is_ok());
        assert_eq!(shown.count(), 84);
    }
}

//! A camera that fails, on a clock moved by hand.

use super::*;

/// A supervisor with a clock in milliseconds.
struct Bench {
    supervisor: Supervisor,
    start: Instant,
}

impl Bench {
    fn new(source: &Source) -> Self {
        Self {
            supervisor: Supervisor::new(Some(source)),
            start: Instant::now(),
        }
    }

    fn at(&self, milliseconds: u64) -> Instant {
        self.start + Duration::from_millis(milliseconds)
    }

    fn open(&mut self, milliseconds: u64, fps: u32) {
        let format = Format {
            fps,
            ..Format::default()
        };
        let now = self.at(milliseconds);
        self.supervisor.start(now);
        self.supervisor.opened(&format, now);
    }

    fn good(&mut self, milliseconds: u64) {
        self.supervisor.good(1, self.at(milliseconds));
    }

    fn bad(&mut self, milliseconds: u64) {
        let now = self.at(milliseconds);
        self.supervisor.bad(ImageError::Truncated, now);
    }

    /// It is unplugged, or still not there.
    fn fails(&mut self, milliseconds: u64) {
        let device = "webcam".to_owned();
        let now = self.at(milliseconds);
        self.supervisor.failed(&CameraError::Lost { device }, now);
    }

    #[cfg(target_os = "linux")]
    fn fails_with(&mut self, errno: i32, milliseconds: u64) {
        let error = CameraError::Io {
            device: "webcam".to_owned(),
            step: "set the format",
            why: std::io::Error::from_raw_os_error(errno),
        };
        self.supervisor.failed(&error, self.at(milliseconds));
    }

    fn turn(&mut self, milliseconds: u64) -> Option<Act> {
        self.supervisor.turn(self.at(milliseconds))
    }

    /// Milliseconds until something is due.
    fn due(&self) -> Option<u128> {
        let due = self.supervisor.due()?;
        Some(due.duration_since(self.start).as_millis())
    }
}

fn device() -> Source {
    Source::Device("/dev/video0".into())
}

fn ended() -> CameraError {
    CameraError::Ended {
        source_name: "cmd".to_owned(),
        how: "it ended".to_owned(),
    }
}

fn no_format() -> CameraError {
    CameraError::NoFormat {
        device: "/dev/video0".to_owned(),
        offered: "none".to_owned(),
    }
}

const SILENT: fn(u64) -> Trouble = |seconds| Trouble::Silent(Duration::from_secs(seconds));

#[test]
fn failures_in_a_row_make_the_pauses_longer_up_to_fifteen_seconds() {
    let mut bench = Bench::new(&device());
    let mut now = 0;
    for pause in [1000, 2000, 4000, 8000, 15_000, 15_000, 15_000] {
        bench.supervisor.start(bench.at(now));
        bench.fails(now);
        assert_eq!(bench.due(), Some(u128::from(now + pause)));
        assert_eq!(bench.turn(now + pause - 1), None);
        now += pause;
        assert_eq!(bench.turn(now), Some(Act::Open { reset: false }));
    }
    assert_eq!(bench.supervisor.failures(), 7);
}

#[test]
fn a_change_among_the_devices_is_answered_at_once_and_by_some_quick_openings() {
    let mut bench = Bench::new(&device());
    for _ in 0..5 {
        bench.fails(0);
    }
    assert_eq!(bench.due(), Some(15_000));
    bench.supervisor.devices_changed(bench.at(500));
    assert_eq!(bench.turn(500), Some(Act::Open { reset: false }));
    for pause in [100, 200, 400, 800, 15_000] {
        bench.fails(1000);
        assert_eq!(bench.due(), Some(1000 + pause));
    }
    assert_eq!(bench.supervisor.failures(), 6, "the quick ones don't count");
    // Also where no opening is expected to help.
    bench.supervisor.failed(&no_format(), bench.at(1000));
    assert_eq!(bench.due(), Some(16_000));
    bench.supervisor.devices_changed(bench.at(2000));
    assert_eq!(bench.due(), Some(2000));
    let mut file = Bench::new(&Source::File("film".into()));
    file.fails(0);
    file.supervisor.devices_changed(file.at(500));
    assert_eq!(file.due(), Some(1000), "no device");
}

#[test]
fn a_storm_of_changes_among_the_devices_causes_few_openings() {
    let mut bench = Bench::new(&Source::Pi);
    bench.supervisor.start(bench.at(0));
    bench.fails(10);
    let mut openings = 0;
    for now in (20..10_020).step_by(10) {
        bench.supervisor.devices_changed(bench.at(now));
        if bench.turn(now).is_some() {
            openings += 1;
            // Within its opening, and after it.
            bench.supervisor.devices_changed(bench.at(now));
            bench.fails(now + 5);
        }
    }
    assert!((20..=41).contains(&openings), "{openings}");
}

#[test]
fn a_device_without_a_first_picture_is_told_of_and_then_opened_again() {
    let mut bench = Bench::new(&device());
    bench.open(0, 30);
    assert_eq!((bench.due(), bench.turn(4999)), (Some(5000), None));
    assert_eq!(bench.turn(5000), Some(Act::Tell(SILENT(5))));
    assert_eq!((bench.due(), bench.turn(7999)), (Some(8000), None));
    assert_eq!(bench.turn(8000), Some(Act::Close(SILENT(8))));
    assert_eq!(bench.turn(8000), Some(Act::Open { reset: false }));
    // The second stall in a row asks for a reset.
    bench.open(9000, 30);
    bench.turn(14_000);
    assert_eq!(bench.turn(17_000), Some(Act::Close(SILENT(8))));
    assert_eq!(bench.due(), Some(19_000));
    assert_eq!(bench.turn(19_000), Some(Act::Open { reset: true }));
}

#[test]
fn silence_is_ten_intervals_and_no_less_than_two_seconds() {
    for (fps, silence) in [(30, 2000), (5, 2000), (2, 5000), (1, 10_000)] {
        let mut bench = Bench::new(&device());
        bench.open(0, fps);
        bench.good(100);
        assert_eq!(bench.due(), Some(100 + u128::from(silence)), "{fps} fps");
        let told = Act::Close(Trouble::Silent(Duration::from_millis(silence)));
        assert_eq!(bench.turn(100 + silence), Some(told));
    }
}

#[test]
fn own_work_on_a_picture_is_no_silence_of_the_camera() {
    let mut bench = Bench::new(&device());
    bench.open(0, 30);
    bench.good(100);
    bench.supervisor.works(Some(bench.at(200)));
    // A picture that takes five seconds to encode.
    for now in (200..5200).step_by(100) {
        assert_eq!(bench.turn(now), None, "{now}");
    }
    bench.supervisor.works(None);
    bench.good(5200);
    assert!(bench.due() >= Some(7200));
    // A driver that hangs looks the same, for a while.
    let mut bench = Bench::new(&device());
    bench.open(0, 30);
    bench.good(100);
    bench.supervisor.works(Some(bench.at(1000)));
    let closes = |act| matches!(act, Some(Act::Close(Trouble::Silent(_))));
    let closed = (1000..60_000).find(|now| closes(bench.turn(*now)));
    assert!(matches!(closed, Some(21_000..=21_500)), "{closed:?}");
}

#[test]
fn silence_is_told_within_the_patience_that_a_watchdog_is_told() {
    // The second is less than what systemd is asked to wait for, with 30 s.
    for (interval, longest) in [(5000, 78), (33, 25)] {
        let mut bench = Bench::new(&device());
        bench.open(0, 0);
        bench.good(0);
        bench.good(interval);
        let patience = bench.supervisor.patience();
        assert!(patience <= Duration::from_secs(longest), "{patience:?}");
        // A damaged frame, then work on one more, each at the last moment.
        let silence = u64::try_from(bench.due().unwrap()).unwrap();
        bench.bad(silence - 1);
        let begin = silence + 1998;
        bench.supervisor.works(Some(bench.at(begin)));
        let told = (begin..begin + 60_000).find(|now| bench.turn(*now).is_some());
        let told = Duration::from_millis(told.unwrap() - interval);
        assert!(
            told > Duration::from_secs(23) && told <= patience,
            "{told:?}"
        );
    }
}

#[test]
fn a_loop_that_wakes_late_gives_the_camera_one_more_interval() {
    let mut bench = Bench::new(&device());
    bench.open(0, 30);
    bench.good(100);
    assert_eq!(bench.due(), Some(2100));
    // The process was stopped. Its camera thread runs after this.
    assert_eq!((bench.turn(3200), bench.due()), (None, Some(3700)));
    bench.good(3210);
    assert!(bench.due() >= Some(5210));
    // Once, and not to a camera that is silent then.
    let mut bench = Bench::new(&device());
    bench.open(0, 30);
    bench.good(100);
    assert_eq!((bench.turn(3200), bench.turn(3699)), (None, None));
    assert!(matches!(bench.turn(5000), Some(Act::Close(_))));
    // What is only told is as well given that time.
    let mut pipe = Bench::new(&Source::Stdin);
    pipe.open(0, 0);
    pipe.good(100);
    assert_eq!((pipe.turn(5000), pipe.due()), (None, Some(5500)));
    assert!(matches!(pipe.turn(5500), Some(Act::Tell(_))));
}

#[test]
fn a_slow_command_is_given_the_time_it_takes() {
    let mut bench = Bench::new(&Source::Command("slow".to_owned()));
    bench.open(0, 0);
    assert_eq!(bench.turn(5000), Some(Act::Tell(SILENT(5))));
    assert_eq!(bench.due(), Some(30_000));
    bench.good(6000);
    // Its pace is not known yet.
    assert_eq!(bench.turn(8000), Some(Act::Tell(SILENT(2))));
    assert_eq!(bench.due(), Some(36_000));
    bench.good(10_000);
    assert_eq!(bench.due(), Some(50_000), "ten of its intervals");
    // It is started again however it ends.
    bench.supervisor.failed(&ended(), bench.at(11_000));
    assert_eq!(bench.due(), Some(12_000));
}

#[test]
fn standard_input_is_told_of_and_kept() {
    let mut bench = Bench::new(&Source::Stdin);
    bench.open(0, 0);
    bench.good(100);
    assert_eq!(bench.turn(2100), Some(Act::Tell(SILENT(2))));
    assert_eq!((bench.due(), bench.turn(99_000)), (None, None));
    bench.good(99_000);
    assert!(bench.due().is_some());
}

#[test]
fn pictures_that_can_not_be_used_are_told_once_and_end_after_ten_seconds() {
    let mut bench = Bench::new(&device());
    let unusable = || Trouble::Unusable(ImageError::NotJpeg);
    bench.open(0, 30);
    bench.good(0);
    let mut told = Vec::new();
    for now in (100..=10_100).step_by(100) {
        bench.supervisor.bad(ImageError::NotJpeg, bench.at(now));
        told.extend(bench.turn(now).map(|act| (now, act)));
    }
    assert_eq!(
        told,
        [
            (2100, Act::Tell(unusable())),
            (10_100, Act::Close(unusable()))
        ]
    );
    // One now and then is no reason.
    let mut bench = Bench::new(&device());
    bench.open(0, 30);
    for now in (0..60_000).step_by(1000) {
        bench.supervisor.bad(ImageError::NotJpeg, bench.at(now));
        assert_eq!(bench.turn(now), None);
        bench.good(now + 500);
    }
    assert_eq!(bench.turn(60_000), None);
}

#[test]
fn ten_seconds_of_pictures_make_up_for_earlier_failures() {
    let mut bench = Bench::new(&device());
    for _ in 0..5 {
        bench.fails(0);
    }
    bench.open(0, 30);
    for now in (0..=9000).step_by(1000) {
        bench.good(now);
    }
    assert_eq!(bench.supervisor.failures(), 5);
    bench.good(10_000);
    assert_eq!(bench.supervisor.failures(), 0);
    bench.fails(10_000);
    assert_eq!(bench.due(), Some(11_000));
}

#[test]
fn a_driver_that_does_not_answer_is_told_of_waited_for_and_counted_as_failing() {
    let mut bench = Bench::new(&device());
    assert_eq!(
        bench.supervisor.start(bench.at(0)),
        Act::Open { reset: false }
    );
    for failures in 1..=5 {
        let now = 10_000 * u64::from(failures);
        assert_eq!((bench.due(), bench.turn(now - 1)), (Some(now.into()), None));
        assert_eq!(bench.turn(now), Some(Act::Tell(Trouble::Hangs(OPENING))));
        assert_eq!(bench.supervisor.failures(), failures);
        assert_eq!(bench.supervisor.retry(), Retry::Later);
    }
    assert!(bench.supervisor.is_opening());
}

#[cfg(target_os = "linux")]
#[test]
fn a_device_whose_bus_fails_twice_is_reset_before_it_is_opened_again() {
    // `EIO`, `EPIPE`, `EPROTO` and `ETIMEDOUT`.
    for errno in [5, 32, 71, 110] {
        let mut bench = Bench::new(&device());
        bench.supervisor.start(bench.at(0));
        bench.fails_with(errno, 100);
        assert_eq!(bench.turn(100), Some(Act::Open { reset: false }), "{errno}");
        bench.fails_with(errno, 200);
        assert_eq!((bench.due(), bench.supervisor.failures()), (Some(2200), 2));
        assert_eq!(bench.turn(2200), Some(Act::Open { reset: true }));
    }
    // Too many open files: no matter of the device.
    let mut bench = Bench::new(&device());
    for time in [100, 200, 300] {
        bench.fails_with(24, time);
    }
    assert_eq!(bench.turn(9000), Some(Act::Open { reset: false }));
}

#[test]
fn a_frame_that_is_cut_short_and_then_nothing_is_silence() {
    let mut bench = Bench::new(&device());
    bench.open(0, 30);
    bench.good(100);
    bench.bad(133);
    assert_eq!((bench.due(), bench.turn(2132)), (Some(2133), None));
    assert_eq!(bench.turn(2133), Some(Act::Close(SILENT(2))));
    // As it begins, it is given the time of a first picture.
    bench.open(10_000, 30);
    bench.bad(10_500);
    let unusable = Trouble::Unusable(ImageError::Truncated);
    assert_eq!(bench.turn(12_500), Some(Act::Tell(unusable)));
    assert_eq!(bench.turn(18_500), Some(Act::Close(SILENT(8))));
}

#[test]
fn quick_openings_that_were_not_needed_are_not_kept_for_later_failures() {
    let mut bench = Bench::new(&device());
    bench.fails(0);
    bench.supervisor.devices_changed(bench.at(500));
    bench.open(500, 30);
    bench.good(600);
    bench.good(11_000);
    bench.fails(12_000);
    assert_eq!(
        (bench.due(), bench.supervisor.failures()),
        (Some(13_000), 1)
    );
}

#[test]
fn a_change_among_the_devices_while_it_is_opened_is_answered_when_that_fails() {
    let mut bench = Bench::new(&device());
    for _ in 0..5 {
        bench.fails(0);
    }
    assert!(bench.turn(15_000).is_some());
    bench.supervisor.devices_changed(bench.at(15_100));
    assert_eq!(bench.turn(15_100), None);
    bench.fails(16_000);
    assert_eq!(
        (bench.due(), bench.supervisor.failures()),
        (Some(16_100), 5)
    );
    // Once.
    assert!(bench.turn(16_100).is_some());
    for pause in [200, 400, 800, 15_000] {
        bench.fails(17_000);
        assert_eq!(bench.due(), Some(17_000 + pause));
    }
}

#[test]
fn a_device_without_a_signal_is_looked_at_every_fifteen_seconds() {
    let mut bench = Bench::new(&device());
    for time in [0, 15_000, 30_000] {
        bench.supervisor.start(bench.at(time));
        bench.supervisor.failed(&no_format(), bench.at(time));
        assert_eq!(bench.due(), Some(u128::from(time) + 15_000));
        assert_eq!(bench.supervisor.retry(), Retry::Later);
    }
    let mut file = Bench::new(&Source::File("film".into()));
    file.supervisor.failed(&ended(), file.at(0));
    assert_eq!((file.due(), file.supervisor.retry()), (None, Retry::Never));
}

#[test]
fn a_file_or_a_pipe_without_pictures_is_read_again_every_fifteen_seconds() {
    for source in [Source::Stdin, Source::File("film".into())] {
        let mut bench = Bench::new(&source);
        for time in [0, 15_000, 30_000] {
            bench.supervisor.start(bench.at(time));
            let empty = CameraError::NotPictures {
                source_name: "film".to_owned(),
                bytes: 0,
                fault: ImageError::NotJpeg,
            };
            bench.supervisor.failed(&empty, bench.at(time));
            assert_eq!(bench.due(), Some(u128::from(time) + 15_000));
            assert_eq!(bench.supervisor.retry(), Retry::Later);
        }
    }
}

#[test]
fn the_next_viewer_does_not_begin_with_a_reset() {
    let mut bench = Bench::new(&device());
    for time in [0, 20_000] {
        bench.open(time, 30);
        assert_eq!(bench.turn(time + 8000), Some(Act::Close(SILENT(8))));
    }
    bench.supervisor.stop();
    let next = bench.supervisor.start(bench.at(90_000));
    assert_eq!(next, Act::Open { reset: false });
}

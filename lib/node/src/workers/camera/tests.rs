//! The camera threads, with cameras that are played.

use std::cell::{Cell, RefCell};

#[test]
fn no_more_pictures_pass_than_were_asked_for_and_none_is_lost_at_just_that_rate() {
    let start = Instant::now();
    let passed = |wanted, given, frames: &[u64]| {
        let request = CaptureRequest {
            fps: Some(wanted),
            ..CaptureRequest::default()
        };
        let format = Format {
            fps: given,
            ..Format::default()
        };
        let mut limit = RateLimit::new(&request, &format);
        let mut count = 0;
        for captured in frames.iter().map(|at| start + Duration::from_millis(*at)) {
            if limit.from().is_none_or(|from| captured >= from) {
                limit.passed(captured);
                count += 1;
            }
        }
        count
    };
    let steady: Vec<u64> = (0..300).map(|frame| frame * 1000 / 30).collect();
    // The last one is half an interval early.
    assert_eq!(passed(10, 30, &steady), 101);
    assert_eq!(passed(30, 30, &steady), 300);
    assert_eq!(passed(60, 30, &steady), 300);
    // Frames of a program that doesn't tell its rate, up to 12 ms early or late.
    let uneven: Vec<u64> = (1..=300)
        .map(|frame| frame * 40 + frame * 7 % 25 - 12)
        .collect();
    assert_eq!(passed(25, 0, &uneven), 300);
    assert!((60..=62).contains(&passed(5, 0, &uneven)));
    // A burst after a pause of ten seconds.
    let burst: Vec<u64> = (0..100).map(|frame| 10_000 + frame * 10).collect();
    let paused: Vec<u64> = [0].into_iter().chain(burst).collect();
    assert!(
        (11..=13).contains(&passed(10, 0, &paused)),
        "{}",
        passed(10, 0, &paused)
    );
}

use super::*;
use crate::handle::Queue;

/// A camera whose every second frame is damaged; after ten it ends.
#[derive(Default)]
struct Halting(Format, u32);

impl Camera for Halting {
    fn wait(&self) -> Wait<'_> {
        Wait::Blocking
    }

    fn newest(&mut self, _: Option<&mut Encoder>) -> Result<Option<Picture>, CameraError> {
        self.1 += 1;
        match (self.1, self.1 % 2) {
            (11.., _) => {
                return Err(CameraError::Lost {
                    device: "test".to_owned(),
                });
            }
            (_, 1) => self.0.counts.damaged += 1,
            _ => self.0.counts.good += 1,
        }
        Ok(None)
    }

    fn format(&self) -> &Format {
        &self.0
    }
}

fn job(source: Source) -> (Hold, Job) {
    let (hold, waiter) = Waiter::new().unwrap();
    let request = CaptureRequest {
        source,
        fps: Some(CaptureRequest::MAX_FPS),
        ..CaptureRequest::default()
    };
    let job = Job {
        opening: Opening(1),
        request,
        reset: false,
        waiter,
    };
    (hold, job)
}

/// A pool without threads: the test takes the jobs.
#[derive(Default)]
struct Bench {
    pool: ThreadPool,
    started: usize,
    holds: Vec<Hold>,
}

impl Bench {
    fn assign(&mut self, source: Source) {
        let (hold, job) = job(source);
        self.holds.push(hold);
        let start = |_| {
            self.started += 1;
            Ok(())
        };
        self.pool.assign(job, start).unwrap();
    }

    /// The last thread takes its job.
    fn take(&mut self) -> Arc<JobSlot> {
        let slot = self.pool.0.last().unwrap().clone();
        assert!(slot.next().is_some());
        slot
    }

    /// The source of the job that waits for the last thread.
    fn waiting(&self) -> Option<Source> {
        let slot = self.pool.0.last()?.state();
        Some(slot.next.as_ref()?.request.source.clone())
    }
}

fn webcam(number: usize) -> Source {
    Source::Device(format!("/dev/video{number}").into())
}

#[test]
fn only_the_newest_job_waits_for_a_thread_that_hangs() {
    let mut bench = Bench::default();
    bench.assign(webcam(0));
    bench.take();
    for _ in 0..100 {
        bench.assign(webcam(0));
        assert!(bench.pool.mark_last_as_hanging().is_none());
        assert_eq!(bench.waiting(), Some(webcam(0)));
    }
    assert_eq!(bench.started, 1);
}

#[test]
fn a_camera_that_hangs_does_not_delay_another_source() {
    let mut bench = Bench::default();
    bench.assign(webcam(0));
    let first = bench.take();
    // Not marked as hanging yet: the next job waits, as it does for any close.
    bench.assign(webcam(1));
    assert_eq!((bench.started, bench.waiting()), (1, Some(webcam(1))));
    let job = bench.pool.mark_last_as_hanging().unwrap();
    assert_eq!(job.request.source, webcam(1));
    bench.assign(job.request.source);
    assert_eq!((bench.started, bench.waiting()), (2, Some(webcam(1))));
    bench.take();
    // A job for the source that hangs waits for its thread; another source does not.
    bench.assign(webcam(0));
    assert_eq!((bench.started, bench.waiting()), (2, Some(webcam(0))));
    assert!(bench.pool.mark_last_as_hanging().is_none());
    bench.assign(webcam(2));
    assert_eq!((bench.started, bench.waiting()), (2, Some(webcam(2))));
    // The driver answers: the thread takes any job again.
    assert_eq!(first.next().unwrap().request.source, webcam(0));
    assert!(!first.state().hangs);
}

#[test]
fn the_number_of_threads_that_hang_is_bounded() {
    let mut bench = Bench::default();
    for number in 0..MAX_THREADS {
        bench.assign(webcam(number));
        bench.take();
        assert!(bench.pool.mark_last_as_hanging().is_none());
    }
    bench.assign(webcam(9));
    assert_eq!(bench.waiting(), Some(webcam(9)));
    assert!(bench.pool.mark_last_as_hanging().is_none());
    assert_eq!(
        (bench.started, bench.waiting()),
        (MAX_THREADS, Some(webcam(9)))
    );
}

#[test]
fn a_thread_that_can_not_be_started_is_reported_as_a_failure_of_the_camera() {
    let mut workers = Workers::new(Queue::new(|| ()));
    let (hold, job) = job(webcam(0));
    let mut pool = ThreadPool::default();
    let refused = pool.assign(job, |_| Err(io::ErrorKind::WouldBlock.into()));
    assert!(refused.is_err() && pool.0.is_empty());
    workers.camera.hold = Some(hold);
    workers.camera_refused(Opening(1), "start a thread", refused.unwrap_err());
    let told: Vec<_> = workers.reports().into();
    assert!(matches!(&told[..], [Report::CameraFailed(Opening(1), _)]));
    assert!(workers.camera.hold.is_none());
}

#[test]
fn damaged_frames_wake_the_loop_and_unwanted_ones_do_not() {
    let (_hold, job) = job(Source::Pattern);
    let woken = RefCell::new(Vec::new());
    let tell = |news: News, wakes| {
        let counts = news.format.counts;
        woken.borrow_mut().push((counts.bad(), counts.good, wakes));
    };
    let ended = read(&mut Halting::default(), &job, Wish::default, |_| (), tell);
    assert!(matches!(ended, Err(CameraError::Lost { .. })));
    let woken = woken.into_inner();
    assert_eq!(
        woken[..4],
        [(1, 0, true), (1, 1, true), (2, 1, true), (2, 2, false)]
    );
}

#[test]
fn a_thread_is_at_work_from_the_end_of_its_wait_until_its_news_are_told() {
    let (hold, job) = job(Source::Pattern);
    let mut camera = transom_media::open(&job.request).unwrap();
    let (hold, is_at_work) = (Cell::new(Some(hold)), Cell::new(true));
    let wish = || {
        assert!(is_at_work.get());
        Wish::default()
    };
    let tell = |_, _| {
        assert!(is_at_work.get());
        drop(hold.take());
    };
    read(
        &mut *camera,
        &job,
        wish,
        |works| is_at_work.set(works),
        tell,
    )
    .unwrap();
    assert!(!is_at_work.get());
    // One that blocks as it is read waits for its device all the time.
    let (_hold, job) = super::tests::job(Source::Pattern);
    let works = |works| is_at_work.set(is_at_work.get() || works);
    let ended = read(
        &mut Halting::default(),
        &job,
        Wish::default,
        works,
        |_, _| (),
    );
    assert!(ended.is_err() && !is_at_work.get());
}

#[test]
fn the_work_of_one_opening_is_not_that_of_another() {
    let workers = Workers::new(Queue::new(|| ()));
    workers.give_work(Opening(2), true);
    workers.give_work(Opening(1), false);
    assert!(workers.camera_works_since(Opening(2)).is_some());
    assert!(workers.camera_works_since(Opening(1)).is_none());
    workers.give_work(Opening(2), false);
    assert!(workers.camera_works_since(Opening(2)).is_none());
}

#[test]
fn a_camera_is_read_while_it_is_held_and_gives_the_pictures_that_are_wanted() {
    let (hold, job) = job(Source::Pattern);
    let mut camera = transom_media::open(&job.request).unwrap();
    let hold = RefCell::new(Some(hold));
    let wishes = RefCell::new(vec![Wanted::Nothing, Wanted::Nothing, Wanted::All]);
    let wish = || Wish {
        quality: 50,
        size: Some((160, 160)),
        wanted: wishes.borrow().first().copied().unwrap_or_default(),
    };
    let sizes = RefCell::new(Vec::new());
    let tell = |news: News, _| {
        wishes.borrow_mut().remove(0);
        let size = |picture: Picture| (picture.width, picture.height);
        sizes.borrow_mut().push(news.picture.map(size));
        if wishes.borrow().is_empty() {
            hold.take();
        }
    };
    read(&mut *camera, &job, wish, |_| (), tell).unwrap();
    assert_eq!(sizes.into_inner(), [None, None, Some((160, 120))]);
}

#[test]
fn news_replace_older_ones_and_keep_a_picture_that_nobody_took() {
    let exchange = Exchange::default();
    let tell = |opening, picture| {
        exchange.tell(News {
            opening: Opening(opening),
            format: Format::default(),
            good_at: None,
            picture,
        });
    };
    let picture = |width| {
        let now = Instant::now();
        Some(Picture {
            jpeg: Vec::new().into(),
            width,
            height: 1,
            orientation: 1,
            sequence: 0,
            captured: now,
            acquired: now,
            ready: now,
        })
    };
    let taken = || {
        let news = exchange.mailbox().news.take()?;
        let width = news.picture.map(|picture| picture.width);
        Some((width, news.format.counts.stale))
    };
    tell(1, picture(1));
    tell(1, picture(2));
    tell(1, None);
    assert_eq!(taken(), Some((Some(2), 1)));
    assert_eq!(taken(), None);
    tell(1, picture(3));
    assert_eq!(taken(), Some((Some(3), 1)), "counted since the opening");
    tell(1, picture(4));
    tell(2, None);
    assert_eq!(taken(), Some((None, 0)), "of the camera before");
}

//! The threads `camera`. One of them owns the device or the program from its opening to its close:
//! the loop says what it wants of it, and takes the newest picture.
//!
//! Normally there is one thread. If it hangs in a driver, jobs for other sources go to another
//! thread. There are at most [`MAX_THREADS`], and at most one job, the newest, waits for each.

use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use transom_media::{
    Camera, CameraError, CaptureRequest, Encoder, Format, Hold, Opener, Picture, Source, Wait,
    Waiter,
};

use super::{Opening, Report, Reports, Workers};

/// What is wanted of the pictures from now on.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Wish {
    /// The quality, 1 to 100, where they are encoded here.
    pub(crate) quality: u8,
    /// The size that they are to fit in.
    pub(crate) size: Option<(u16, u16)>,
    pub(crate) wanted: Wanted,
}

/// Which pictures are wanted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Wanted {
    /// None: the camera is only kept ready.
    #[default]
    Nothing,
    /// Each one.
    All,
    /// Those captured then or later.
    From(Instant),
}

/// What a camera gave since the last look.
#[derive(Debug)]
pub(crate) struct News {
    pub(crate) opening: Opening,
    /// What it gives, with all that was counted since its opening.
    pub(crate) format: Format,
    /// When the last frame came that can be used, wanted or not.
    pub(crate) good_at: Option<Instant>,
    /// The newest picture, if one was wanted.
    pub(crate) picture: Option<Picture>,
}

/// Between the loop and the thread.
#[derive(Debug, Default)]
struct Exchange {
    wish: Mutex<Wish>,
    mailbox: Mutex<Mailbox>,
}

/// The newest news, until the loop takes them.
#[derive(Debug, Default)]
struct Mailbox {
    news: Option<News>,
    /// The opening that the last news were of.
    opening: Opening,
    /// Pictures of that opening which the loop did not take before a newer one was there.
    replaced: u64,
    /// Since when a thread has read or encoded what its device had ready.
    works: Option<(Opening, Instant)>,
}

impl Exchange {
    fn wish(&self) -> MutexGuard<'_, Wish> {
        self.wish.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn mailbox(&self) -> MutexGuard<'_, Mailbox> {
        self.mailbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts news. A picture that was not taken is replaced by a newer one, which is counted, and
    /// else kept.
    fn tell(&self, mut news: News) {
        let mut mailbox = self.mailbox();
        if mailbox.opening != news.opening {
            (mailbox.opening, mailbox.replaced) = (news.opening, 0);
        }
        let older = mailbox.news.take();
        if let Some(older) = older.filter(|older| older.opening == news.opening) {
            let is_replaced = older.picture.is_some() && news.picture.is_some();
            mailbox.replaced += u64::from(is_replaced);
            news.picture = news.picture.or(older.picture);
            news.good_at = news.good_at.or(older.good_at);
        }
        news.format.counts.stale += mailbox.replaced;
        mailbox.news = Some(news);
    }

    /// A thread begins to work on what its device has ready, or has done so.
    fn works(&self, opening: Opening, is_at_work: bool) {
        let mut mailbox = self.mailbox();
        if is_at_work {
            mailbox.works = Some((opening, Instant::now()));
        } else {
            // A driver that hung may let an older thread go on meanwhile.
            mailbox.works.take_if(|(of, _)| *of == opening);
        }
    }
}

/// The camera threads, as the loop has them.
#[derive(Debug, Default)]
pub(super) struct CameraThreads {
    pool: ThreadPool,
    /// Closed when the last thread ends.
    running: Option<(Sender<()>, Receiver<()>)>,
    last: Opening,
    /// Keeps the camera open, or opening.
    hold: Option<Hold>,
    exchange: Arc<Exchange>,
}

/// Enough for two cameras that hang and one that works.
const MAX_THREADS: usize = 3;

/// One entry for each thread. The last entry is the thread that got the newest job.
#[derive(Debug, Default)]
struct ThreadPool(Vec<Arc<JobSlot>>);

impl ThreadPool {
    /// Assigns a job to a thread. A thread that hangs gets only jobs for the source that it hangs
    /// with, since those would hang on any other thread too. If all threads hang, the job waits for
    /// the last one. `start` starts a thread.
    fn assign(
        &mut self,
        job: Job,
        start: impl FnOnce(Arc<JobSlot>) -> io::Result<()>,
    ) -> io::Result<()> {
        let source = Some(&job.request.source);
        let last_where = |fits: &dyn Fn(&SlotState) -> bool| {
            let slots = &self.0;
            slots.iter().rposition(|slot| fits(&slot.state()))
        };
        let index = last_where(&|slot| slot.hangs && slot.source.as_ref() == source)
            .or_else(|| last_where(&|slot| !slot.hangs))
            .or_else(|| (self.0.len() >= MAX_THREADS).then(|| self.0.len() - 1));
        let slot = match index {
            Some(index) => self.0.remove(index),
            None => {
                let slot = Arc::<JobSlot>::default();
                start(slot.clone())?;
                slot
            }
        };
        slot.put(job);
        self.0.push(slot);
        Ok(())
    }

    /// Marks the last thread as hanging. Returns its waiting job if another thread can do it: the
    /// job is for another source than the one that the thread hangs with.
    fn mark_last_as_hanging(&mut self) -> Option<Job> {
        let mut slot = self.0.last()?.state();
        let source = slot.source.clone()?;
        slot.hangs = true;
        let job = slot.next.take_if(|job| job.request.source != source)?;
        drop(slot);
        let has_other = self.0.len() < MAX_THREADS || self.0.iter().any(|slot| !slot.state().hangs);
        if has_other {
            return Some(job);
        }
        self.0.last()?.put(job);
        None
    }

    fn close(&mut self) {
        for slot in self.0.drain(..) {
            slot.state().closed = true;
            slot.changed.notify_one();
        }
    }
}

/// The job that waits for one thread, and what that thread is doing.
#[derive(Debug, Default)]
struct JobSlot {
    state: Mutex<SlotState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct SlotState {
    /// Replaces an older job, which the loop has released already.
    next: Option<Job>,
    /// The source that the thread opens, reads or closes.
    source: Option<Source>,
    /// Whether the loop has given up waiting for the thread.
    hangs: bool,
    closed: bool,
}

impl JobSlot {
    fn state(&self) -> MutexGuard<'_, SlotState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, job: Job) {
        self.state().next = Some(job);
        self.changed.notify_one();
    }

    /// Waits for the next job; `None` once the slot is closed.
    fn next(&self) -> Option<Job> {
        let mut state = self.state();
        (state.source, state.hangs) = (None, false);
        while state.next.is_none() && !state.closed {
            let woken = self.changed.wait(state);
            state = woken.unwrap_or_else(PoisonError::into_inner);
        }
        let job = state.next.take().filter(|_| !state.closed)?;
        state.source = Some(job.request.source.clone());
        Some(job)
    }
}

/// One opening, and all that follows until it is no longer held.
#[derive(Debug)]
struct Job {
    opening: Opening,
    request: CaptureRequest,
    /// Whether its USB device is to be reset first.
    reset: bool,
    waiter: Waiter,
}

impl Workers {
    /// Opens a camera, in place of any other one. After a reset of its USB device, if that is
    /// asked for.
    pub(crate) fn open_camera(&mut self, request: CaptureRequest, reset: bool) -> Opening {
        let opening = Opening(self.camera.last.0.wrapping_add(1).max(1));
        self.camera.last = opening;
        let begun = Waiter::new().map_err(|why| ("make a pipe", why));
        let begun = begun.and_then(|(hold, waiter)| {
            let job = Job {
                opening,
                request,
                reset,
                waiter,
            };
            // Releases the job before it.
            self.camera.hold = Some(hold);
            self.camera_job(job).map_err(|why| ("start a thread", why))
        });
        if let Err((step, why)) = begun {
            self.camera_refused(opening, step, why);
        }
        opening
    }

    /// To be called if the last opening takes too long. True if it waited for a thread that hangs
    /// with another source: then another thread does it from now on.
    pub(crate) fn camera_hangs(&mut self) -> bool {
        let Some(job) = self.camera.pool.mark_last_as_hanging() else {
            return false;
        };
        let opening = job.opening;
        if let Err(why) = self.camera_job(job) {
            self.camera_refused(opening, "start a thread", why);
        }
        true
    }

    /// Lets the camera be closed on its thread, or not be opened. What is opened after it finds the
    /// device free.
    pub(crate) fn release_camera(&mut self) {
        self.camera.hold = None;
    }

    /// What is wanted of its pictures from now on.
    pub(crate) fn wish(&self, wish: Wish) {
        *self.camera.exchange.wish() = wish;
    }

    /// What the camera gave since the last call.
    pub(crate) fn camera_news(&self) -> Option<News> {
        self.camera.exchange.mailbox().news.take()
    }

    /// Since when the thread of that opening has read or encoded what the device had ready. To be
    /// asked before [`camera_news`](Self::camera_news): work that is done by then is in the news.
    pub(crate) fn camera_works_since(&self, opening: Opening) -> Option<Instant> {
        let works = self.camera.exchange.mailbox().works;
        works
            .filter(|(of, _)| *of == opening)
            .map(|(_, since)| since)
    }

    #[cfg(test)]
    pub(crate) fn give_news(&self, news: News) {
        self.camera.exchange.tell(news);
    }

    #[cfg(test)]
    pub(crate) fn give_work(&self, opening: Opening, is_at_work: bool) {
        self.camera.exchange.works(opening, is_at_work);
    }

    /// Lets the threads end, and waits until they have closed their cameras, at most so long.
    pub(super) fn end_camera(&mut self, patience: Duration) {
        self.camera.hold = None;
        self.camera.pool.close();
        if let Some((running, ended)) = self.camera.running.take() {
            drop(running);
            // An error is what is waited for: the threads send nothing.
            let _ = ended.recv_timeout(patience);
        }
    }

    fn camera_job(&mut self, job: Job) -> io::Result<()> {
        let mut pool = std::mem::take(&mut self.camera.pool);
        let assigned = pool.assign(job, |slot| {
            let (reports, exchange) = (self.reports.clone(), self.camera.exchange.clone());
            let (running, _) = self.camera.running.get_or_insert_with(channel);
            let running = running.clone();
            self.try_start("camera", move || {
                run(&slot, &reports, &exchange);
                drop(running);
            })
        });
        self.camera.pool = pool;
        assigned
    }

    /// Reports that an opening has failed before any thread got it.
    fn camera_refused(&mut self, opening: Opening, step: &'static str, why: io::Error) {
        self.camera.hold = None;
        let failed = CameraError::Io {
            device: "camera".to_owned(),
            step,
            why,
        };
        self.reports.send(Report::CameraFailed(opening, failed));
    }
}

fn run(slot: &JobSlot, reports: &Reports, exchange: &Exchange) {
    let mut opener = Opener::default();
    while let Some(job) = slot.next() {
        if !job.waiter.is_held() {
            continue;
        }
        if job.reset {
            opener.reset(&job.request);
        }
        let ended = match opener.open(&job.request) {
            Ok(mut camera) => {
                let ended = show(&mut *camera, &job, reports, exchange);
                opener.closing(&*camera);
                // Closed here, so that the device is free for the next opening.
                ended
            }
            Err(error) => Err(error),
        };
        if let Err(error) = ended {
            reports.send(Report::CameraFailed(job.opening, error));
        }
    }
}

/// Reports that the camera is open, and reads it until it is no longer held.
fn show(
    camera: &mut dyn Camera,
    job: &Job,
    reports: &Reports,
    exchange: &Exchange,
) -> Result<(), CameraError> {
    if !job.waiter.is_held() {
        return Ok(());
    }
    let format = camera.format().clone();
    reports.send(Report::Opened(job.opening, format));
    let tell = |news, wakes| {
        exchange.tell(news);
        if wakes {
            reports.queue.wake();
        }
    };
    let works = |is_at_work| exchange.works(job.opening, is_at_work);
    let ended = read(camera, job, || *exchange.wish(), works, tell);
    works(false);
    ended
}

/// Waits in a row that may end without anything being there. A driver that says so all the time
/// would keep a processor busy.
const MAX_IDLE: u32 = 10;
/// The pause that such a driver gets.
const IDLE_PAUSE: Duration = Duration::from_millis(10);

/// Passes on no more pictures a second than the user asked for, where a camera gives more or does
/// not tell how many it gives.
struct RateLimit {
    /// Between two pictures; `None` without a limit.
    interval: Option<Duration>,
    /// When the next picture is due.
    due: Option<Instant>,
}

impl RateLimit {
    fn new(request: &CaptureRequest, format: &Format) -> Self {
        let fps = request.fps.filter(|fps| *fps > 0);
        let fps = fps.filter(|fps| format.fps == 0 || format.fps > *fps);
        Self {
            interval: fps.map(|fps| Duration::from_secs(1) / fps),
            due: None,
        }
    }

    /// Pictures that were captured before are left out. One that is up to half an interval early
    /// may pass, so that none is lost where frames come unevenly at just that rate.
    fn from(&self) -> Option<Instant> {
        self.due?.checked_sub(self.interval? / 2)
    }

    /// A picture passes. After a pause of the camera the rate is no higher than before.
    fn passed(&mut self, captured: Instant) {
        let Some(interval) = self.interval else {
            return;
        };
        let due = self.due.unwrap_or(captured);
        let late = captured.checked_sub(interval / 2).unwrap_or(captured);
        self.due = Some(due.max(late) + interval);
    }
}

/// Reads a camera until it is no longer held. `works` is told when the thread begins to work on
/// what the device has ready, and when it waits for the device again.
fn read(
    camera: &mut dyn Camera,
    job: &Job,
    wish: impl Fn() -> Wish,
    works: impl Fn(bool),
    tell: impl Fn(News, bool),
) -> Result<(), CameraError> {
    let mut encoder = Encoder::new(job.request.quality, job.request.size);
    let mut limit = RateLimit::new(&job.request, camera.format());
    let (mut before, mut idle) = (camera.format().counts, 0);
    loop {
        works(false);
        job.waiter.wait(camera);
        if !job.waiter.is_held() {
            return Ok(());
        }
        // Such a camera waits for its device as it is read.
        works(!matches!(camera.wait(), Wait::Blocking));
        let Wish {
            quality,
            size,
            wanted,
        } = wish();
        encoder.set(quality, size);
        let encoder = match wanted {
            Wanted::Nothing => None,
            Wanted::All => {
                encoder.skip_before(limit.from());
                Some(&mut encoder)
            }
            Wanted::From(captured) => {
                encoder.skip_before(limit.from().max(Some(captured)));
                Some(&mut encoder)
            }
        };
        let mut picture = camera.newest(encoder)?;
        // After a driver that hung, this picture is older than what another thread has delivered.
        if !job.waiter.is_held() {
            return Ok(());
        }
        if let Some(picture) = &mut picture {
            limit.passed(picture.captured);
            picture.orientation = job.request.rotation.of(picture.orientation);
        }
        let counts = camera.format().counts;
        if counts == before && picture.is_none() {
            idle += 1;
            if idle > MAX_IDLE {
                job.waiter.wait_until(Instant::now() + IDLE_PAUSE);
            }
            continue;
        }
        idle = 0;
        let is_bad = counts.bad() > before.bad();
        let wakes = picture.is_some() || is_bad || before.good == 0;
        let good_at = (counts.good > before.good).then(Instant::now);
        before = counts;
        let news = News {
            opening: job.opening,
            format: camera.format().clone(),
            good_at,
            picture,
        };
        tell(news, wakes);
    }
}

#[cfg(test)]
mod tests {
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
    use crate::disk::Disk;
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
        let mut workers = Workers::new(Queue::new(|| ()), Disk::default());
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
        let workers = Workers::new(Queue::new(|| ()), Disk::default());
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
}

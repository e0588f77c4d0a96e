//! The thread `camera`. It owns the device or the program from its opening to its close: the loop
//! says what it wants of it, and takes the newest picture.

use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use transom_media::{
    Camera, CameraError, CaptureRequest, Encoder, Format, Hold, Opener, Picture, Waiter,
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
}

/// The camera thread, as the loop has it.
#[derive(Debug, Default)]
pub(super) struct CameraThread {
    jobs: Option<std::sync::mpsc::Sender<Job>>,
    /// Closed when the thread ends.
    ended: Option<Receiver<()>>,
    last: Opening,
    /// Keeps the camera open, or opening.
    hold: Option<Hold>,
    exchange: Arc<Exchange>,
}

/// One opening, and all that follows until it is no longer held.
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
        match Waiter::new() {
            Ok((hold, waiter)) => {
                self.camera.hold = Some(hold);
                self.camera_job(Job {
                    opening,
                    request,
                    reset,
                    waiter,
                });
            }
            Err(why) => {
                self.camera.hold = None;
                let failed = CameraError::Io {
                    device: "camera".to_owned(),
                    step: "make a pipe",
                    why,
                };
                self.reports.send(Report::CameraFailed(opening, failed));
            }
        }
        opening
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

    /// Lets the thread end, and waits until it has closed its camera, at most so long.
    pub(super) fn end_camera(&mut self, patience: Duration) {
        self.camera.hold = None;
        self.camera.jobs = None;
        if let Some(ended) = &self.camera.ended {
            // An error is what is waited for: the thread sends nothing.
            let _ = ended.recv_timeout(patience);
        }
    }

    fn camera_job(&mut self, job: Job) {
        let sender = match self.camera.jobs.take() {
            Some(sender) => sender,
            None => {
                let (sender, jobs) = channel();
                let (running, ended) = channel();
                self.camera.ended = Some(ended);
                let (reports, exchange) = (self.reports.clone(), self.camera.exchange.clone());
                self.start("camera", move || {
                    run(&jobs, &reports, &exchange);
                    drop(running);
                });
                sender
            }
        };
        self.camera.jobs = sender.send(job).is_ok().then_some(sender);
    }
}

fn run(jobs: &Receiver<Job>, reports: &Reports, exchange: &Exchange) {
    let mut opener = Opener::default();
    for job in jobs {
        if !job.waiter.is_held() {
            continue;
        }
        if job.reset {
            opener.reset();
        }
        let ended = match opener.open(&job.request) {
            // Closed here, so that the device is free for the next opening.
            Ok(_) if !job.waiter.is_held() => Ok(()),
            Ok(mut camera) => {
                let format = camera.format().clone();
                reports.send(Report::Opened(job.opening, format));
                let tell = |news, wakes| {
                    exchange.tell(news);
                    if wakes {
                        reports.queue.wake();
                    }
                };
                read(&mut *camera, &job, || *exchange.wish(), tell)
            }
            Err(error) => Err(error),
        };
        if let Err(error) = ended {
            reports.send(Report::CameraFailed(job.opening, error));
        }
    }
}

/// Waits in a row that may end without anything being there. A driver that says so all the time
/// would keep a processor busy.
const MAX_IDLE: u32 = 10;
/// The pause that such a driver gets.
const IDLE_PAUSE: Duration = Duration::from_millis(10);

/// Reads a camera until it is no longer held.
fn read(
    camera: &mut dyn Camera,
    job: &Job,
    wish: impl Fn() -> Wish,
    tell: impl Fn(News, bool),
) -> Result<(), CameraError> {
    let mut encoder = Encoder::new(job.request.quality, job.request.size);
    let (mut before, mut idle) = (camera.format().counts, 0);
    loop {
        job.waiter.wait(camera);
        if !job.waiter.is_held() {
            return Ok(());
        }
        let Wish {
            quality,
            size,
            wanted,
        } = wish();
        encoder.set(quality, size);
        let encoder = match wanted {
            Wanted::Nothing => None,
            Wanted::All => {
                encoder.skip_before(None);
                Some(&mut encoder)
            }
            Wanted::From(captured) => {
                encoder.skip_before(Some(captured));
                Some(&mut encoder)
            }
        };
        let mut picture = camera.newest(encoder)?;
        if let Some(picture) = &mut picture {
            picture.orientation = job.request.turn.of(picture.orientation);
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
    use std::cell::RefCell;

    use transom_media::{Source, Wait};

    use super::*;

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

    #[test]
    fn damaged_frames_wake_the_loop_and_unwanted_ones_do_not() {
        let (_hold, job) = job(Source::Pattern);
        let woken = RefCell::new(Vec::new());
        let tell = |news: News, wakes| {
            let counts = news.format.counts;
            woken.borrow_mut().push((counts.bad(), counts.good, wakes));
        };
        let ended = read(&mut Halting::default(), &job, Wish::default, tell);
        assert!(matches!(ended, Err(CameraError::Lost { .. })));
        let woken = woken.into_inner();
        assert_eq!(
            woken[..4],
            [(1, 0, true), (1, 1, true), (2, 1, true), (2, 2, false)]
        );
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
        read(&mut *camera, &job, wish, tell).unwrap();
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

//! A running station as a command sees it: one queue of notices, signals and answers typed by a person. All threads of this program start here.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender, TrySendError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use transom::{Handle, Notice, Settings, Station};

use crate::failure::Failure;
use crate::signals::{self, Signal};

/// Something a command reacts to.
#[derive(Debug)]
pub(crate) enum Event {
    Notice(Notice),
    Signal(Signal),
    /// A line typed by a person; `None` at the end of the input.
    Typed(Option<String>),
    /// The station's loop ended by itself: why.
    Broken(String),
}

/// The station on its own thread. Dropping it says goodbye to all peers, within [`GOODBYE`].
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) handle: Handle,
    /// Where it listens, with the ports that were really bound.
    pub(crate) addresses: Vec<SocketAddr>,
    events: Receiver<Event>,
    sender: SyncSender<Event>,
    ended: Receiver<()>,
    thread: Option<JoinHandle<()>>,
    signals: signals::Watch,
}

impl Running {
    /// Starts the station, and watches for signals from here on.
    pub(crate) fn start(settings: Settings) -> Result<Self, Failure> {
        let station =
            Station::start(settings).map_err(|error| Failure::new("can't start", error))?;
        let (handle, addresses) = (station.handle(), station.addresses());
        let (sender, events) = mpsc::sync_channel(QUEUE);
        let (done, ended) = mpsc::channel();
        let signals = signals::watch(sender.clone())
            .map_err(|error| Failure::new("can't watch for signals", error))?;
        let queue = sender.clone();
        let thread = Builder::new()
            .name("station".into())
            .spawn(move || run(station, &queue, &done))
            .map_err(|error| Failure::new("can't start a thread", error))?;
        Ok(Self {
            handle,
            addresses,
            events,
            sender,
            ended,
            thread: Some(thread),
            signals,
        })
    }

    /// The next event, or `None` once that time has come.
    pub(crate) fn next(&self, until: Option<Instant>) -> Option<Event> {
        let Some(until) = until else {
            return Some(self.events.recv().unwrap_or_else(|_| ended_early()));
        };
        match self
            .events
            .recv_timeout(until.saturating_duration_since(Instant::now()))
        {
            Ok(event) => Some(event),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(ended_early()),
        }
    }

    /// Reads what a person types, line by line, as events. A read can't be interrupted: the thread ends with the program.
    pub(crate) fn read_lines(&self) -> Result<(), Failure> {
        let sender = self.sender.clone();
        Builder::new()
            .name("typed".into())
            .spawn(move || {
                for line in std::io::stdin().lines().map_while(Result::ok) {
                    if sender.send(Event::Typed(Some(line))).is_err() {
                        return;
                    }
                }
                // Nobody listens any more when this fails, and nobody needs to.
                let _ = sender.send(Event::Typed(None));
            })
            .map(drop)
            .map_err(|error| Failure::new("can't start a thread", error))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.signals.close();
        self.handle.stop();
        let last = Instant::now() + GOODBYE;
        while self.ended.recv_timeout(STEP) == Err(RecvTimeoutError::Timeout) {
            // Pictures that wait here hold credits, and the loop may wait for room.
            self.events.try_iter().for_each(drop);
            if Instant::now() >= last {
                log::warn!("the station did not end in time");
                return;
            }
        }
        if let Some(thread) = self.thread.take() {
            // A panic of that thread has printed itself already.
            let _ = thread.join();
        }
    }
}

fn run(station: Station, queue: &SyncSender<Event>, done: &Sender<()>) {
    let mut passage = Passage {
        queue: queue.clone(),
        kept: VecDeque::new(),
    };
    let result = station.run(|notice| passage.pass(notice));
    // What was kept goes now, unless the command is ending and takes nothing more.
    passage.hand_over();
    let why = match result {
        Ok(()) => "it was stopped".to_owned(),
        Err(error) => error.to_string(),
    };
    // The program may be ending, and then nobody listens.
    let _ = queue.try_send(Event::Broken(why));
    let _ = done.send(());
}

/// Hands notices on to the command. The loop never waits for a slow terminal or disk: what moves is dropped where there
/// is no room, and what somebody waits for has room apart.
struct Passage {
    queue: SyncSender<Event>,
    /// Ends, texts and questions that found no room, oldest first.
    kept: VecDeque<Notice>,
}

impl Passage {
    fn pass(&mut self, notice: Notice) {
        self.hand_over();
        let is_kept = matches!(
            notice,
            Notice::Offered { asks: true, .. }
                | Notice::Text { .. }
                | Notice::TextArrived { .. }
                | Notice::TextFailed { .. }
                | Notice::TransferEnded { .. }
        );
        match (is_kept, self.kept.len()) {
            (true, ..KEPT) => self.kept.push_back(notice),
            (false, 0) => {
                let event = Event::Notice(notice);
                if let Err(TrySendError::Full(lost)) = self.queue.try_send(event) {
                    log::debug!("no room for {lost:?}");
                }
            }
            _ => log::warn!("the terminal stands still, lost: {notice:?}"),
        }
        self.hand_over();
    }

    fn hand_over(&mut self) {
        while let Some(notice) = self.kept.pop_front() {
            if let Err(TrySendError::Full(Event::Notice(notice))) =
                self.queue.try_send(Event::Notice(notice))
            {
                self.kept.push_front(notice);
                return;
            }
        }
    }
}

fn ended_early() -> Event {
    Event::Broken("its loop ended".into())
}

/// Events that wait: a second of a busy station. A stalled terminal costs lines, not memory.
const QUEUE: usize = 256;

/// Notices kept while the terminal stands still: an hour of people, a second of an attack.
const KEPT: usize = 4096;

/// What a goodbye may take: service managers and people expect an end within a second.
const GOODBYE: Duration = Duration::from_millis(800);

/// How often the queue is emptied during the goodbye.
const STEP: Duration = Duration::from_millis(5);

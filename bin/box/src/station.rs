//! A running station, with one queue of notices, signals and typed lines for the command. It starts
//! all threads of this program.

use std::net::SocketAddr;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use transom::{Handle, Notice, Settings, Station};
use transom_signals::{Keys, watch_user_signal};

use crate::controls::{Control, Typing};
use crate::event_queue::{EventReceiver, EventSender, event_queue};
use crate::failure::Failure;
use crate::signals::{self, Hangup, Signal};

/// Something a command reacts to.
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all of them are notices, which would only be boxed to be unboxed"
)]
#[derive(Debug)]
pub(crate) enum Event {
    Notice(Notice),
    Signal(Signal),
    /// A line typed by a person; `None` at the end of the input.
    Typed(Option<String>),
    /// A key, or a signal that stands for one.
    Control(Control),
    /// The station's loop ended by itself: why.
    Broken(String),
}

/// The station on its own thread. Dropping it says goodbye to all peers, within [`GOODBYE`].
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) handle: Handle,
    /// Where it listens, with the ports that were really bound.
    pub(crate) addresses: Vec<SocketAddr>,
    events: EventReceiver,
    sender: SyncSender<Event>,
    ended: Receiver<()>,
    thread: Option<JoinHandle<()>>,
    keys: Option<Keys>,
}

impl Running {
    /// Starts the station, and watches for signals from here on.
    pub(crate) fn start(settings: Settings) -> Result<Self, Failure> {
        Self::with(settings, Hangup::End)
    }

    /// Like [`Running::start`], for a command that may run as a service: there SIGHUP asks it to
    /// read the contact book again.
    pub(crate) fn start_service(settings: Settings) -> Result<Self, Failure> {
        Self::with(settings, Hangup::of_a_service())
    }

    fn with(settings: Settings, hangup: Hangup) -> Result<Self, Failure> {
        let station =
            Station::start(settings).map_err(|error| Failure::new("can't start", error))?;
        let (handle, addresses) = (station.handle(), station.addresses());
        let (notices, events, sender) = event_queue();
        let (done, ended) = mpsc::channel();
        signals::watch(sender.clone(), hangup)
            .map_err(|error| Failure::new("can't watch for signals", error))?;
        let thread = Builder::new()
            .name("station".into())
            .spawn(move || run(station, &notices, &done))
            .map_err(|error| Failure::new("can't start a thread", error))?;
        Ok(Self {
            handle,
            addresses,
            events,
            sender,
            ended,
            thread: Some(thread),
            keys: None,
        })
    }

    /// The next event, or `None` at `until`.
    pub(crate) fn next(&self, until: Option<Instant>) -> Option<Event> {
        match self.events.next(until) {
            Ok(event) => Some(event),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(ended_early()),
        }
    }

    /// Takes SIGUSR1 as [`Control::Pause`].
    pub(crate) fn watch_pauses(&self) -> Result<(), Failure> {
        let sender = self.sender.clone();
        watch_user_signal(move || {
            // If the queue is full, the command is blocked in output.
            let _ = sender.try_send(Event::Control(Control::Pause));
        })
        .map_err(|error| Failure::new("can't watch for signals", error))
    }

    /// Reads keys as [`Control`]s, if the standard input is a terminal.
    pub(crate) fn read_keys(&mut self) -> Result<Typing, Failure> {
        let sender = self.sender.clone();
        let keys = Keys::read(move |key| {
            let _ = sender.try_send(Event::Control(Control::of_key(key)));
        });
        self.keys = keys.map_err(|error| Failure::new("can't read keys", error))?;
        Ok(match &self.keys {
            Some(keys) if keys.is_in_front() => Typing::Keys,
            _ => Typing::None,
        })
    }

    /// Reads what a person types, line by line, as events. A read can't be interrupted: the thread
    /// ends with the program.
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
                // Fails only if the receiver is gone.
                let _ = sender.send(Event::Typed(None));
            })
            .map(drop)
            .map_err(|error| Failure::new("can't start a thread", error))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.handle.stop();
        let last = Instant::now() + GOODBYE;
        while self.ended.recv_timeout(STEP) == Err(RecvTimeoutError::Timeout) {
            // Pictures in the queue hold flow control credits, for which the loop may wait.
            self.events.clear();
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

fn run(station: Station, notices: &EventSender, done: &Sender<()>) {
    let result = station.run(|notice| notices.send(notice));
    let why = match result {
        Ok(()) => "it was stopped".to_owned(),
        Err(error) => error.to_string(),
    };
    notices.send_awaited(Event::Broken(why));
    // Fails if the program is ending.
    let _ = done.send(());
}

fn ended_early() -> Event {
    Event::Broken("its loop ended".into())
}

/// How long the goodbye may take: service managers and people expect a program to end within a
/// second.
const GOODBYE: Duration = Duration::from_millis(800);

/// How often the queue is emptied during the goodbye.
const STEP: Duration = Duration::from_millis(5);

//! `transom receive`: the inbox. It takes files from those who may, asks for the others, and prints
//! texts.

use std::collections::VecDeque;
use std::io::{self, IsTerminal};
use std::time::Instant;

use serde_json::json;
use transom::{Accept, InboxSettings, Notice, Outcome, TransferId, TransferStatus};

use crate::args::{Consent, Receive};
use crate::door::{self, Knocks};
use crate::failure::Failure;
use crate::once::Once;
use crate::output::Output;
use crate::place::Place;
use crate::progress::{Bars, Progress};
use crate::report;
use crate::signals::Signal;
use crate::station::{Event, Running};

pub(crate) fn run(arguments: Receive, place: &Place, output: &Output) -> Result<(), Failure> {
    let asks = arguments.accept == Consent::Ask;
    if asks && !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Err(Failure::usage("nobody to ask", "this is no terminal")
            .next("say whose files to take: --accept known, or --accept NAME,…"));
    }
    std::fs::create_dir_all(&arguments.into).map_err(|error| {
        Failure::new(
            format!("can't make the inbox {}", arguments.into.display()),
            error,
        )
    })?;
    let mut settings = place.settings(arguments.door.name, output)?;
    door::open(&mut settings, arguments.door, output);
    let accept = match arguments.accept {
        Consent::Ask => Accept::Ask,
        Consent::Of(guests) => {
            door::warn_of_strangers(&guests, &settings.book, output);
            guests.into()
        }
    };
    settings.inbox = Some(InboxSettings {
        into: arguments.into.clone(),
        accept,
        quota: arguments.quota,
        overwrite: arguments.allow_overwrite,
    });
    door::introduce(&settings, output);
    let running = Running::start_service(settings)?;
    let into = arguments.into.display().to_string();
    output.say(
        format!("files go to {into}"),
        json!({"event": "inbox", "path": into}),
    );
    if asks {
        running.read_lines()?;
    }
    let mut inbox = Inbox {
        running,
        output,
        once: arguments.once.then(Once::default),
        asked: VecDeque::new(),
        bars: Bars::default(),
        shown: Vec::new(),
    };
    inbox.serve(place)
}

/// The open inbox.
struct Inbox<'a> {
    running: Running,
    output: &'a Output,
    once: Option<Once>,
    /// Offers that wait for a person, the first of them asked.
    asked: VecDeque<(TransferId, String)>,
    bars: Bars,
    /// Transfers on their way. The station bounds how many.
    shown: Vec<(TransferId, Progress<'a>)>,
}

impl Inbox<'_> {
    fn serve(&mut self, place: &Place) -> Result<(), Failure> {
        let mut knocks = Knocks::default();
        loop {
            let now = Instant::now();
            if let Some(success) = self.once.as_ref().and_then(|once| once.is_over(now)) {
                return once_over(success);
            }
            let event = self.running.next(self.once.as_ref().and_then(Once::due));
            if let (Some(once), Some(Event::Notice(notice))) = (&mut self.once, &event) {
                once.notice(notice, Instant::now());
            }
            match event {
                Some(Event::Notice(Notice::Knock { key, .. })) if !knocks.is_new(&key) => {}
                Some(Event::Notice(Notice::TransferEnded { status, outcome })) => {
                    self.ended(status, outcome);
                }
                Some(Event::Notice(notice)) => self.notice(&notice),
                Some(Event::Typed(line)) => self.typed(line.as_deref()),
                Some(Event::Signal(Signal::Reload)) => {
                    let reload = || door::reload(&self.running.handle, place, self.output);
                    self.bars.aside(reload);
                }
                Some(Event::Signal(Signal::End)) => {
                    self.output.say("ending", json!({"event": "ending"}));
                    return Ok(());
                }
                Some(Event::Broken(why)) => return Err(Failure::new("the station ended", why)),
                None => {}
            }
        }
    }

    fn notice(&mut self, notice: &Notice) {
        match notice {
            Notice::Transfer(status) => self.show(status),
            Notice::Offered {
                transfer,
                peer,
                name,
                shape,
                files,
                bytes,
                overwrites,
                asks: true,
            } => {
                let what = report::thing(name, *shape, *files, *bytes);
                if self.output.is_json() {
                    self.tell(notice);
                }
                let question = report::offer_words(peer, &what, *overwrites);
                self.asked.push_back((*transfer, question));
                if self.asked.len() == 1 {
                    self.ask();
                }
            }
            notice => self.tell(notice),
        }
    }

    fn tell(&self, notice: &Notice) {
        self.bars.aside(|| report::tell(self.output, notice));
    }

    /// One question at a time, so that an answer can't meet another offer.
    fn ask(&self) {
        if let Some((_, what)) = self.asked.front() {
            self.bars
                .aside(|| self.output.ask(&format!("{what}: take it? [y/n]")));
        }
    }

    fn typed(&mut self, line: Option<&str>) {
        let Some((transfer, _)) = self.asked.front() else {
            return;
        };
        match line.map(|line| line.trim().to_lowercase()).as_deref() {
            Some("y" | "yes") => self.running.handle.accept(*transfer, None),
            Some("n" | "no") | None => self.running.handle.refuse(*transfer),
            Some(_) => return self.ask(),
        }
        self.asked.pop_front();
        self.ask();
    }

    fn show(&mut self, status: &TransferStatus) {
        let at = self
            .shown
            .iter()
            .position(|(transfer, _)| *transfer == status.transfer);
        let at = at.unwrap_or_else(|| {
            self.shown
                .push((status.transfer, Progress::new(self.output, &self.bars)));
            self.shown.len() - 1
        });
        if let Some((_, progress)) = self.shown.get_mut(at) {
            progress.show(status);
        }
    }

    fn ended(&mut self, status: TransferStatus, outcome: Outcome) {
        self.shown
            .retain(|(transfer, _)| *transfer != status.transfer);
        let was_asked = self
            .asked
            .front()
            .is_some_and(|(transfer, _)| *transfer == status.transfer);
        self.asked
            .retain(|(transfer, _)| *transfer != status.transfer);
        if was_asked {
            self.ask();
        }
        self.tell(&Notice::TransferEnded { status, outcome });
    }
}

fn once_over(success: bool) -> Result<(), Failure> {
    match success {
        true => Ok(()),
        false => Err(Failure::new("not received", "not all of it came whole")),
    }
}

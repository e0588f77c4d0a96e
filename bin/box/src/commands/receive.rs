//! `transom receive`: the inbox. It takes files from permitted senders, asks about the others, and
//! prints texts.

use std::collections::VecDeque;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;
use transom::people::{Address, Rights};
use transom::{
    Accept, Code, InboxSettings, Keep, Notice, Outcome, Paired, PairingNotice, PairingTerms,
    Redial, TransferId, TransferStatus,
};

use crate::args::{Consent, Receive};
use crate::controls::{Control, Controls, Typing};
use crate::deliveries::Deliveries;
use crate::failure::Failure;
use crate::inbox;
use crate::listening::{self, Knock, Knocks};
use crate::once::Once;
use crate::output::Output;
use crate::pairing;
use crate::place::Place;
use crate::progress::{Bars, Progress, explain};
use crate::report;
use crate::service::Service;
use crate::signals::Signal;
use crate::station::{Event, Running};

pub(crate) fn run(arguments: Receive, place: &Place, output: &Output) -> Result<(), Failure> {
    inbox::check(&arguments.into)?;
    make_inbox(&arguments.into)?;
    match &arguments.from {
        Some(_) => {
            pairing::prompt(output);
            let code = pairing::ask_code(output)?;
            receive_once(arguments, code, place, output)
        }
        None => match pairing::code_given()? {
            Some(code) => receive_once(arguments, code, place, output),
            None => open_inbox(arguments, place, output),
        },
    }
}

fn make_inbox(into: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(into)
        .map_err(|error| Failure::new(format!("can't make the inbox {}", into.display()), error))
}

/// Takes the files of the sender that shows this code. No other peer can connect.
fn receive_once(
    arguments: Receive,
    code: Code,
    place: &Place,
    output: &Output,
) -> Result<(), Failure> {
    let mut settings = place.settings(arguments.listening.name, output)?;
    // The code is the consent: the sender gets the right `auto`, so there is no question.
    settings.inbox = Some(InboxSettings {
        room: arguments.room.limits(),
        overwrite: arguments.allow_overwrite,
        ..InboxSettings::new(arguments.into, Accept::Ask)
    });
    let mut running = Running::start(settings)?;
    let typing = running.read_keys()?;
    let terms = sender_terms(arguments.remember);
    pairing::enter(code, arguments.from.as_ref(), terms, &running, output);
    let mut inbox = Inbox::new(running, typing, arguments.remember, place, output)?;
    inbox.once = Some(Once::default());
    inbox.is_for_code = true;
    inbox.serve()
}

/// A sender whose code was typed: its files are taken without asking.
fn sender_terms(remember: bool) -> PairingTerms {
    let may = Rights {
        files: true,
        auto: true,
        ..Rights::NONE
    };
    let keep = match remember {
        true => Keep::Contact,
        false => Keep::Once,
    };
    pairing::terms(None, may, keep)
}

fn open_inbox(arguments: Receive, place: &Place, output: &Output) -> Result<(), Failure> {
    let asks = arguments.accept == Consent::Ask;
    if asks && !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Err(Failure::usage(
            "can't ask about offers",
            "stdin or stderr is not a terminal",
        )
        .next("say whose files to take: --accept known, or --accept NAME,…"));
    }
    let mut settings = place.settings(arguments.listening.name, output)?;
    let listen = arguments.listening.listen.clone();
    listening::apply(&mut settings, arguments.listening, output);
    pairing::listen(&mut settings, &listen, output);
    let accept = match arguments.accept {
        Consent::Ask => Accept::Ask,
        Consent::Of(guests) => {
            listening::warn_of_unknown_names(&guests, &settings.book, output);
            guests.into()
        }
    };
    let inbox = InboxSettings {
        room: arguments.room.limits(),
        overwrite: arguments.allow_overwrite,
        ..InboxSettings::new(arguments.into, accept)
    };
    settings.inbox = Some(inbox.clone());
    listening::introduce(&settings, output);
    // With a terminal a code can be typed, which adds the first contact.
    if !asks {
        listening::warn_of_empty_book(&settings.book, false, place, output);
    }
    let mut running = Running::start_service(settings)?;
    inbox::tell(&inbox, output);
    let typing = match asks {
        true => {
            running.read_lines()?;
            output.ask("type a code here if a sender uses `transom send --code`");
            Typing::Lines
        }
        false => running.read_keys()?,
    };
    let mut inbox = Inbox::new(running, typing, arguments.remember, place, output)?;
    match arguments.once {
        true => inbox.once = Some(Once::default()),
        false => inbox.deliveries = Some(Deliveries::new(place, output, &inbox.bars)?),
    }
    inbox.serve()
}

/// The open inbox.
struct Inbox<'a> {
    running: Running,
    place: &'a Place,
    output: &'a Output,
    once: Option<Once>,
    /// Whether it was opened for one code, and ends if that fails.
    is_for_code: bool,
    /// Whether a sender whose code was typed becomes a contact.
    remember: bool,
    /// The sender whose code was typed.
    sender: Option<Sender>,
    /// Offers that wait for an answer. The user is asked about the first.
    asked: VecDeque<(TransferId, String)>,
    /// What is kept for contacts; `None` for an inbox that ends soon.
    deliveries: Option<Deliveries>,
    bars: Bars,
    controls: Controls,
    /// Transfers on their way. The station bounds how many.
    shown: Vec<(TransferId, Progress<'a>)>,
}

/// A sender that a typed code has found.
struct Sender {
    paired: Paired,
    /// When it counts as lost; `None` while it is here.
    lost: Option<Instant>,
}

impl<'a> Inbox<'a> {
    fn new(
        running: Running,
        typing: Typing,
        remember: bool,
        place: &'a Place,
        output: &'a Output,
    ) -> Result<Self, Failure> {
        running.watch_pauses()?;
        Ok(Self {
            running,
            place,
            output,
            once: None,
            is_for_code: false,
            remember,
            sender: None,
            asked: VecDeque::new(),
            deliveries: None,
            bars: Bars::default(),
            controls: Controls::new(typing, None),
            shown: Vec::new(),
        })
    }

    fn serve(&mut self) -> Result<(), Failure> {
        let mut knocks = Knocks::default();
        let mut service = Service::without_camera();
        service.ready(&self.running.handle);
        loop {
            let now = Instant::now();
            if let Some(success) = self.once.as_ref().and_then(|once| once.is_over(now)) {
                self.remember_sender()?;
                return once_over(success);
            }
            let lost = self.sender.as_ref().and_then(|sender| sender.lost);
            if lost.is_some_and(|lost| lost <= now) {
                let why = format!("they did not come back within {} s", RETURN_TIME.as_secs());
                return Err(Failure::new("not received", why).next(SEND_AGAIN));
            }
            let over = self.once.as_ref().and_then(Once::due);
            let deliveries = self.deliveries.as_ref().and_then(Deliveries::due);
            let due = [over, lost, service.due(), deliveries];
            let event = self.running.next(due.into_iter().flatten().min());
            service.on_time(&self.running.handle);
            if let Some(Event::Notice(notice)) = &event {
                service.notice(notice);
            }
            if self.deliver(&event) {
                continue;
            }
            if let (Some(once), Some(Event::Notice(notice))) = (&mut self.once, &event) {
                once.notice(notice, Instant::now());
            }
            match event {
                Some(Event::Notice(Notice::Knock { key, address, name })) => {
                    let knock = Knock { key, address, name };
                    let tell = || knocks.tell(&knock, self.place, self.output);
                    self.bars.aside(tell);
                }
                Some(Event::Notice(Notice::Pairing(_, notice))) => self.pairing(notice)?,
                Some(Event::Notice(Notice::TransferEnded { status, outcome })) => {
                    self.ended(status, outcome);
                }
                Some(Event::Notice(notice)) => {
                    self.watch_sender(&notice);
                    self.notice(&notice);
                }
                Some(Event::Typed(line)) => self.typed(line.as_deref()),
                Some(Event::Control(control)) => self.control(control),
                Some(Event::Signal(Signal::Reload)) => {
                    let reload =
                        || listening::reload(&self.running.handle, self.place, self.output);
                    self.bars.aside(reload);
                }
                Some(Event::Signal(Signal::End)) => {
                    service.stopping();
                    self.output.say("ending", json!({"event": "ending"}));
                    return match self.is_for_code {
                        true => Err(Failure::new("not received", "ended by a signal")),
                        false => Ok(()),
                    };
                }
                Some(Event::Broken(why)) => return Err(Failure::new("the station ended", why)),
                None => {}
            }
        }
    }

    /// Says whether the event was about a delivery alone.
    fn deliver(&mut self, event: &Option<Event>) -> bool {
        let Some(deliveries) = &mut self.deliveries else {
            return false;
        };
        deliveries.on_time(&self.running.handle);
        matches!(event, Some(Event::Notice(notice)) if deliveries.notice(notice))
    }

    /// The result of a typed code. Its sender is dialed where it was found, and the inbox ends
    /// after its files.
    fn pairing(&mut self, notice: PairingNotice) -> Result<(), Failure> {
        if let PairingNotice::Failed { why } = &notice
            && self.is_for_code
        {
            return Err(Failure::new("not received", pairing::failure_words(why)));
        }
        self.bars
            .aside(|| report::tell_pairing(self.output, &notice));
        let PairingNotice::Paired(paired) = notice else {
            return Ok(());
        };
        let mut contact = pairing::contact(&paired, paired.may);
        contact.address = Address::from(paired.reached);
        self.running.handle.connect(contact, Redial::Always);
        self.once.get_or_insert_default();
        self.sender = Some(Sender {
            paired: *paired,
            lost: Some(Instant::now() + RETURN_TIME),
        });
        Ok(())
    }

    /// Gives a lost sender some time to come back.
    fn watch_sender(&mut self, notice: &Notice) {
        let Some(sender) = &mut self.sender else {
            return;
        };
        match notice {
            Notice::Joined { peer, .. } if *peer == sender.paired.peer => sender.lost = None,
            Notice::Left { peer, .. } if *peer == sender.paired.peer => {
                sender.lost = Some(Instant::now() + RETURN_TIME);
            }
            _ => {}
        }
    }

    fn remember_sender(&self) -> Result<(), Failure> {
        match &self.sender {
            Some(Sender { paired, .. }) if paired.keep == Keep::Contact => {
                let (may, running) = (Rights::default(), &self.running);
                pairing::keep(paired, may, self.place, running, self.output)
            }
            Some(_) if self.remember => {
                self.output
                    .warn("they keep no contact of you, so none of them was kept");
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn notice(&mut self, notice: &Notice) {
        match notice {
            Notice::Transfer(status) => self.show(status),
            // The typed code permits this sender, even if the book does not.
            Notice::Offered {
                transfer,
                peer,
                asks: true,
                ..
            } if self
                .sender
                .as_ref()
                .is_some_and(|it| it.paired.peer == *peer) =>
            {
                self.tell(notice);
                self.running.handle.accept(*transfer, None);
            }
            Notice::Offered {
                transfer,
                peer,
                name,
                shape,
                entries,
                bytes,
                is_counted,
                overwrites,
                asks: true,
            } => {
                let what = report::thing(name, *shape, *entries, *bytes, *is_counted);
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

    /// Asks one question at a time, so that an answer can't be taken for another offer's.
    fn ask(&self) {
        if let Some((_, what)) = self.asked.front() {
            self.bars
                .aside(|| self.output.ask(&format!("{what}: take it? [y/n]")));
        }
    }

    fn typed(&mut self, line: Option<&str>) {
        let Some((transfer, _)) = self.asked.front() else {
            let line = line.unwrap_or_default();
            return match Control::of_line(line) {
                Some(control) => self.control(control),
                None => self.typed_code(line),
            };
        };
        match line.map(|line| line.trim().to_lowercase()).as_deref() {
            Some("y" | "yes") => self.running.handle.accept(*transfer, None),
            Some("n" | "no") | None => self.running.handle.refuse(*transfer),
            Some(_) => return self.ask(),
        }
        self.asked.pop_front();
        self.ask();
    }

    /// A line that answers no offer may be a code. This inbox ends with its first sender, so a
    /// second one has to wait.
    fn typed_code(&self, line: &str) {
        match (line.parse::<Code>(), &self.sender) {
            (Ok(_), Some(Sender { paired, .. })) => self.bars.aside(|| {
                self.output.ask(&format!(
                    "{} is sending; for another code run `transom receive` again afterwards",
                    paired.peer
                ));
            }),
            (Ok(code), None) => {
                let terms = sender_terms(self.remember);
                let enter = || pairing::enter(code, None, terms, &self.running, self.output);
                self.bars.aside(enter);
            }
            (Err(_), _) if line.trim().is_empty() => {}
            (Err(error), _) => self.bars.aside(|| self.output.ask(&error.to_string())),
        }
    }

    /// Pauses, cancels or limits all transfers that are shown.
    fn control(&mut self, control: Control) {
        let shown = self.shown.iter_mut();
        let mut shown: Vec<_> = shown
            .filter_map(|(_, progress)| progress.status())
            .collect();
        let handle = &self.running.handle;
        if let Some(question) = self.controls.apply(control, &mut shown, handle) {
            self.bars.aside(|| self.output.ask(&question));
        }
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
            if progress.status().is_some() {
                explain(&mut self.controls, &self.bars, self.output);
            }
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

/// How long a sender whose code was typed may be lost: a router that restarts takes a minute.
const RETURN_TIME: Duration = Duration::from_secs(60);

/// What to do if a sender ended too early. The received part of a file is kept for its sender's
/// key, which a new code does not change.
const SEND_AGAIN: &str =
    "let them send it again: the part that arrived is kept, and the transfer resumes";

fn once_over(success: bool) -> Result<(), Failure> {
    match success {
        true => Ok(()),
        false => {
            Err(Failure::new("not received", "not everything arrived complete").next(SEND_AGAIN))
        }
    }
}

//! `transom pair [NAME]`: shows a code or takes one; each side becomes a contact of the other.

use std::io::{self, IsTerminal};

use serde_json::json;
use transom::{Code, Keep, Notice, PairingNotice, PairingTerms};

use crate::args;
use crate::failure::Failure;
use crate::output::Output;
use crate::pairing::{self, Shown};
use crate::place::Place;
use crate::report;
use crate::signals::Signal;
use crate::station::{Event, Running};

pub(crate) fn run(arguments: &args::Pair, place: &Place, output: &Output) -> Result<(), Failure> {
    if arguments.print {
        let code = Code::generate().map_err(|error| Failure::new("no code", error))?;
        output.answer(
            code.to_string(),
            json!({"event": "code", "code": code.to_string()}),
        );
        return Ok(());
    }
    if arguments
        .name
        .is_some_and(|name| name.as_str().parse::<Code>().is_ok())
    {
        return Err(
            Failure::usage("a code can't be an argument", "other users could read it")
                .next("it is asked for, or taken from TRANSOM_CODE"),
        );
    }
    let place = &place.filled_by_pairing();
    let mut terms = pairing::terms(arguments.name, arguments.may, Keep::Contact);
    terms.port = Some(arguments.port());
    let mut settings = place.settings(None, output)?;
    let key = settings.identity.public_key();
    let given = match &arguments.from {
        Some(_) => {
            pairing::prompt(output);
            Some(pairing::ask_code(output)?)
        }
        None => pairing::code_given()?,
    };
    if given.is_none() {
        pairing::listen(&mut settings, &arguments.listen, output);
        settings.announce = arguments.announcing.into();
    }
    let running = Running::start(settings)?;
    let asks = given.is_none() && io::stdin().is_terminal() && !output.is_json();
    match given {
        Some(code) => {
            let from = arguments.from.as_ref();
            pairing::enter(code, from, terms.clone(), &running, output);
        }
        None => {
            running.handle.show_code(None, terms.clone());
        }
    }
    if asks {
        running.read_lines()?;
    }
    let shown = Shown {
        key,
        command: "transom pair",
    };
    Pairing {
        running,
        terms,
        shown,
        asks,
        place,
        output,
    }
    .serve()
}

impl args::Pair {
    /// The port for the contact: where this machine's programs listen later.
    fn port(&self) -> u16 {
        let listen = self.listen.first().map(std::net::SocketAddr::port);
        listen
            .filter(|port| *port > 0)
            .unwrap_or(transom::people::DEFAULT_PORT)
    }
}

/// What to do when a code has ended.
pub(crate) const NEW_CODE: &str = "the same command shows a new code";

struct Pairing<'a> {
    running: Running,
    terms: PairingTerms,
    shown: Shown<'a>,
    /// Whether the user may type the other side's code.
    asks: bool,
    place: &'a Place,
    output: &'a Output,
}

impl Pairing<'_> {
    fn serve(&self) -> Result<(), Failure> {
        loop {
            match self.running.next(None) {
                Some(Event::Notice(Notice::Pairing(_, notice))) => {
                    if self.notice(&notice)? {
                        return Ok(());
                    }
                }
                Some(Event::Notice(notice)) => report::tell(self.output, &notice),
                Some(Event::Typed(Some(line))) => self.typed(&line),
                Some(Event::Signal(Signal::End)) => {
                    return Err(Failure::new("not paired", "ended by a signal"));
                }
                Some(Event::Broken(why)) => return Err(Failure::new("the station ended", why)),
                Some(Event::Signal(Signal::Reload) | Event::Typed(None) | Event::Control(_))
                | None => {}
            }
        }
    }

    /// Handles a notice; true once the pairing is done.
    fn notice(&self, notice: &PairingNotice) -> Result<bool, Failure> {
        match notice {
            PairingNotice::CodeShown { code, until } => {
                self.shown.tell(code, *until, &self.running, self.output);
                if self.asks {
                    self.output
                        .ask("or type the code that the other side shows:");
                }
                return Ok(false);
            }
            PairingNotice::CodeEnded { why } => {
                return Err(Failure::new("not paired", why).next(NEW_CODE));
            }
            PairingNotice::Failed { why } if !self.asks => {
                return Err(Failure::new("not paired", pairing::failure_words(why)));
            }
            _ => {}
        }
        report::tell_pairing(self.output, notice);
        if let PairingNotice::Paired(paired) = notice {
            if paired.keep != Keep::Contact {
                return Err(
                    Failure::new("not kept", "the other side wants one transfer only")
                        .next("run `transom receive` instead"),
                );
            }
            pairing::keep(
                paired,
                self.terms.may,
                self.place,
                &self.running,
                self.output,
            )?;
            return Ok(true);
        }
        Ok(false)
    }

    fn typed(&self, line: &str) {
        match line.parse::<Code>() {
            Ok(code) => {
                let terms = self.terms.clone();
                pairing::enter(code, None, terms, &self.running, self.output);
            }
            Err(_) if line.trim().is_empty() => {}
            Err(error) => self.output.ask(&error.to_string()),
        }
    }
}

//! What the engine and the desktop tell: each letter changes the model, and some are told to the
//! desktop while the window is not looked at.

use std::time::Instant;

use transom::{CallKind, Notice};
use winit::event_loop::ActiveEventLoop;

use crate::engine::Letter;
use crate::model::{self, Action, Warning};
use crate::outside::{self, About, Choice, Request};
use crate::words;

use super::Shell;

impl Shell {
    /// Reads the engine's letters, and draws if one of them changed something. While the disk is
    /// silent each may be its answer.
    pub(super) fn read_news(&mut self, event_loop: &ActiveEventLoop) {
        let mut changed = self.state.is_disk_silent();
        self.tell_time();
        for letter in self.engine.letters() {
            changed |= match &letter {
                Letter::Notice(notice) => !self.state.knows(notice),
                Letter::Stored(answer) => !answer.is_silent(),
                _ => true,
            };
            self.read(letter, event_loop);
        }
        self.take_back();
        if !self.is_seen() {
            self.rest(event_loop);
        } else if changed {
            self.redraw();
        } else if self.engine.desk().has_news() {
            self.redraw_in_pace(event_loop);
        }
    }

    fn read(&mut self, letter: Letter, event_loop: &ActiveEventLoop) {
        let actions = match letter {
            Letter::Notice(notice) => {
                self.tell_desktop(&notice);
                self.state.apply(notice)
            }
            Letter::Font(font) => {
                self.add_font(font);
                Vec::new()
            }
            Letter::Asked(request) => self.asked(request),
            Letter::Clicked(about, choice) => self.clicked(about, choice),
            Letter::Broken(face, why) => {
                self.state.broken(face, why);
                Vec::new()
            }
            Letter::Kept(kept) => self.state.kept(kept),
            Letter::Stored(answer) => {
                self.keeper.take(&mut self.state, answer);
                Vec::new()
            }
            Letter::Picked(peer, answer) => self.state.picked(peer, answer),
            Letter::PickedFolder(what, answer) => self.state.picked_folder(what, answer),
            Letter::Glanced(path, shown) => {
                if let Some(open) = &self.open {
                    let context = open.egui.egui_ctx();
                    let shown = shown
                        .as_ref()
                        .map(|shown| (&shown.image, shown.orientation));
                    self.album.keep_thumbnail(context, path, shown);
                }
                Vec::new()
            }
            Letter::Mishap(why) => vec![Action::Tell(model::News::Desktop(why))],
            Letter::Addresses(found) => {
                self.state.found_addresses(&found);
                Vec::new()
            }
            Letter::Tray(choice) => self.chosen_in_tray(choice),
            Letter::ReducedMotion(is_wanted) => {
                self.state.desktop_reduces_motion = is_wanted;
                self.wear();
                Vec::new()
            }
            Letter::Close => vec![Action::Quit],
            Letter::StationEnded(why) => {
                let why = why.unwrap_or_else(|| "without a reason".to_owned());
                self.state
                    .warn(Warning::Trouble(words::station_ended(&why)));
                Vec::new()
            }
        };
        self.carry_out(actions, event_loop);
    }

    /// Reads letters until everything that was asked for is written; false if that takes longer.
    pub(super) fn finish(&mut self, until: Instant, event_loop: &ActiveEventLoop) -> bool {
        while self.keeper.finish(until) {
            let letters = self.engine.letters();
            // Peers may write without end.
            if letters.is_empty() || Instant::now() >= until {
                return true;
            }
            for letter in letters {
                self.read(letter, event_loop);
            }
        }
        false
    }

    /// Closes the notifications that are out of date.
    pub(super) fn take_back(&mut self) {
        let is_looked_at = self.is_looked_at();
        let state = &self.state;
        self.desktop
            .close_if(|about| outside::is_over(state, about, is_looked_at));
    }

    /// Shows a notification for a notice that comes while the window has no attention.
    fn tell_desktop(&mut self, notice: &Notice) {
        let is_looked_at = self.is_looked_at();
        if let Some(news) = outside::news(&self.state, notice, is_looked_at) {
            self.desktop.show(news);
        }
    }

    /// A notification was clicked.
    fn clicked(&mut self, about: About, choice: Choice) -> Vec<Action> {
        let (actions, raises) = about.clicked(choice, &self.state);
        if raises {
            self.raise();
        }
        actions
    }

    /// A second start of the program hands over its `--watch` and `--call`.
    fn asked(&mut self, request: Request) -> Vec<Action> {
        self.raise();
        let several = request.watch.len() > 1;
        let watch = request.watch.into_iter().map(|peer| (peer, CallKind::View));
        let call = request.call.into_iter().map(|peer| (peer, CallKind::Talk));
        let mut actions = Vec::new();
        for (peer, kind) in watch.chain(call) {
            match self.keeper.reach(&mut self.state, &peer) {
                Ok(peer) => actions.push(self.state.wanted(peer, kind)),
                Err(why) => actions.push(Action::Tell(model::News::Refused(why))),
            }
        }
        actions.extend(several.then_some(Action::Cameras(true)));
        actions
    }
}

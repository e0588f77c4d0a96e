//! The window as an item in the desktop's tray: when a closed window stays as one, and the ways
//! back.

use winit::event_loop::ActiveEventLoop;

use crate::model::Action;
use crate::outside::{TrayChoice, TrayView};

use super::Shell;

impl Shell {
    /// Tells the tray what changed.
    pub(super) fn show_in_tray(&mut self) {
        self.state.has_tray = self.tray.is_there();
        self.tray.show(TrayView {
            tip: self.state.tray_tip(),
            is_not_disturbed: self.state.config.do_not_disturb,
        });
    }

    /// Whether the window, when it is closed, stays as an item in the tray. During a call it asks.
    pub(super) fn stays_in_tray(&self) -> bool {
        let is_wanted = self.state.config.keep_in_tray && !self.state.calls.talking();
        is_wanted && self.tray.is_there()
    }

    /// Leaves only the item in the tray.
    pub(super) fn hide(&mut self, event_loop: &ActiveEventLoop) {
        let Some(open) = &self.open else { return };
        open.window.set_visible(false);
        // Wayland has no hidden windows.
        if open.window.is_visible() != Some(false) {
            open.window.set_minimized(true);
        }
        self.is_hidden = true;
        self.rest(event_loop);
    }

    /// Something was chosen in the tray.
    pub(super) fn chosen_in_tray(&mut self, choice: TrayChoice) -> Vec<Action> {
        match choice {
            TrayChoice::DoNotDisturb => {
                let mut config = self.state.config.clone();
                config.do_not_disturb = !config.do_not_disturb;
                vec![Action::SaveSettings(Box::new(config))]
            }
            TrayChoice::Open => {
                self.raise();
                Vec::new()
            }
            TrayChoice::Quit => {
                let quit = self.state.quitting();
                if quit != Action::Quit {
                    self.raise();
                }
                vec![quit]
            }
        }
    }

    /// Brings the window back where the tray is gone: nothing else opens it.
    pub(super) fn leave_lost_tray(&mut self) {
        if self.is_hidden && !self.tray.is_there() {
            self.raise();
        }
    }
}

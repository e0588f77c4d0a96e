//! Controls that hide themselves: they go some seconds after the last sign of a person, and come
//! back with the next.

use egui::{CursorIcon, Event, Popup, Ui};

/// How long controls stay after the last move, key or touch.
const STAY: f64 = 3.0;

/// When the last sign of a person was, in egui's seconds.
#[derive(Debug, Default)]
pub(in crate::ui) struct Hiding {
    last_sign: f64,
}

impl Hiding {
    /// Whether controls are shown in this frame; `needed` keeps them. Asks for the one frame in
    /// which they go.
    pub(in crate::ui) fn shows(&mut self, ui: &Ui, needed: bool) -> bool {
        let is_sign = |event: &Event| {
            matches!(
                event,
                Event::AccessKitActionRequest(_)
                    | Event::Key { .. }
                    | Event::PointerMoved(_)
                    | Event::Touch { .. }
            )
        };
        let (now, is_sign) = ui.input(|input| {
            let is_sign = input.pointer.any_down() || input.events.iter().any(is_sign);
            (input.time, is_sign)
        });
        if is_sign || self.last_sign == 0.0 || self.last_sign > now {
            self.last_sign = now;
        }
        let left = STAY - (now - self.last_sign);
        let is_used =
            ui.memory(|memory| memory.focused().is_some()) || Popup::is_any_open(ui.ctx());
        if left > 0.0 {
            ui.ctx().request_repaint_after_secs(left as f32);
        }
        let shown = left > 0.0 || needed || is_used;
        if !shown {
            ui.ctx().set_cursor_icon(CursorIcon::None);
        }
        shown
    }

    /// A call or camera came: its controls are shown first.
    pub(in crate::ui) fn wake(&mut self) {
        self.last_sign = 0.0;
    }
}

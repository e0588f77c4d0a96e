//! Protects against clicks and keys that were meant for something else. A peer, the network or a
//! timer can show a widget, move it or remove it. Its place then takes no click for a moment.
//!
//! 1. A card that appears by itself is drawn by [`card`]. Its buttons are disabled while it is new.
//! 2. Any other widget that can appear, move or vanish by itself calls [`place`] in each frame.
//! 3. The end of a frame compares both with the frame before. Each rectangle in which a widget
//!    appeared, moved or vanished is a changed place.
//! 4. A press in a place that changed less than [`DEAF`] ago is removed from the input before egui
//!    sees it, and so is its release. It clicks nothing and moves no keyboard focus.

use std::time::Duration;

use egui::{
    AsId, Context, Event, Frame, Id, IdMap, Plugin, PointerButton, Pos2, RawInput, Rect, Ui,
};

/// How long a changed place takes no click. A person needs 0.3 to 0.6 s to see a change and to stop
/// a click that is on its way.
const DEAF: Duration = Duration::from_millis(800);
/// How pale the buttons of a new card are.
const NEW_ALPHA: f32 = 0.45;
/// Points by which a widget may move without being elsewhere: less than the height of a button.
/// egui's buttons grow by 2 under the pointer.
const SLACK: f32 = 4.0;

/// Draws a card that appears by itself, and tells its content whether it has been seen for long
/// enough: its buttons are drawn by [`buttons`]. `id` is the same in each frame, and another one
/// when the card says something else.
pub(super) fn card(ui: &mut Ui, id: impl AsId, frame: Frame, content: impl FnOnce(&mut Ui, bool)) {
    let id = Id::new(id);
    let ready = is_ready(ui.ctx(), id);
    let shown = ui.push_id(id, |ui| {
        frame.show(ui, |ui| content(ui, ready));
    });
    place(ui, id, shown.response.rect);
}

/// Draws the buttons of a card, pale and without effect while it is new.
pub(super) fn buttons<R>(ui: &mut Ui, ready: bool, content: impl FnOnce(&mut Ui) -> R) -> R {
    let shown = ui.scope(|ui| {
        ui.visuals_mut().disabled_alpha = NEW_ALPHA;
        ui.add_enabled_ui(ready, content).inner
    });
    shown.inner
}

/// Tells that a widget which can appear, move or vanish by itself is drawn in this frame.
pub(super) fn place(ui: &Ui, id: impl AsId, rect: Rect) {
    let (now, rect) = (time(ui.ctx()), rect.intersect(ui.clip_rect()));
    ui.ctx().with_plugin(|guard: &mut Guard| {
        let since = Since::drawn(now);
        guard.drawn.insert(Id::new(id), Thing { rect, since });
    });
}

/// Whether the widget placed as `id` has been seen for long enough that a key can be meant for it.
pub(super) fn is_ready(ctx: &Context, id: impl AsId) -> bool {
    let id = Id::new(id);
    let of = |guard: &mut Guard| guard.before.get(&id).map(|thing| thing.since);
    let since = ctx.with_plugin(of).flatten();
    since.is_some_and(|since| since.ready)
}

/// Follows the placed widgets from frame to frame.
#[derive(Default)]
pub(super) struct Guard {
    /// The widgets of the last frame.
    before: IdMap<Thing>,
    /// Those of this frame, so far.
    drawn: IdMap<Thing>,
    /// Places that changed and are not ready yet.
    changed: Vec<Thing>,
    /// Mouse buttons whose press was removed.
    taken: Vec<PointerButton>,
}

#[derive(Clone, Copy)]
struct Thing {
    rect: Rect,
    since: Since,
}

/// Since when something can be seen.
///
/// A frame may take long, and a press during one frame is handled in the next. So the count begins
/// with the frame after the one that drew it first, and `ready` counts for the frames after.
#[derive(Clone, Copy)]
struct Since {
    /// Start of the frame that drew it first, in seconds of egui's clock.
    drawn: f64,
    /// Start of the next frame: by then it was on the screen.
    seen: Option<f64>,
    /// Whether it was seen for [`DEAF`].
    ready: bool,
}

impl Since {
    fn drawn(now: f64) -> Self {
        Self {
            drawn: now,
            seen: None,
            ready: false,
        }
    }

    /// Counts on. Gives back in how long another frame is needed; `None` once it was ready before.
    fn go_on(&mut self, now: f64) -> Option<Duration> {
        if self.ready {
            return None;
        }
        if now <= self.drawn {
            return Some(Duration::ZERO);
        }
        let shown = now - *self.seen.get_or_insert(now);
        let left = DEAF.as_secs_f64() - shown;
        self.ready = left <= 0.0;
        Some(Duration::try_from_secs_f64(left).unwrap_or_default())
    }
}

impl Guard {
    fn is_deaf_at(&self, at: Pos2) -> bool {
        self.changed.iter().any(|place| place.rect.contains(at))
    }

    /// Whether egui gets to see that event.
    fn lets_pass(&mut self, event: &Event) -> bool {
        let Event::PointerButton {
            pos,
            button,
            pressed,
            ..
        } = event
        else {
            return true;
        };
        let taken = self.taken.contains(button);
        self.taken.retain(|one| one != button);
        if *pressed && self.is_deaf_at(*pos) {
            self.taken.push(*button);
            return false;
        }
        *pressed || !taken
    }

    /// Compares this frame with the last one. Returns after how long another frame is needed.
    fn compare(&mut self, now: f64) -> Option<Duration> {
        let before = std::mem::take(&mut self.before);
        let mut drawn = std::mem::take(&mut self.drawn);
        let since = Since::drawn(now);
        let mut change = |rect| self.changed.push(Thing { rect, since });
        for (id, old) in &before {
            match drawn.get_mut(id) {
                Some(thing) => {
                    thing.since = old.since;
                    if is_elsewhere(thing.rect, old.rect) {
                        change(old.rect);
                        change(thing.rect);
                    } else {
                        // Many small moves are a large one.
                        thing.rect = old.rect;
                    }
                }
                None => change(old.rect),
            }
        }
        for (id, new) in &drawn {
            if !before.contains_key(id) {
                change(new.rect);
            }
        }
        let all = drawn.values_mut().chain(&mut self.changed);
        let next = all.filter_map(|thing| thing.since.go_on(now)).min();
        self.changed.retain(|place| !place.since.ready);
        self.before = drawn;
        next
    }
}

impl Plugin for Guard {
    fn debug_name(&self) -> &'static str {
        "guard"
    }

    fn input_hook(&mut self, _: &Context, input: &mut RawInput) {
        input.events.retain(|event| self.lets_pass(event));
    }

    fn on_end_pass(&mut self, ui: &mut Ui) {
        // egui draws this frame again, because a widget learned its size only now.
        if ui.ctx().will_discard() {
            return self.drawn.clear();
        }
        if let Some(left) = self.compare(time(ui.ctx())) {
            ui.ctx().request_repaint_after(left);
        }
    }
}

fn is_elsewhere(one: Rect, other: Rect) -> bool {
    let apart = |one: Pos2, other: Pos2| (one - other).abs().max_elem() > SLACK;
    apart(one.min, other.min) || apart(one.max, other.max)
}

fn time(ctx: &Context) -> f64 {
    ctx.input(|input| input.time)
}

#[cfg(test)]
mod tests {
    use egui::{Modifiers, vec2};

    use super::*;

    /// A screen whose time is moved by hand, with one card.
    struct Screen {
        ctx: Context,
        card: Option<Pos2>,
        button: Pos2,
    }

    impl Screen {
        fn new() -> Self {
            let ctx = Context::default();
            ctx.add_plugin(Guard::default());
            Self {
                ctx,
                card: None,
                button: Pos2::ZERO,
            }
        }

        /// Draws a frame at that time; whether a click on the card's button counted.
        fn frame(&mut self, time: f64, clicks: bool) -> bool {
            let press = |pressed| Event::PointerButton {
                pos: self.button,
                button: PointerButton::Primary,
                pressed,
                modifiers: Modifiers::NONE,
            };
            let moved = Event::PointerMoved(self.button);
            let events = match clicks {
                true => vec![moved, press(true), press(false)],
                false => Vec::new(),
            };
            let input = RawInput {
                time: Some(time),
                events,
                ..RawInput::default()
            };
            let mut clicked = false;
            // The output is not compared with anything.
            let _ = self.ctx.run_ui(input, |ui| {
                let Some(at) = self.card else { return };
                let room =
                    egui::UiBuilder::new().max_rect(Rect::from_min_size(at, vec2(99.0, 50.0)));
                ui.scope_builder(room, |ui| {
                    card(ui, "card", Frame::NONE, |ui, ready| {
                        let button = buttons(ui, ready, |ui| ui.button("press"));
                        self.button = button.rect.center();
                        clicked = button.clicked();
                    });
                });
            });
            clicked
        }
    }

    #[test]
    fn a_new_card_takes_no_click_for_800_ms_after_it_was_seen() {
        let mut screen = Screen::new();
        screen.frame(0.0, false);
        screen.card = Some(Pos2::new(10.0, 10.0));
        screen.frame(1.0, false);
        // By now the first frame with it is on the screen.
        assert!(!screen.frame(1.02, true));
        assert!(!screen.frame(1.4, true));
        for time in [1.77, 1.78, 1.79, 1.8] {
            screen.frame(time, false);
        }
        assert!(!screen.frame(1.81, true));
        // Seen for 800 ms: from the next frame on it is drawn as what it is, ready.
        screen.frame(1.83, false);
        screen.frame(1.85, false);
        assert!(screen.frame(1.87, true));
    }

    #[test]
    fn on_a_slow_machine_a_click_counts_only_after_the_card_was_seen_for_so_long() {
        let mut screen = Screen::new();
        screen.frame(0.0, false);
        screen.card = Some(Pos2::new(10.0, 10.0));
        screen.frame(1.0, false);
        // What is handled in a frame may have been pressed while the frame before was drawn.
        assert!(!screen.frame(2.0, true));
        assert!(!screen.frame(3.0, true));
        screen.frame(4.0, false);
        assert!(screen.frame(5.0, true));
    }

    #[test]
    fn a_card_that_creeps_is_elsewhere_in_the_end() {
        let mut screen = Screen::new();
        screen.card = Some(Pos2::new(10.0, 10.0));
        for step in 0..10 {
            screen.frame(f64::from(step), false);
        }
        for (step, counts) in [(1.0, true), (2.0, false)] {
            screen.card = Some(Pos2::new(10.0, 10.0 + 3.0 * step as f32));
            screen.frame(10.0 + step, false);
            assert_eq!(screen.frame(10.2 + step, true), counts, "{step}");
        }
    }
}

//! Panes and toasts that slide, the small picture on its way into a corner, and what a screen
//! reader is told once. Nothing else moves by itself.

use std::time::Duration;

use egui::{Context, Id, Pos2, Ui, accesskit::Live, emath::easing};

/// How long a slide takes, in seconds.
const SLIDE: f32 = 0.16;

/// Whether panes slide from now on, or change their places at once.
pub(in crate::ui) fn reduce(ctx: &Context, is_reduced: bool) {
    let seconds = if is_reduced { 0.0 } else { SLIDE };
    ctx.data_mut(|data| data.insert_temp(seconds_of(), seconds));
}

/// How far a pane has slid in: 0 while it is away, 1 once it is in its place.
pub(in crate::ui) fn slide(ui: &Ui, pane: &'static str, is_in: bool) -> f32 {
    let (id, seconds) = (Id::new(("slide", pane)), seconds(ui));
    ui.ctx()
        .animate_bool_with_time_and_easing(id, is_in, seconds, easing::cubic_out)
}

/// Lets something slide from there to its place; see [`on_its_way`].
pub(in crate::ui) fn start_from(ui: &Ui, id: Id, from: Pos2) {
    let now = ui.input(|input| input.time);
    ui.data_mut(|data| data.insert_temp(id.with("slides"), (from, now)));
}

/// Where something is that slides to that place.
pub(in crate::ui) fn on_its_way(ui: &Ui, id: Id, to: Pos2) -> Pos2 {
    let id = id.with("slides");
    let Some((from, since)) = ui.data(|data| data.get_temp::<(Pos2, f64)>(id)) else {
        return to;
    };
    let come = come_in(ui, since);
    if come >= 1.0 {
        ui.data_mut(|data| data.remove_temp::<(Pos2, f64)>(id));
        return to;
    }
    from.lerp(to, come)
}

/// How much of something is there that appeared at that time of egui's: from 0 to 1.
pub(in crate::ui) fn come_in(ui: &Ui, since: f64) -> f32 {
    let passed = ui.input(|input| input.time - since);
    easing::cubic_out(share(ui, passed as f32))
}

/// How much of something is left that goes since then: from 1 to 0.
pub(in crate::ui) fn go_out(ui: &Ui, passed: Duration) -> f32 {
    1.0 - easing::cubic_out(share(ui, passed.as_secs_f32()))
}

/// How much of the time of a slide has passed. Asks for a frame until all has.
fn share(ui: &Ui, passed: f32) -> f32 {
    let seconds = seconds(ui);
    if passed >= seconds {
        return 1.0;
    }
    ui.ctx().request_repaint();
    (passed / seconds).max(0.0)
}

/// Has a screen reader tell a label when it appears or changes, wherever its user is.
pub(in crate::ui) fn announce(ui: &Ui, label: Id) {
    let live = |node: &mut egui::accesskit::Node| node.set_live(Live::Polite);
    // Without a screen reader there is nothing to tell.
    let _ = ui.ctx().accesskit_node_builder(label, live);
}

fn seconds(ui: &Ui) -> f32 {
    ui.data(|data| data.get_temp(seconds_of()))
        .unwrap_or_default()
}

fn seconds_of() -> Id {
    Id::new("seconds of a slide")
}

//! Colours and settings that every part of the screen shares.

use egui::{Color32, Context, FontId, TextStyle};

use crate::model::Presence;

/// Behind the picture.
pub(super) const BACKDROP: Color32 = Color32::from_gray(12);
/// Something needs a look.
pub(super) const ALARM: Color32 = Color32::from_rgb(240, 150, 60);
/// Somebody records.
pub(super) const RED: Color32 = Color32::from_rgb(235, 70, 60);
/// All is well.
pub(super) const GOOD: Color32 = Color32::from_rgb(90, 200, 110);

/// Sets egui up, once.
pub(crate) fn prepare(ctx: &Context) {
    ctx.set_theme(egui::Theme::Dark);
    // A blinking caret and fading buttons would redraw an idle window for ever.
    ctx.all_styles_mut(|style| {
        style.visuals.text_cursor.blink = false;
        style.animation_time = 0.0;
        style.visuals.widgets.noninteractive.fg_stroke.color = Color32::from_gray(200);
        style.visuals.widgets.inactive.fg_stroke.color = Color32::from_gray(220);
        style
            .text_styles
            .insert(TextStyle::Small, FontId::proportional(11.0));
    });
}

/// The dot beside a name.
pub(super) fn dot(presence: &Presence) -> Color32 {
    match presence {
        Presence::Here => GOOD,
        Presence::Refused => ALARM,
        Presence::Unknown | Presence::Reaching | Presence::Away(_) => Color32::from_gray(90),
    }
}

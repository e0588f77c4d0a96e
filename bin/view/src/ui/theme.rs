//! Colours and settings that every part of the screen shares.

use egui::{Color32, Context, FontId, TextStyle};

use crate::model::{Presence, Theme};

/// Behind the picture.
pub(super) const BACKDROP: Color32 = Color32::from_gray(12);
/// Something needs a look. Read on dark and on light, as the next.
pub(super) const ALARM: Color32 = Color32::from_rgb(226, 118, 28);
/// Behind what may be an attack; the text on it is white.
pub(super) const DANGER: Color32 = Color32::from_rgb(140, 20, 20);
/// Somebody records.
pub(super) const RED: Color32 = Color32::from_rgb(235, 70, 60);
/// All is well.
pub(super) const GOOD: Color32 = Color32::from_rgb(66, 166, 88);

/// Sets egui up, once.
pub(crate) fn prepare(ctx: &Context) {
    // A blinking caret and fading buttons would redraw an idle window for ever.
    ctx.all_styles_mut(|style| {
        style.visuals.text_cursor.blink = false;
        style.animation_time = 0.0;
        let (still, button) = if style.visuals.dark_mode {
            (200, 220)
        } else {
            (40, 25)
        };
        style.visuals.widgets.noninteractive.fg_stroke.color = Color32::from_gray(still);
        style.visuals.widgets.inactive.fg_stroke.color = Color32::from_gray(button);
        // Whoever goes by Tab has to see where they are.
        style.visuals.selection.stroke.width = 2.0;
        style.visuals.widgets.active.bg_stroke = style.visuals.selection.stroke;
        style
            .text_styles
            .insert(TextStyle::Small, FontId::proportional(11.0));
    });
}

/// Dark or light, as the person wants it.
pub(crate) fn colour(ctx: &Context, theme: Theme) {
    ctx.set_theme(match theme {
        Theme::Dark => egui::ThemePreference::Dark,
        Theme::Light => egui::ThemePreference::Light,
        Theme::System => egui::ThemePreference::System,
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

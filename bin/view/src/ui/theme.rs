//! Colours and settings that every part of the screen shares.

use egui::{Color32, Context, FontId, TextStyle, Ui};

use crate::model::{Presence, Theme};

use super::arrivals::Arrivals;

/// Behind the picture.
pub(super) const BACKDROP: Color32 = Color32::from_gray(12);
/// Something needs a look: a mark, or words on dark. Words on a panel take [`alarm`].
pub(super) const ALARM: Color32 = Color32::from_rgb(226, 118, 28);
/// Behind what may be an attack; the text on it is white.
pub(super) const DANGER: Color32 = Color32::from_rgb(140, 20, 20);
/// Somebody records.
pub(super) const RED: Color32 = Color32::from_rgb(235, 70, 60);
/// All is well: a mark. Words on a panel take [`good`].
pub(super) const GOOD: Color32 = Color32::from_rgb(66, 166, 88);

/// Sets egui up, once.
pub(crate) fn prepare(ctx: &Context) {
    ctx.add_plugin(Arrivals::default());
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

/// Words on a panel that something needs a look.
pub(super) fn alarm(ui: &Ui) -> Color32 {
    match ui.visuals().dark_mode {
        true => ALARM,
        false => Color32::from_rgb(168, 78, 0),
    }
}

/// Words on a panel that all is well.
pub(super) fn good(ui: &Ui) -> Color32 {
    match ui.visuals().dark_mode {
        true => GOOD,
        false => Color32::from_rgb(24, 110, 48),
    }
}

/// The dot beside a name.
pub(super) fn dot(presence: &Presence) -> Color32 {
    match presence {
        Presence::Here => GOOD,
        Presence::Refused => ALARM,
        Presence::Unknown | Presence::Reaching | Presence::Away(_) => Color32::from_gray(90),
    }
}

#[cfg(test)]
mod tests {
    use egui::{RawInput, Rgba};

    use super::*;

    /// As WCAG 2 counts it: 1 for the same, 21 for black on white.
    fn contrast(one: Color32, other: Color32) -> f32 {
        let light = |colour| {
            let colour = Rgba::from(colour);
            0.2126 * colour.r() + 0.7152 * colour.g() + 0.0722 * colour.b() + 0.05
        };
        let (one, other): (f32, f32) = (light(one), light(other));
        one.max(other) / one.min(other)
    }

    #[test]
    fn coloured_words_are_read_on_dark_and_on_light() {
        for theme in [Theme::Dark, Theme::Light] {
            let ctx = Context::default();
            colour(&ctx, theme);
            let mut worst = f32::MAX;
            // The output is a picture that nobody looks at.
            let _ = ctx.run_ui(RawInput::default(), |ui| {
                let panel = ui.visuals().panel_fill;
                for words in [alarm(ui), good(ui)] {
                    worst = worst.min(contrast(words, panel));
                }
            });
            assert!(worst >= 4.5, "{theme:?}: {worst}");
        }
    }
}

//! Colours, type and depth of the window: the tokens of the design, in dark and in light, and the
//! one place where egui is told of them.

use std::sync::Arc;

use egui::epaint::text::VariationCoords;
use egui::style::WidgetVisuals;
use egui::{
    Color32, Context, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Margin, Shadow,
    Stroke, Style, TextStyle, ThemePreference, Ui, Visuals, vec2,
};

use crate::model::Theme;

use super::guard::Guard;

/// The colours of one theme. Each name says what the colour is for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tokens {
    /// The list.
    pub(super) side: Color32,
    /// The conversation, and fields on cards.
    pub(super) base: Color32,
    /// Bubbles, cards, neutral buttons.
    pub(super) raised: Color32,
    /// Dialogs, menus and cards that float.
    pub(super) floating: Color32,
    /// A row or button under the pointer, and the chosen row.
    pub(super) hover: Color32,
    /// A pressed button, and the track of bars.
    pub(super) pressed: Color32,
    /// Hairlines.
    pub(super) line: Color32,
    /// Outline of fields, and of switches that are off.
    pub(super) edge: Color32,
    pub(super) text: Color32,
    /// Second lines, and icons at rest.
    pub(super) soft: Color32,
    /// Times and hints.
    pub(super) faint: Color32,
    /// The main button, badges, a switch that is on.
    pub(super) accent: Color32,
    /// Links, progress, the focus ring, the verified mark.
    pub(super) accent_text: Color32,
    /// Tonal buttons and the drop zone.
    pub(super) wash: Color32,
    /// Our own bubbles.
    pub(super) own: Color32,
    /// Times in our own bubbles.
    pub(super) own_soft: Color32,
    /// Online, speaking, level.
    pub(super) good: Color32,
    pub(super) good_wash: Color32,
    /// Answer, call again.
    pub(super) call: Color32,
    /// Hang up, decline.
    pub(super) danger: Color32,
    /// Missed, failed.
    pub(super) danger_text: Color32,
    /// Behind an alarm.
    pub(super) danger_wash: Color32,
    /// Something needs a look.
    pub(super) warn: Color32,
    pub(super) warn_wash: Color32,
    /// The border of what floats.
    pub(super) border: Color32,
    /// Dims everything behind a dialog.
    pub(super) scrim: Color32,
    /// Below what floats.
    pub(super) shadow: Shadow,
}

pub(super) const DARK: Tokens = Tokens {
    side: rgb(0x13_15_19),
    base: rgb(0x18_1B_20),
    raised: rgb(0x22_26_2D),
    floating: rgb(0x22_26_2D),
    hover: rgb(0x2C_31_39),
    pressed: rgb(0x36_3C_46),
    line: rgb(0x2A_2E_36),
    edge: rgb(0x72_7B_8B),
    text: rgb(0xED_EF_F3),
    soft: rgb(0xB1_B8_C4),
    faint: rgb(0x95_9D_AB),
    accent: rgb(0x55_63_E8),
    accent_text: rgb(0xA3_AF_FF),
    wash: rgb(0x26_2B_47),
    own: rgb(0x3F_4C_C4),
    own_soft: rgb(0xD9_DD_FF),
    good: rgb(0x4A_DE_9A),
    good_wash: rgb(0x17_33_27),
    call: rgb(0x16_83_4A),
    danger: rgb(0xD1_34_38),
    danger_text: rgb(0xFF_93_8A),
    danger_wash: rgb(0x3B_1E_20),
    warn: rgb(0xF2_B8_4B),
    warn_wash: rgb(0x35_2B_18),
    border: rgb(0x36_3C_46),
    scrim: Color32::from_rgba_unmultiplied_const(8, 9, 11, 158),
    shadow: Shadow {
        offset: [0, 12],
        blur: 40,
        spread: 0,
        color: Color32::from_black_alpha(140),
    },
};

pub(super) const LIGHT: Tokens = Tokens {
    side: rgb(0xF1_F2_F5),
    base: rgb(0xFF_FF_FF),
    raised: rgb(0xEC_EE_F2),
    floating: rgb(0xFF_FF_FF),
    hover: rgb(0xE2_E5_EB),
    pressed: rgb(0xD6_DA_E2),
    line: rgb(0xDD_E0_E6),
    edge: rgb(0x7C_83_90),
    text: rgb(0x15_17_1C),
    soft: rgb(0x4B_52_5E),
    faint: rgb(0x5F_66_73),
    accent: rgb(0x4A_57_DE),
    accent_text: rgb(0x3D_49_C7),
    wash: rgb(0xE6_E9_FC),
    own: rgb(0x4A_57_DE),
    own_soft: rgb(0xE3_E6_FF),
    good: rgb(0x0B_73_3E),
    good_wash: rgb(0xDF_F3_E7),
    call: rgb(0x13_7A_43),
    danger: rgb(0xC6_28_2D),
    danger_text: rgb(0xB3_26_1E),
    danger_wash: rgb(0xFC_E6_E5),
    warn: rgb(0x8A_5A_00),
    warn_wash: rgb(0xFB_F0_D9),
    border: rgb(0xDD_E0_E6),
    scrim: Color32::from_rgba_unmultiplied_const(30, 34, 44, 97),
    shadow: Shadow {
        offset: [0, 12],
        blur: 36,
        spread: 0,
        color: Color32::from_rgba_unmultiplied_const(20, 24, 36, 51),
    },
};

/// Behind pictures, in both themes.
pub(super) const STAGE: Color32 = rgb(0x08_09_0B);
/// Chips and bars over pictures.
pub(super) const PILL: Color32 = Color32::from_rgba_unmultiplied_const(16, 18, 22, 204);
/// Over pictures: muted, camera off, hints and tooltips.
pub(super) const OFF: Color32 = rgb(0xF2_F4_F8);
pub(super) const OFF_TEXT: Color32 = rgb(0x15_17_1C);
/// The words below buttons over pictures.
pub(super) const OVER_CAPTION: Color32 = rgb(0xE3_E6_EC);
/// A second word over pictures.
pub(super) const OVER_SOFT: Color32 = rgb(0xC9_CF_D9);

/// Colours of avatars; white on them has a contrast of at least 5.1.
const AVATARS: [Color32; 8] = [
    rgb(0xB2_3A_5E),
    rgb(0xA9_50_1F),
    rgb(0x77_65_00),
    rgb(0x2E_7B_3C),
    rgb(0x0D_7A_78),
    rgb(0x26_70_B5),
    rgb(0x6B_54_C6),
    rgb(0x9B_3F_97),
];

const fn rgb(hex: u32) -> Color32 {
    let [_, r, g, b] = hex.to_be_bytes();
    Color32::from_rgb(r, g, b)
}

/// The colours of the theme that is on.
pub(super) fn tokens(ui: &Ui) -> &'static Tokens {
    match ui.visuals().dark_mode {
        true => &DARK,
        false => &LIGHT,
    }
}

/// The colour of a key's avatar: another key has another colour. `None` before a key is known.
pub(super) fn avatar(key: Option<&[u8]>) -> Color32 {
    let first = key.and_then(|key| key.first());
    first.map_or(DARK.edge, |byte| {
        AVATARS[usize::from(*byte) % AVATARS.len()]
    })
}

/// White over a picture, in percent: buttons at rest, under the pointer, pressed.
pub(super) fn veil(percent: u8) -> Color32 {
    Color32::from_white_alpha((u16::from(percent) * 255 / 100) as u8)
}

/// Near black over a picture, from 0 to 1.
pub(super) fn shade(share: f32) -> Color32 {
    Color32::from_rgba_unmultiplied(8, 9, 11, (share * 255.0) as u8)
}

/// That much of the way from one colour to another, from 0 to 1.
pub(super) fn mix(from: Color32, to: Color32, share: f32) -> Color32 {
    let mean = |from: u8, to: u8| {
        (f32::from(from) + (f32::from(to) - f32::from(from)) * share).round() as u8
    };
    Color32::from_rgb(
        mean(from.r(), to.r()),
        mean(from.g(), to.g()),
        mean(from.b(), to.b()),
    )
}

/// A step of the type scale.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Type {
    Display,
    /// Over pictures.
    Large,
    Title,
    Heading,
    Message,
    Body,
    /// Body with weight.
    Strong,
    /// Body between the two, for captions of pictures' buttons.
    Medium,
    Small,
    SmallStrong,
    Caption,
    CaptionMedium,
    CaptionStrong,
    Tiny,
    Badge,
    Code,
    CodeField,
    /// A key that two people compare.
    CodeKey,
    Key,
}

impl Type {
    pub(super) fn font(self) -> FontId {
        let (size, family) = match self {
            Self::Display => (28.0, named(BOLD)),
            Self::Large => (26.0, named(SEMI)),
            Self::Title => (20.0, named(BOLD)),
            Self::Heading => (16.0, named(SEMI)),
            Self::Message => (15.0, FontFamily::Proportional),
            Self::Body => (14.0, FontFamily::Proportional),
            Self::Strong => (14.0, named(SEMI)),
            Self::Medium => (14.0, named(MEDIUM)),
            Self::Small => (13.0, FontFamily::Proportional),
            Self::SmallStrong => (13.0, named(SEMI)),
            Self::Caption => (12.0, FontFamily::Proportional),
            Self::CaptionMedium => (12.0, named(MEDIUM)),
            Self::CaptionStrong => (12.0, named(SEMI)),
            Self::Tiny => (11.0, FontFamily::Proportional),
            Self::Badge => (12.0, named(BOLD)),
            Self::Code => (30.0, FontFamily::Monospace),
            Self::CodeField => (24.0, FontFamily::Monospace),
            Self::CodeKey => (18.0, FontFamily::Monospace),
            Self::Key => (13.0, FontFamily::Monospace),
        };
        FontId::new(size, family)
    }

    /// Points from one line to the next.
    pub(super) fn line_height(self) -> f32 {
        match self {
            Self::Display | Self::CodeField => 36.0,
            Self::Large => 34.0,
            Self::Title | Self::CodeKey => 26.0,
            Self::Heading => 22.0,
            Self::Message => 21.0,
            Self::Body | Self::Strong | Self::Medium => 20.0,
            Self::Small | Self::SmallStrong | Self::Key => 18.0,
            Self::Code => 40.0,
            _ => 16.0,
        }
    }
}

const REGULAR: &str = "regular";
const MEDIUM: &str = "medium";
const SEMI: &str = "semi";
const BOLD: &str = "bold";
const ICONS: &str = "icons";
const FILLED: &str = "filled";

fn named(family: &str) -> FontFamily {
    FontFamily::Name(family.into())
}

/// A font of that weight, for avatars and other sizes off the scale.
pub(super) fn semi(size: f32) -> FontId {
    FontId::new(size, named(SEMI))
}

/// The icons' font of that size, in outline or filled.
pub(super) fn icons(size: f32, is_filled: bool) -> FontId {
    FontId::new(size, named(if is_filled { FILLED } else { ICONS }))
}

/// Sets egui up, once, before its first frame.
pub(crate) fn prepare(ctx: &Context) {
    ctx.add_plugin(Guard::default());
    ctx.set_fonts(fonts());
    for (theme, tokens) in [(egui::Theme::Dark, &DARK), (egui::Theme::Light, &LIGHT)] {
        ctx.set_visuals_of(theme, visuals(theme, tokens));
    }
    ctx.all_styles_mut(style);
}

/// Dark or light, as the person wants it.
pub(crate) fn colour(ctx: &Context, theme: Theme) {
    ctx.set_theme(match theme {
        Theme::Dark => ThemePreference::Dark,
        Theme::Light => ThemePreference::Light,
        Theme::System => ThemePreference::System,
    });
}

/// Our own fonts only: egui's add 1.4 MB. Each weight of the variable font is a family.
fn fonts() -> FontDefinitions {
    const INTER: &[u8] = include_bytes!("../../fonts/Inter-var.ttf");
    const MONO: &[u8] = include_bytes!("../../fonts/JetBrainsMono.ttf");
    const OUTLINES: &[u8] = include_bytes!("../../fonts/Phosphor.ttf");
    const SOLIDS: &[u8] = include_bytes!("../../fonts/Phosphor-Fill.ttf");
    let weight = |weight: f32| {
        let mut data = FontData::from_static(INTER);
        data.tweak.coords = VariationCoords::new([(b"wght", weight)]);
        data
    };
    let plain = FontData::from_static;
    let mut fonts = FontDefinitions::empty();
    for (name, family, data) in [
        (REGULAR, FontFamily::Proportional, weight(450.0)),
        (MEDIUM, named(MEDIUM), weight(500.0)),
        (SEMI, named(SEMI), weight(600.0)),
        (BOLD, named(BOLD), weight(660.0)),
        ("mono", FontFamily::Monospace, plain(MONO)),
        (ICONS, named(ICONS), plain(OUTLINES)),
        (FILLED, named(FILLED), plain(SOLIDS)),
    ] {
        fonts.font_data.insert(name.to_owned(), Arc::new(data));
        // What a font lacks comes from the usual one, at least the mark for an unknown letter.
        let mut fallback = vec![name.to_owned()];
        fallback.extend((name != REGULAR).then(|| REGULAR.to_owned()));
        fonts.families.insert(family, fallback);
    }
    fonts
}

fn visuals(theme: egui::Theme, tokens: &Tokens) -> Visuals {
    let mut visuals = match theme {
        egui::Theme::Dark => Visuals::dark(),
        egui::Theme::Light => Visuals::light(),
    };
    visuals.panel_fill = tokens.base;
    visuals.window_fill = tokens.floating;
    visuals.window_stroke = Stroke::new(1.0, tokens.border);
    visuals.window_shadow = tokens.shadow;
    visuals.window_corner_radius = CornerRadius::same(20);
    visuals.popup_shadow = tokens.shadow;
    visuals.menu_corner_radius = CornerRadius::same(16);
    visuals.extreme_bg_color = tokens.base;
    visuals.text_edit_bg_color = Some(tokens.base);
    visuals.selection.bg_fill = tokens.accent.gamma_multiply(0.5);
    visuals.selection.stroke = Stroke::new(2.0, tokens.accent_text);
    visuals.text_cursor.stroke = Stroke::new(2.0, tokens.accent_text);
    // A blinking caret would redraw an idle window for ever.
    visuals.text_cursor.blink = false;
    visuals.hyperlink_color = tokens.accent_text;
    visuals.weak_text_color = Some(tokens.faint);
    visuals.disabled_alpha = 0.4;
    visuals.handle_shape = egui::style::HandleShape::Circle;
    let widgets = &mut visuals.widgets;
    for (widget, fill, text) in [
        (&mut widgets.noninteractive, tokens.base, tokens.text),
        (&mut widgets.inactive, tokens.raised, tokens.text),
        (&mut widgets.hovered, tokens.hover, tokens.text),
        (&mut widgets.active, tokens.pressed, tokens.text),
        (&mut widgets.open, tokens.hover, tokens.text),
    ] {
        *widget = WidgetVisuals {
            bg_fill: fill,
            weak_bg_fill: fill,
            bg_stroke: Stroke::NONE,
            corner_radius: CornerRadius::same(10),
            fg_stroke: Stroke::new(1.0, text),
            expansion: 0.0,
        };
    }
    widgets.noninteractive.bg_stroke = Stroke::new(1.0, tokens.line);
    widgets.active.bg_stroke = Stroke::new(2.0, tokens.accent_text);
    visuals
}

fn style(style: &mut Style) {
    style.text_styles = [
        (TextStyle::Small, Type::Small.font()),
        (TextStyle::Body, Type::Body.font()),
        (TextStyle::Button, Type::Strong.font()),
        (TextStyle::Heading, Type::Title.font()),
        (TextStyle::Monospace, Type::Key.font()),
    ]
    .into();
    style.spacing.item_spacing = vec2(8.0, 8.0);
    style.spacing.interact_size = vec2(40.0, 36.0);
    style.spacing.button_padding = vec2(14.0, 8.0);
    style.spacing.slider_rail_height = 4.0;
    style.spacing.menu_margin = Margin::same(8);
    style.animation_time = 0.0;
}

#[cfg(test)]
mod tests {
    use egui::Rgba;

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
    fn words_and_marks_are_read_on_everything_they_stand_on() {
        for t in [DARK, LIGHT] {
            let grounds = [t.side, t.base, t.raised, t.hover];
            let words = [t.text, t.soft, t.faint, t.accent_text, t.good];
            for (word, ground) in words.iter().flat_map(|w| grounds.map(|g| (*w, g))) {
                assert!(contrast(word, ground) >= 4.5, "{word:?} on {ground:?}");
            }
            for ground in grounds {
                assert!(contrast(t.edge, ground) >= 3.0, "edge on {ground:?}");
            }
            for (word, ground) in [
                (t.accent_text, t.wash),
                (t.own_soft, t.own),
                (t.good, t.good_wash),
                (t.danger_text, t.danger_wash),
                (t.danger_text, t.side),
                (t.danger_text, t.base),
                (t.warn, t.warn_wash),
                (Color32::WHITE, t.accent),
                (Color32::WHITE, t.own),
                (Color32::WHITE, t.call),
                (Color32::WHITE, t.danger),
                (OFF_TEXT, OFF),
            ] {
                assert!(contrast(word, ground) >= 4.5, "{word:?} on {ground:?}");
            }
        }
        for ground in AVATARS {
            assert!(contrast(Color32::WHITE, ground) >= 5.1, "{ground:?}");
        }
    }

    #[test]
    fn white_is_read_on_chips_over_any_picture() {
        for picture in [Color32::WHITE, Color32::BLACK] {
            let share = f32::from(PILL.a()) / 255.0;
            // The chip's own colour, before it was multiplied.
            let ground = mix(picture, rgb(0x0010_1216), share);
            for word in [Color32::WHITE, OVER_SOFT] {
                assert!(contrast(word, ground) >= 4.5, "{word:?} on {picture:?}");
            }
        }
    }

    #[test]
    fn another_key_has_another_colour() {
        assert_ne!(avatar(Some(&[0; 32])), avatar(Some(&[1; 32])));
        assert_eq!(avatar(Some(&[1; 32])), avatar(Some(&[9; 32])));
        assert_eq!(avatar(None), DARK.edge);
    }
}

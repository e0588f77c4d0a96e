//! Buttons: with words, with an icon, and those over pictures. Each tells its name, shows a focus
//! ring, and is painted by its state alone.

use egui::{
    Color32, CornerRadius, Rect, Response, Sense, Stroke, StrokeKind, Ui, Vec2, Widget, WidgetInfo,
    WidgetType, pos2, vec2,
};

use crate::ui::theme::{self, DARK, OFF, OFF_TEXT, Tokens, Type, mix, tokens, veil};

use super::icons::Icon;
use super::text;

/// What a button with words is for, and so how it looks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::ui) enum Kind {
    /// The one thing to do on a screen.
    Main,
    /// Answers or calls.
    Call,
    /// Declines or ends.
    Danger,
    /// Advised, beside a main button or instead of one.
    Tonal,
    Neutral,
    /// Neutral, on a card.
    OnCard,
    /// Neutral, over a picture or on the stage.
    OnStage,
    /// Cancel and its like.
    Ghost,
    /// Forget and its like.
    RedGhost,
}

/// A button with words.
#[must_use = "it is added to a Ui"]
pub(in crate::ui) struct Button<'a> {
    kind: Kind,
    words: &'a str,
    name: Option<&'a str>,
    icon: Option<Icon>,
    height: f32,
    width: Option<f32>,
}

impl<'a> Button<'a> {
    pub(in crate::ui) fn new(kind: Kind, words: &'a str) -> Self {
        Self {
            kind,
            words,
            name: None,
            icon: None,
            height: 36.0,
            width: None,
        }
    }

    /// 32 in cards, 44 in dialogs and on cards that ring; 36 otherwise.
    pub(in crate::ui) fn height(self, height: f32) -> Self {
        Self { height, ..self }
    }

    pub(in crate::ui) fn icon(self, icon: Icon) -> Self {
        let icon = Some(icon);
        Self { icon, ..self }
    }

    /// As wide as that, with the words in the middle.
    pub(in crate::ui) fn width(self, width: f32) -> Self {
        let width = Some(width);
        Self { width, ..self }
    }

    /// What a screen reader calls it, where its words alone are not enough.
    pub(in crate::ui) fn name(self, name: &'a str) -> Self {
        let name = Some(name);
        Self { name, ..self }
    }

    /// How wide it gets.
    pub(in crate::ui) fn measure(&self, ui: &Ui) -> f32 {
        let Measures {
            padding,
            icon,
            font,
            ..
        } = self.measures();
        let ahead = self.icon.map_or(0.0, |_| icon + ICON_GAP);
        let words = text::width(ui, self.words, font);
        self.width.unwrap_or(ahead + words + 2.0 * padding)
    }

    fn measures(&self) -> Measures {
        match self.height {
            ..=33.0 => Measures {
                padding: 12.0,
                icon: 16.0,
                radius: 8,
                font: Type::SmallStrong,
            },
            ..=40.0 => Measures {
                padding: 14.0,
                icon: 18.0,
                radius: 10,
                font: Type::Strong,
            },
            _ => Measures {
                padding: 20.0,
                icon: 20.0,
                radius: 12,
                font: Type::Strong,
            },
        }
    }
}

/// What the height of a button decides.
struct Measures {
    padding: f32,
    icon: f32,
    radius: u8,
    font: Type,
}

/// Room between an icon and the words after it.
const ICON_GAP: f32 = 8.0;

impl Widget for Button<'_> {
    fn ui(self, ui: &mut Ui) -> Response {
        let Measures {
            padding,
            icon,
            radius,
            font,
        } = self.measures();
        let words = self.words.to_owned();
        let galley = ui
            .painter()
            .layout_no_wrap(words, font.font(), Color32::PLACEHOLDER);
        let ahead = self.icon.map_or(0.0, |_| icon + ICON_GAP);
        let content = ahead + galley.size().x;
        let width = self.width.unwrap_or(content + 2.0 * padding);
        let (rect, response) = ui.allocate_exact_size(vec2(width, self.height), Sense::click());
        let name = self.name.unwrap_or(self.words);
        response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, ui.is_enabled(), name));
        let (fill, ink) = colours(self.kind, tokens(ui), Touch::of(&response));
        ui.painter().rect_filled(rect, radius, fill);
        let mut left = rect.center().x - content / 2.0;
        if let Some(shape) = self.icon {
            let at = pos2(left + icon / 2.0, rect.center().y);
            shape.paint(ui.painter(), at, icon, ink);
            left += ahead;
        }
        let top = rect.center().y - galley.size().y / 2.0;
        ui.painter().galley(pos2(left, top), galley, ink);
        focus_ring(ui, &response, rect, radius);
        response
    }
}

/// What the pointer does to a control.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(in crate::ui) enum Touch {
    None,
    Over,
    Pressed,
}

impl Touch {
    pub(in crate::ui) fn of(response: &Response) -> Self {
        if response.is_pointer_button_down_on() {
            Self::Pressed
        } else if response.hovered() {
            Self::Over
        } else {
            Self::None
        }
    }

    fn pick<T>(self, rest: T, over: T, pressed: T) -> T {
        match self {
            Self::None => rest,
            Self::Over => over,
            Self::Pressed => pressed,
        }
    }
}

fn colours(kind: Kind, t: &Tokens, touch: Touch) -> (Color32, Color32) {
    let darker = |fill| mix(fill, Color32::BLACK, touch.pick(0.0, 0.08, 0.16));
    let none = Color32::TRANSPARENT;
    match kind {
        Kind::Main => (darker(t.accent), Color32::WHITE),
        Kind::Call => (darker(t.call), Color32::WHITE),
        Kind::Danger => (darker(t.danger), Color32::WHITE),
        Kind::Tonal => {
            let share = touch.pick(0.0, 0.12, 0.16);
            (mix(t.wash, t.accent_text, share), t.accent_text)
        }
        Kind::Neutral => (touch.pick(t.raised, t.hover, t.pressed), t.text),
        Kind::OnCard => (touch.pick(t.hover, t.pressed, t.pressed), t.text),
        Kind::OnStage => (veil(touch.pick(15, 26, 34)), Color32::WHITE),
        Kind::Ghost => (
            touch.pick(none, t.raised, t.hover),
            touch.pick(t.soft, t.text, t.text),
        ),
        Kind::RedGhost => (
            touch.pick(none, t.danger_wash, t.danger_wash),
            t.danger_text,
        ),
    }
}

/// A square button with an icon: 40 points, 32 in cards.
pub(in crate::ui) fn icon_button(ui: &mut Ui, icon: Icon, name: &str, side: f32) -> Response {
    let t = tokens(ui);
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(side), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, ui.is_enabled(), name));
    let touch = Touch::of(&response);
    let fill = touch.pick(Color32::TRANSPARENT, t.raised, t.hover);
    let ink = touch.pick(t.soft, t.text, t.text);
    ui.painter().rect_filled(rect, 10.0, fill);
    let size = if side < 36.0 { 18.0 } else { 20.0 };
    icon.paint(ui.painter(), rect.center(), size, ink);
    focus_ring(ui, &response, rect, 10);
    response.on_hover_text(name)
}

/// Words that do something, without a ground of their own.
pub(in crate::ui) fn link(ui: &mut Ui, icon: Option<Icon>, words: &str) -> Response {
    let t = tokens(ui);
    coloured_link(ui, icon, words, t.accent_text)
}

/// The same in another colour.
pub(in crate::ui) fn coloured_link(
    ui: &mut Ui,
    icon: Option<Icon>,
    words: &str,
    ink: Color32,
) -> Response {
    let font = Type::SmallStrong.font();
    let galley = ui.painter().layout_no_wrap(words.to_owned(), font, ink);
    let ahead = if icon.is_some() { 25.0 } else { 0.0 };
    let size = vec2(galley.size().x + ahead + 8.0, 32.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, ui.is_enabled(), words));
    let p = ui.painter();
    if let Some(icon) = icon {
        icon.paint(p, rect.left_center() + vec2(12.0, 0.0), 17.0, ink);
    }
    let top = rect.center().y - galley.size().y / 2.0;
    let left = rect.left() + 4.0 + ahead;
    if response.hovered() {
        let y = rect.center().y + galley.size().y / 2.0;
        p.hline(left..=left + galley.size().x, y, Stroke::new(1.0, ink));
    }
    p.galley(pos2(left, top), galley, ink);
    focus_ring(ui, &response, rect, 8);
    response
}

/// How a button over a picture looks.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(in crate::ui) enum Over {
    #[default]
    Rest,
    /// What it switches is off: inverted.
    Off,
    /// Its menu or pane is open.
    Open,
    /// It is being held, and is heard.
    Good,
    /// Ends the call.
    Danger,
}

/// A round button over a picture: 48 points with words below, or 40 in tiles without.
#[must_use = "it is added to a Ui"]
pub(in crate::ui) struct Round<'a> {
    icon: Icon,
    words: &'a str,
    name: Option<&'a str>,
    look: Over,
    has_caption: bool,
    size: f32,
    on_pill: bool,
}

impl<'a> Round<'a> {
    /// In a bar, with its words below.
    pub(in crate::ui) fn new(icon: Icon, words: &'a str) -> Self {
        Self {
            icon,
            words,
            name: None,
            look: Over::Rest,
            has_caption: true,
            size: 48.0,
            on_pill: false,
        }
    }

    /// Over a picture without a bar.
    pub(in crate::ui) fn small(icon: Icon, words: &'a str) -> Self {
        Self {
            has_caption: false,
            size: 40.0,
            on_pill: true,
            ..Self::new(icon, words)
        }
    }

    pub(in crate::ui) fn look(self, look: Over) -> Self {
        Self { look, ..self }
    }

    pub(in crate::ui) fn captioned(self, has_caption: bool) -> Self {
        Self {
            has_caption,
            ..self
        }
    }

    pub(in crate::ui) fn size(self, size: f32) -> Self {
        Self { size, ..self }
    }

    /// What a screen reader calls it, where several pictures have the same button.
    pub(in crate::ui) fn name(self, name: &'a str) -> Self {
        let name = Some(name);
        Self { name, ..self }
    }
}

impl Widget for Round<'_> {
    fn ui(self, ui: &mut Ui) -> Response {
        let size = match self.has_caption {
            true => vec2(68.0, 68.0),
            false => Vec2::splat(self.size),
        };
        let (rect, response) = ui.allocate_exact_size(size, Sense::click());
        let name = self.name.unwrap_or(self.words);
        response.widget_info(|| {
            let is_on = self.look == Over::Off;
            WidgetInfo::selected(WidgetType::Button, ui.is_enabled(), is_on, name)
        });
        let at = pos2(rect.center().x, rect.top() + self.size / 2.0);
        let (fill, ink) = over(self.look, Touch::of(&response), self.on_pill);
        let p = ui.painter();
        if self.on_pill && self.look == Over::Rest {
            p.circle_filled(at, self.size / 2.0, theme::PILL);
        }
        p.circle_filled(at, self.size / 2.0, fill);
        let icon = if self.size < 44.0 { 20.0 } else { 22.0 };
        self.icon.paint(p, at, icon, ink);
        if self.has_caption {
            let below = pos2(at.x, rect.top() + 60.0);
            let ink = theme::OVER_CAPTION;
            let anchor = egui::Align2::CENTER_CENTER;
            text::paint(p, below, anchor, self.words, Type::CaptionMedium, ink);
        }
        if response.has_focus() {
            let ring = Stroke::new(2.0, DARK.accent_text);
            p.circle_stroke(at, self.size / 2.0 + 3.0, ring);
        }
        response
    }
}

fn over(look: Over, touch: Touch, on_pill: bool) -> (Color32, Color32) {
    let darker = |fill| mix(fill, Color32::BLACK, touch.pick(0.0, 0.08, 0.16));
    match look {
        Over::Rest if on_pill => (veil(touch.pick(0, 13, 26)), Color32::WHITE),
        Over::Rest => (veil(touch.pick(13, 26, 34)), Color32::WHITE),
        Over::Open => (veil(34), Color32::WHITE),
        Over::Off => (darker(OFF), OFF_TEXT),
        Over::Good => (DARK.good, OFF_TEXT),
        Over::Danger => (darker(DARK.danger), Color32::WHITE),
    }
}

/// Two points, two points away, on whatever has the keyboard.
pub(in crate::ui) fn focus_ring(ui: &Ui, response: &Response, rect: Rect, radius: u8) {
    if response.has_focus() {
        ring(ui, rect, radius, tokens(ui).accent_text);
    }
}

/// The same over a picture.
pub(in crate::ui) fn focus_ring_over(ui: &Ui, response: &Response, rect: Rect, radius: u8) {
    if response.has_focus() {
        ring(ui, rect, radius, DARK.accent_text);
    }
}

fn ring(ui: &Ui, rect: Rect, radius: u8, colour: Color32) {
    let stroke = Stroke::new(2.0, colour);
    let radius = CornerRadius::same(radius.saturating_add(2));
    ui.painter()
        .rect_stroke(rect.expand(2.0), radius, stroke, StrokeKind::Outside);
}

/// A place for a control that is drawn by hand.
pub(in crate::ui) fn area(ui: &Ui, rect: Rect, id: egui::Id, name: &str) -> Response {
    let response = ui.interact(rect, id, Sense::click());
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, ui.is_enabled(), name));
    response
}

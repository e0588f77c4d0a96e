//! Toasts over the upper right of the page: what happened, what is wrong, strangers, and offers
//! whose conversation is not on the screen. A new toast is added below the others, so that none of
//! them moves.

use std::path::{Path, PathBuf};
use std::time::Duration;

use egui::emath::TSTransform;
use egui::{Align, Id, Label, Layout, Rect, Sense, Ui, UiBuilder, Vec2, pos2, vec2};
use transom::PeerName;
use transom_users::Rights;

use crate::model::{Action, Knock, News, Offer, Page, State, Told, Warning, name};
use crate::words;

use super::guard;
use super::kit::{self, Button, Icon, Kind, icons, text, within};
use super::page;
use super::theme::{Type, tokens};

/// Points across.
const WIDTH: f32 = 380.0;
/// Points above the first; the header's buttons stay free.
const ABOVE: f32 = 80.0;
/// Toasts at once; more are counted.
const MOST: usize = 3;
/// How long news stay that need no answer.
const STAY: Duration = Duration::from_secs(8);

/// How far a toast slides while it appears.
const SLIDE: f32 = 12.0;

/// A toast that is on the screen.
#[derive(Debug)]
pub(super) struct Shown {
    id: Id,
    /// When it appeared, in egui's seconds.
    since: f64,
    /// Whether the pointer was over it in the last frame: then it stays.
    is_under_pointer: bool,
}

/// A toast.
enum Toast<'a> {
    Warning(usize, &'a Warning),
    Knock(&'a Knock),
    Offers(PeerName, Vec<&'a Offer>),
    News(&'a Told),
}

/// Shows the toasts over the room of the page. `shown` keeps the order in which they came.
pub(super) fn show(
    ui: &Ui,
    state: &State,
    room: Rect,
    shown: &mut Vec<Shown>,
    actions: &mut Vec<Action>,
) {
    let mut toasts: Vec<_> = all(state).map(|toast| (toast.place(), toast)).collect();
    shown.retain(|one| toasts.iter().any(|(place, _)| *place == one.id));
    let since = ui.input(|input| input.time);
    for (id, _) in &toasts {
        if shown.iter().all(|one| one.id != *id) {
            let (id, is_under_pointer) = (*id, false);
            shown.push(Shown {
                id,
                since,
                is_under_pointer,
            });
        }
    }
    if toasts.is_empty() {
        return;
    }
    toasts.sort_by_key(|(place, _)| shown.iter().position(|one| one.id == *place));
    let width = WIDTH.min(room.width() - 24.0).max(0.0);
    let corner = pos2(room.right() - 16.0 - width, room.top() + ABOVE);
    kit::float("toasts")
        .order(egui::Order::Middle)
        .fixed_pos(corner)
        .show(ui.ctx(), |ui| {
            ui.set_width(width);
            ui.spacing_mut().item_spacing = vec2(8.0, 12.0);
            let more = toasts.len().saturating_sub(MOST);
            // Both are in the same order.
            for ((place, toast), one) in toasts.into_iter().zip(shown).take(MOST) {
                let stays = toast.stays(ui, state, one, actions);
                if stays <= 0.0 {
                    continue;
                }
                let come = kit::come_in(ui, one.since);
                let slide = TSTransform::from_translation(vec2(SLIDE * (1.0 - come), 0.0));
                let drawn = ui.push_id(place, |ui| {
                    ui.multiply_opacity(come * stays);
                    ui.with_visual_transform(slide, |ui| toast.show(ui, state, width, actions));
                });
                one.is_under_pointer = ui.rect_contains_pointer(drawn.response.rect);
            }
            if more > 0 {
                let t = tokens(ui);
                let words = text::rich(words::more_toasts(more), Type::CaptionStrong, t.soft);
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| ui.label(words));
            }
        });
}

fn all(state: &State) -> impl Iterator<Item = Toast<'_>> {
    let warnings = state.warnings.iter().enumerate();
    // A changed key blocks that contact's page and is told there; banners are in the list.
    let here =
        |warning: &Warning| !warning.is_banner() && !matches!(warning, Warning::KeyChanged { .. });
    let warnings = warnings.filter(move |(_, warning)| here(warning));
    let warnings = warnings.map(|(at, warning)| Toast::Warning(at, warning));
    let knocks = state.knocks.iter().map(Toast::Knock);
    let news = state.news.iter().map(Toast::News);
    warnings.chain(knocks).chain(offers(state)).chain(news)
}

/// What is offered by contacts whose conversation is not on the screen.
fn offers(state: &State) -> impl Iterator<Item = Toast<'_>> {
    let in_sight = match state.page() {
        Page::Person(peer) => Some(peer),
        Page::Call(peer) | Page::Camera(peer) if state.view.chat => Some(peer),
        _ => None,
    };
    let mut by_peer: Vec<(PeerName, Vec<&Offer>)> = Vec::new();
    for offer in state
        .offers
        .iter()
        .filter(|offer| Some(offer.peer) != in_sight)
    {
        match by_peer.iter_mut().find(|(peer, _)| *peer == offer.peer) {
            Some((_, offers)) => offers.push(offer),
            None => by_peer.push((offer.peer, vec![offer])),
        }
    }
    by_peer
        .into_iter()
        .map(|(peer, offers)| Toast::Offers(peer, offers))
}

impl Toast<'_> {
    /// What has a place of its own among the toasts.
    fn place(&self) -> Id {
        match self {
            Self::Warning(_, warning) => Id::new(("warning", warning)),
            Self::Knock(knock) => Id::new(("knock", knock.key)),
            Self::Offers(peer, _) => Id::new(("offers", peer)),
            Self::News(told) => Id::new(("news", told.number)),
        }
    }

    /// What a click on the toast is about. If it changes, the toast is a new one.
    fn says(&self) -> Id {
        match self {
            // Without the port, which is another one at each knock.
            Self::Knock(knock) => Id::new((knock.key, knock.address.ip(), knock.claims)),
            Self::Offers(_, offers) => {
                let ids: Vec<_> = offers.iter().map(|offer| offer.transfer).collect();
                Id::new(("offers", ids))
            }
            other => other.place(),
        }
    }

    /// How much of it is left, from 1 to 0: news fade by themselves, unless the pointer is on them.
    fn stays(&self, ui: &Ui, state: &State, shown: &Shown, actions: &mut Vec<Action>) -> f32 {
        let Self::News(told) = self else { return 1.0 };
        let age = state.now.saturating_sub(told.at);
        if let Some(left) = STAY.checked_sub(age).filter(|left| !left.is_zero()) {
            ui.ctx().request_repaint_after(left);
            return 1.0;
        }
        if shown.is_under_pointer {
            return 1.0;
        }
        let left = kit::go_out(ui, age - STAY);
        if left <= 0.0 {
            actions.push(Action::PutAway(told.number));
        }
        left
    }

    fn show(&self, ui: &mut Ui, state: &State, width: f32, actions: &mut Vec<Action>) {
        let mut frame = kit::floating(ui, 16, 16);
        if let Self::Knock(knock) = self
            && state.namesake(knock).is_some()
        {
            frame = frame.fill(tokens(ui).danger_wash);
        }
        let inner = width - 34.0;
        guard::card(ui, self.says(), frame, |ui, ready| {
            ui.set_width(inner);
            ui.spacing_mut().item_spacing = vec2(8.0, 4.0);
            guard::buttons(ui, ready, |ui| match self {
                Self::Warning(at, warning) => warn(ui, *at, warning, actions),
                Self::Knock(knock) => stranger(ui, state, knock, actions),
                Self::Offers(peer, offers) => offered(ui, state, *peer, offers, actions),
                Self::News(told) => news(ui, told, actions),
            });
        });
    }
}

/// An icon, and beside it words and buttons.
fn with_icon(ui: &mut Ui, (icon, ink): (Icon, egui::Color32), add: impl FnOnce(&mut Ui)) {
    ui.horizontal_top(|ui| {
        let (place, _) = ui.allocate_exact_size(vec2(28.0, 24.0), Sense::hover());
        icon.paint(
            ui.painter(),
            place.left_center() + vec2(12.0, 0.0),
            24.0,
            ink,
        );
        ui.vertical(|ui| {
            ui.set_width(ui.available_width());
            add(ui);
        });
    });
}

fn sentence(ui: &mut Ui, words: &str, font: Type, ink: egui::Color32) {
    let label = ui.add(Label::new(text::rich(words, font, ink)).wrap());
    kit::announce(ui, label.id);
}

fn close(ui: &mut Ui, name: &str) -> bool {
    let rect = ui.max_rect();
    let place = Rect::from_min_size(
        pos2(rect.right() - 32.0, ui.cursor().top() - 4.0),
        Vec2::splat(32.0),
    );
    let place = UiBuilder::new().id_salt("close").max_rect(place);
    within(ui, place, |ui| {
        kit::icon_button(ui, icons::X, name, 32.0).clicked()
    })
}

fn warn(ui: &mut Ui, at: usize, warning: &Warning, actions: &mut Vec<Action>) {
    let t = tokens(ui);
    if close(ui, words::DISMISS) {
        actions.push(Action::Dismiss(at));
    }
    with_icon(ui, (icons::WARNING_CIRCLE, t.warn), |ui| {
        ui.set_max_width(ui.available_width() - 36.0);
        if let Warning::Trouble(what) = warning {
            sentence(ui, &words::line(what), Type::Body, t.text);
        }
    });
}

/// The folder of a path that is only a name is the one we are in.
pub(super) fn or_here(folder: &Path) -> PathBuf {
    match folder.as_os_str().is_empty() {
        true => PathBuf::from("."),
        false => folder.to_owned(),
    }
}

/// A stranger: what it says of itself proves nothing.
fn stranger(ui: &mut Ui, state: &State, knock: &Knock, actions: &mut Vec<Action>) {
    let t = tokens(ui);
    let namesake = state.namesake(knock);
    let icon = match namesake {
        Some(_) => (icons::SHIELD_WARNING.filled(), t.danger_text),
        None => (icons::HAND_WAVING, t.warn),
    };
    with_icon(ui, icon, |ui| {
        match &namesake {
            Some(contact) => {
                let who = name(contact);
                sentence(ui, &words::namesake(&who), Type::Strong, t.text);
                sentence(ui, &words::let_nobody_in(&who), Type::Small, t.text);
            }
            None => sentence(ui, words::SOMEBODY_NEW, Type::Strong, t.text),
        }
        let claims = knock.claims.as_ref().map(name);
        let told = words::calls_itself(claims.as_deref(), knock.address.ip());
        sentence(ui, &told, Type::Small, t.soft);
        sentence(ui, &knock.key.fingerprint().to_string(), Type::Key, t.soft);
    });
    ui.add_space(8.0);
    let guest = state.guest_name(knock.claims);
    ui.horizontal(|ui| {
        let ignore = Button::new(Kind::OnCard, words::IGNORE).height(32.0);
        if ui.add(ignore).on_hover_text(words::IGNORED).clicked() {
            actions.push(Action::Ignore(knock.key));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let code = Button::new(Kind::Tonal, words::CONNECT_BY_CODE).height(32.0);
            if ui.add(code).clicked() {
                actions.push(Action::ShowCode(Rights::default()));
            }
            // A stranger with the name of a contact is let in by no single click.
            let guest = guest.filter(|_| namesake.is_none());
            let once = Button::new(Kind::OnCard, words::LET_IN_ONCE).height(32.0);
            if let Some(name) = guest
                && ui.add(once).on_hover_text(words::ONCE).clicked()
            {
                let key = knock.key;
                actions.push(Action::AllowGuest { key, name });
            }
        });
    });
}

/// What would replace something is answered by itself.
fn offered(
    ui: &mut Ui,
    state: &State,
    peer: PeerName,
    offers: &[&Offer],
    actions: &mut Vec<Action>,
) {
    let t = tokens(ui);
    let who = name(&peer);
    let words = match offers {
        [one] => words::wants_to_send(&who, &words::short(&one.name, 60)),
        many => words::wants_to_send_all(&who, many.len(), page::size_of(many)),
    };
    with_icon(ui, (icons::TRAY_ARROW_DOWN, t.accent_text), |ui| {
        sentence(ui, &words, Type::Strong, t.text);
    });
    let all = offers.iter().copied();
    let (replacing, plain): (Vec<&Offer>, Vec<&Offer>) = all.partition(|offer| offer.overwrites);
    let cards = replacing.into_iter().map(|offer| vec![offer]);
    for card in cards.chain((!plain.is_empty()).then_some(plain)) {
        let room = Rect::from_min_size(ui.cursor().min, vec2(ui.available_width(), 400.0));
        let height = ui.push_id(card[0].transfer, |ui| {
            page::offers(ui, room, state, &card, actions)
        });
        ui.allocate_exact_size(vec2(room.width(), height.inner), Sense::hover());
    }
}

/// What happened, in a toast that goes by itself.
fn news(ui: &mut Ui, told: &Told, actions: &mut Vec<Action>) {
    let t = tokens(ui);
    if close(ui, words::DISMISS) {
        actions.push(Action::PutAway(told.number));
    }
    let words = words::news(&told.news);
    match &told.news {
        News::Received { peer, path, .. } => {
            with_icon(ui, (icons::TRAY_ARROW_DOWN.filled(), t.good), |ui| {
                ui.set_max_width(ui.available_width() - 36.0);
                let label = Label::new(text::rich(&*words, Type::Strong, t.text)).truncate();
                let label = ui.add(label);
                kit::announce(ui, label.id);
                let from = words::came_from(&name(peer), path);
                ui.add(Label::new(text::rich(from, Type::Small, t.soft)).truncate());
            });
            ui.add_space(8.0);
            ui.horizontal(|ui| page::to_open(ui, path, &words, actions));
        }
        News::Snapshot(path) | News::Film { path, .. } => {
            with_icon(ui, (icons::IMAGE, t.soft), |ui| {
                ui.set_max_width(ui.available_width() - 36.0);
                sentence(ui, &words, Type::Body, t.text);
            });
            ui.add_space(8.0);
            ui.horizontal(|ui| page::to_open(ui, path, &words::folder_name(path), actions));
        }
        other => {
            let is_bad = matches!(
                other,
                News::Desktop(_) | News::Refused(_) | News::StillKnown { .. }
            );
            let icon = match is_bad {
                true => (icons::WARNING_CIRCLE, t.warn),
                false => (icons::INFO, t.soft),
            };
            with_icon(ui, icon, |ui| {
                ui.set_max_width(ui.available_width() - 36.0);
                sentence(ui, &words, Type::Body, t.text);
            });
        }
    }
}

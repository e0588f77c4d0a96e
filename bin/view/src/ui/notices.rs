//! Warnings, strangers, offers and missed calls, as cards over the layout. A new card is added
//! below the others, so that none of them moves.

use egui::{Area, Frame, Id, Margin, Order, Rect, ScrollArea, Ui, vec2};
use transom::PeerName;

use crate::model::{Action, Knock, Offer, State, Warning};

use super::{arrivals, calls, knocks, offers, theme, warnings};

/// Points across. The own picture has its place to the right of the cards.
const WIDTH: f32 = 430.0;
/// Points above the cards: the marks of a recording stay visible.
const ABOVE: f32 = 72.0;
/// Share of the pictures' height for the cards; more are scrolled to. Ringing calls are below.
const SHARE: f32 = 0.44;

/// A card.
#[derive(Clone, Copy)]
enum Notice<'a> {
    Warning(usize, &'a Warning),
    Knock(&'a Knock),
    /// One answer to several offers of a contact.
    Offers(PeerName),
    Offer(&'a Offer),
    Missed,
}

/// Shows the cards over the room of the pictures. `order` keeps the order in which they came.
pub(super) fn show(
    ui: &Ui,
    state: &State,
    room: Rect,
    order: &mut Vec<Id>,
    actions: &mut Vec<Action>,
) {
    let mut cards: Vec<_> = all(state).map(|card| (card.place(), card)).collect();
    order.retain(|id| cards.iter().any(|(place, _)| place == id));
    for (place, _) in &cards {
        if !order.contains(place) {
            order.push(*place);
        }
    }
    if cards.is_empty() {
        return;
    }
    cards.sort_by_key(|(place, _)| order.iter().position(|id| id == place));
    Area::new(Id::new("notices"))
        .order(Order::Middle)
        .fixed_pos(room.min + vec2(8.0, ABOVE))
        .movable(false)
        .fade_in(false)
        .show(ui.ctx(), |ui| {
            let height = room.height() * SHARE;
            // The area has no height in its first frame.
            let scroll = ScrollArea::vertical().min_scrolled_height(height);
            scroll.max_height(height).show(ui, |ui| {
                ui.set_width(WIDTH.min(room.width() - 16.0).max(0.0));
                for (place, card) in cards {
                    ui.push_id(place, |ui| card.show(ui, state, actions));
                }
            });
        });
}

fn all(state: &State) -> impl Iterator<Item = Notice<'_>> {
    let warnings = state.warnings.iter().enumerate();
    let warnings = warnings.map(|(at, warning)| Notice::Warning(at, warning));
    let knocks = state.knocks.iter().map(Notice::Knock);
    let offers = offers::with_answers_to_many(state).flat_map(|(many, offer)| {
        let many = many.then_some(Notice::Offers(offer.peer));
        many.into_iter().chain([Notice::Offer(offer)])
    });
    let missed = (!state.calls.missed.is_empty()).then_some(Notice::Missed);
    warnings.chain(knocks).chain(offers).chain(missed)
}

impl Notice<'_> {
    /// What has a place of its own among the cards.
    fn place(self) -> Id {
        match self {
            Self::Warning(_, warning) => Id::new(("warning", warning)),
            Self::Knock(knock) => Id::new(("knock", knock.key)),
            Self::Offers(peer) => Id::new(("offers", peer)),
            Self::Offer(offer) => Id::new(("offer", offer.transfer)),
            Self::Missed => Id::new("missed calls"),
        }
    }

    /// What a click on the card is about. If it changes, the card is a new one.
    fn says(self, state: &State) -> Id {
        match self {
            // Without the port, which is another one at each knock.
            Self::Knock(knock) => Id::new((knock.key, knock.address.ip(), knock.claims)),
            Self::Offers(peer) => {
                let together = offers::plain(state, peer).into_iter();
                let together = together.map(|offer| offer.transfer);
                Id::new(("offers", together.collect::<Vec<_>>()))
            }
            other => other.place(),
        }
    }

    fn show(self, ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
        let frame = Frame::popup(ui.style()).inner_margin(Margin::same(8));
        let frame = match self {
            Self::Warning(_, Warning::KeyChanged { .. }) => frame.fill(theme::DANGER),
            _ => frame,
        };
        arrivals::card(ui, self.says(state), frame, |ui| {
            ui.set_width(ui.available_width());
            match self {
                Self::Warning(at, warning) => warnings::show(ui, state, at, warning, actions),
                Self::Knock(knock) => knocks::show(ui, state, knock, actions),
                Self::Offers(peer) => offers::show_all(ui, state, peer, actions),
                Self::Offer(offer) => offers::show(ui, state, offer, actions),
                Self::Missed => calls::missed(ui, state, actions),
            }
        });
    }
}

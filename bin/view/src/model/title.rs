//! The window's title: its owner and what goes on in it, for the task bar and the
//! list of windows.

use transom::CallKind;

use crate::words;

use super::{State, name};

impl State {
    /// The window's title: a ringing call first, then the calls, and our own name where it is not
    /// that of the system's user.
    pub(crate) fn title(&self) -> String {
        let open = || self.calls.open.iter().filter(|call| call.is_open());
        // A call matters more than what is watched beside it.
        let talks = open().filter(|call| call.is_talk()).count();
        let kind = if talks > 0 {
            CallKind::Talk
        } else {
            CallKind::View
        };
        let of_kind = || open().filter(|call| call.kind == kind);
        let doing = match (self.calls.incoming.first(), of_kind().count()) {
            (Some(ring), _) => words::calls(&name(&ring.peer)),
            (None, 0 | 1) => of_kind()
                .map(|call| words::goes_on(&name(&call.peer), call.kind))
                .collect(),
            (None, count) => words::several(count, kind),
        };
        let own = words::line(&self.own.name);
        words::title(&doing, (!self.own.is_usual).then_some(own.as_ref()))
    }

    /// What is said when the pointer is on the item in the tray: a call first, then what is unread.
    pub(crate) fn tray_tip(&self) -> String {
        let mut talks = self.calls.open.iter();
        let talk = talks.find(|call| call.is_open() && call.is_talk());
        let unread = self.people.iter().map(|person| person.unread).sum();
        let doing = match (talk, unread) {
            (Some(_), _) if self.config.hide_words => words::TRAY_IN_CALL.to_owned(),
            (Some(call), _) => words::tray_in_call_with(&name(&call.peer)),
            (None, 0) if self.config.do_not_disturb => words::TRAY_NOT_DISTURBED.to_owned(),
            (None, 0) => words::TRAY_AVAILABLE.to_owned(),
            (None, unread) => words::tray_unread(unread),
        };
        words::tray_tip(&doing)
    }
}

#[cfg(test)]
mod tests {
    use crate::model::tests::{joined, peer, started, two_boxes};
    use crate::model::{Action, State};
    use transom::{CallKind, Notice};

    fn at_home() -> State {
        let mut state = two_boxes();
        state.own.name = "desk\u{202e}".into();
        state
    }

    #[test]
    fn the_tray_tells_the_call_then_what_is_unread_then_the_own_state() {
        let mut state = at_home();
        assert_eq!(state.tray_tip(), "Transom: available");
        state.config.do_not_disturb = true;
        assert_eq!(state.tray_tip(), "Transom: do not disturb");
        state.apply(joined("yard"));
        state.chosen = Some(peer("door"));
        let (peer, text) = (peer("yard"), "hello".to_owned());
        state.apply(Notice::Text { peer, text });
        assert_eq!(state.tray_tip(), "Transom: 1 unread");
        state.act(&Action::Call(peer));
        assert_eq!(state.tray_tip(), "Transom: in a call with yard");
        state.config.hide_words = true;
        assert_eq!(state.tray_tip(), "Transom: in a call");
    }

    #[test]
    fn a_title_tells_whose_window_it_is_and_what_goes_on() {
        let mut state = at_home();
        assert_eq!(state.title(), "Transom (desk\\u{202e})");
        for name in ["door", "yard"] {
            state.apply(joined(name));
        }
        state.act(&Action::Watch(peer("door")));
        state.apply(started("door"));
        assert_eq!(state.title(), "door - Transom (desk\\u{202e})");
        state.act(&Action::Call(peer("yard")));
        assert_eq!(state.title(), "Call with yard - Transom (desk\\u{202e})");
        state.act(&Action::HangUp(peer("door")));
        state.own.is_usual = true;
        assert_eq!(state.title(), "Call with yard - Transom");
        state.apply(Notice::Ringing {
            peer: peer("door"),
            kind: CallKind::Talk,
        });
        assert_eq!(state.title(), "door is calling - Transom");
    }
}

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

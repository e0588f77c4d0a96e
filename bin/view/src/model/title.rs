//! What the window is called: who it belongs to and what goes on in it, for the task bar and the
//! list of windows.

use crate::words;

use super::{State, name};

impl State {
    /// The window's title: who rings before all else, then the calls, and always the own name.
    pub(crate) fn title(&self) -> String {
        let doing = match (&self.calls.incoming[..], self.open_calls()) {
            ([ring, ..], _) => words::rings(&name(&ring.peer)),
            ([], calls) if calls.len() > 1 => words::several_calls(calls.len()),
            ([], calls) => match calls.first() {
                Some(call) => words::goes_on(&name(&call.peer), call.kind),
                None => String::new(),
            },
        };
        words::title(&doing, &words::line(&self.own.name))
    }

    fn open_calls(&self) -> Vec<&super::Call> {
        let calls = self.calls.open.iter();
        calls.filter(|call| call.is_open()).collect()
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
        assert_eq!(state.title(), "transom (desk\\u{202e})");
        for name in ["door", "yard"] {
            state.apply(joined(name));
        }
        state.act(&Action::Watch(peer("door")));
        state.apply(started("door"));
        assert_eq!(state.title(), "door - transom (desk\\u{202e})");
        state.act(&Action::Call(peer("yard")));
        assert_eq!(state.title(), "2 calls - transom (desk\\u{202e})");
        state.act(&Action::HangUp(peer("door")));
        assert_eq!(
            state.title(),
            "in a call with yard - transom (desk\\u{202e})"
        );
        state.apply(Notice::Ringing {
            peer: peer("door"),
            kind: CallKind::Talk,
        });
        assert_eq!(state.title(), "door calls - transom (desk\\u{202e})");
    }
}

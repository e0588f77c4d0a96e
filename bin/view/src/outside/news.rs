//! What the desktop is told of what happens, and what a click on it does: pure decisions.

use std::path::PathBuf;

use transom::{Direction, Notice, Outcome, PeerName, PublicKey, TransferId};

use crate::model::{Action, State, name};
use crate::words;

/// Letters of a text that are shown.
const MAX_LETTERS: usize = 120;

/// What a notification is about: a newer one about the same takes its place.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum About {
    /// A camera was lost.
    Away(PeerName),
    /// A peer rings.
    Call(PeerName),
    /// A contact shows another key.
    Key(PeerName),
    /// A call was missed.
    Missed(PeerName),
    /// A peer wants to send something.
    Offer(PeerName, TransferId),
    /// Something has arrived in that folder.
    Received(PeerName, PathBuf),
    /// A stranger wants in.
    Stranger(PublicKey),
    /// A peer wrote.
    Text(PeerName),
}

/// What a person chose of a notification.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Choice {
    Answer,
    Decline,
    /// The button of a file that has arrived.
    Folder,
    /// The notification itself.
    #[cfg_attr(
        not(feature = "desktop"),
        expect(dead_code, reason = "without notifications none is clicked")
    )]
    Open,
}

/// One notification.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct News {
    pub(crate) about: About,
    pub(crate) title: String,
    pub(crate) body: String,
    /// The buttons, besides the notification itself.
    pub(crate) choices: Vec<(Choice, &'static str)>,
}

/// What the desktop is to be told of a notice that the state has not taken in yet.
///
/// `is_looked_at`: the window is in front, and shows it itself.
pub(crate) fn news(state: &State, notice: &Notice, is_looked_at: bool) -> Option<News> {
    let config = &state.config;
    if is_looked_at || !config.notifications || config.do_not_disturb {
        return None;
    }
    let told = told(state, notice)?;
    match config.hide_words {
        true => Some(told.hidden()),
        false => Some(told),
    }
}

fn told(state: &State, notice: &Notice) -> Option<News> {
    let shown = |text: &str| words::short(text, MAX_LETTERS);
    match notice {
        Notice::Ringing { peer, kind } if !state.rings(peer) => Some(News {
            choices: vec![
                (Choice::Decline, words::DECLINE_THERE),
                (Choice::Answer, words::ANSWER_THERE),
            ],
            ..told_of(
                About::Call(*peer),
                words::calls(&name(peer)),
                words::kind_of_call(*kind),
            )
        }),
        Notice::CallEnded {
            peer,
            outgoing: false,
            ..
        } if state.rings(peer) => {
            let at = state.zone.local(state.now);
            let at = format!("{:02}:{:02}", at.hour(), at.minute());
            let title = words::missed_call_from(&name(peer));
            Some(told_of(About::Missed(*peer), title, &at))
        }
        Notice::Text { peer, text } => Some(told_of(
            About::Text(*peer),
            name(peer),
            &words::excerpt(text, MAX_LETTERS),
        )),
        Notice::Offered {
            transfer,
            peer,
            name: file,
            bytes,
            asks: true,
            ..
        } => {
            let title = words::wants_to_send(&name(peer), &shown(file));
            let about = About::Offer(*peer, *transfer);
            Some(told_of(about, title, &words::bytes(*bytes)))
        }
        Notice::TransferEnded { status, outcome } if status.direction == Direction::Incoming => {
            let Outcome::Durable { path } = outcome else {
                return None;
            };
            let folder = path.parent()?.to_owned();
            let title = words::received(&shown(&status.name));
            let from = words::from(&name(&status.peer));
            Some(News {
                choices: vec![(Choice::Folder, words::OPEN_THERE)],
                ..told_of(About::Received(status.peer, folder), title, &from)
            })
        }
        Notice::KeyChanged { peer, .. } => {
            let title = words::may_not_be(&name(peer));
            Some(told_of(About::Key(*peer), title, words::ANOTHER_KEY))
        }
        Notice::Knock { key, .. } if state.config.strangers && !state.has_heard(key) => Some(
            told_of(About::Stranger(*key), words::SOMEBODY_NEW.to_owned(), ""),
        ),
        Notice::Left {
            peer, lost: true, ..
        } => {
            let person = state.people.iter().find(|person| person.name == *peer)?;
            let is_camera = state.is_camera(person);
            is_camera.then(|| told_of(About::Away(*peer), words::is_away(&name(peer)), ""))
        }
        _ => None,
    }
}

fn told_of(about: About, title: String, body: &str) -> News {
    News {
        about,
        title,
        body: body.to_owned(),
        choices: Vec::new(),
    }
}

impl News {
    /// Without names and words of anybody.
    fn hidden(self) -> Self {
        let title = match self.about {
            About::Away(_) => words::CAMERA_AWAY,
            About::Call(_) => words::SOMEBODY_CALLS,
            About::Key(_) => words::KEY_QUESTION,
            About::Missed(_) => words::CALL_MISSED,
            About::Offer(..) => words::SOMEBODY_OFFERS,
            About::Received(..) => words::SOMETHING_RECEIVED,
            About::Stranger(_) => words::SOMEBODY_NEW,
            About::Text(_) => words::NEW_MESSAGE,
        };
        let (title, body) = (title.to_owned(), String::new());
        Self {
            title,
            body,
            ..self
        }
    }
}

/// Whether a notification about that says what is not so any more.
pub(crate) fn is_over(state: &State, about: &About, is_looked_at: bool) -> bool {
    match about {
        About::Call(peer) => !state.rings(peer),
        About::Offer(_, transfer) => !state.offers.iter().any(|offer| offer.transfer == *transfer),
        About::Stranger(key) => !state.knocks.iter().any(|knock| knock.key == *key),
        About::Text(peer) => {
            // Texts of the chosen contact count as read although the window may not be in front.
            let is_read = is_looked_at || state.chosen != Some(*peer);
            let mut people = state.people.iter();
            is_read && people.any(|person| person.name == *peer && person.unread == 0)
        }
        _ => false,
    }
}

impl About {
    /// What a click does, and whether it brings the window to the front.
    pub(crate) fn clicked(self, choice: Choice, state: &State) -> (Vec<Action>, bool) {
        match (self, choice) {
            (Self::Call(peer), Choice::Answer) if state.rings(&peer) => (
                vec![
                    Action::Answer {
                        peer,
                        camera: false,
                    },
                    Action::Choose(peer),
                ],
                true,
            ),
            (Self::Call(peer), Choice::Decline) if state.rings(&peer) => {
                (vec![Action::Decline(peer)], false)
            }
            // It came too late.
            (Self::Call(_), Choice::Decline) => (Vec::new(), false),
            (Self::Received(_, folder), Choice::Folder) => {
                (vec![Action::OpenFolder(folder)], false)
            }
            (Self::Offer(peer, _) | Self::Received(peer, _) | Self::Text(peer), _) => {
                (state.to_conversation(peer), true)
            }
            (Self::Away(peer) | Self::Call(peer) | Self::Key(peer) | Self::Missed(peer), _) => {
                (vec![Action::Choose(peer)], true)
            }
            (Self::Stranger(_), _) => (Vec::new(), true),
        }
    }
}

impl State {
    /// Whether that peer rings here.
    fn rings(&self, peer: &PeerName) -> bool {
        self.calls.incoming.iter().any(|ring| ring.peer == *peer)
    }

    /// Whether that stranger is on the screen, or is ignored.
    fn has_heard(&self, key: &PublicKey) -> bool {
        self.ignored.contains(key) || self.knocks.iter().any(|knock| knock.key == *key)
    }
}

#[cfg(test)]
mod tests {
    use transom::{CallKind, Capabilities, EndReason, Phase};

    use super::*;
    use crate::model::tests::{Ids, address, joined_as, left, peer, status, two_boxes};

    fn text() -> Notice {
        Notice::Text {
            peer: peer("door"),
            text: "See you at six\nthen!".repeat(20),
        }
    }

    fn ringing() -> Notice {
        Notice::Ringing {
            peer: peer("door"),
            kind: CallKind::Talk,
        }
    }

    fn ended() -> Notice {
        Notice::CallEnded {
            peer: peer("door"),
            kind: CallKind::Talk,
            outgoing: false,
            reason: EndReason::Chosen,
            text: String::new(),
        }
    }

    #[test]
    fn nothing_is_told_of_what_a_person_sees_or_does_not_want_to_hear() {
        let mut state = two_boxes();
        assert!(news(&state, &text(), false).is_some());
        assert_eq!(news(&state, &text(), true), None);
        state.config.do_not_disturb = true;
        assert_eq!(news(&state, &text(), false), None);
        state.config.do_not_disturb = false;
        state.config.notifications = false;
        assert_eq!(news(&state, &text(), false), None);
    }

    #[test]
    fn words_and_names_can_be_hidden() {
        let mut state = two_boxes();
        let shown = news(&state, &text(), false).unwrap();
        assert_eq!(shown.title, "door");
        assert!(shown.body.starts_with("See you at six"), "{}", shown.body);
        assert!(shown.body.chars().count() <= MAX_LETTERS + 10 && !shown.body.contains('\n'));
        state.config.hide_words = true;
        let hidden = news(&state, &text(), false).unwrap();
        assert_eq!(
            (hidden.title.as_str(), hidden.body.as_str()),
            ("New message", "")
        );
        let ring = news(&state, &ringing(), false).unwrap();
        assert!(!format!("{}{}", ring.title, ring.body).contains("door"));
    }

    #[test]
    fn a_call_is_told_once_can_be_answered_without_video_and_is_missed() {
        let mut state = two_boxes();
        let ring = news(&state, &ringing(), false).unwrap();
        assert_eq!(
            (ring.title.as_str(), ring.choices.len()),
            ("door is calling", 2)
        );
        state.apply(ringing());
        assert_eq!(news(&state, &ringing(), false), None);
        assert!(!is_over(&state, &ring.about, false));
        let answer = Action::Answer {
            peer: peer("door"),
            camera: false,
        };
        let (actions, raises) = ring.about.clone().clicked(Choice::Answer, &state);
        assert_eq!(
            (actions, raises),
            (vec![answer, Action::Choose(peer("door"))], true)
        );
        let missed = news(&state, &ended(), false).unwrap();
        assert_eq!(missed.title, "Missed call from door");
        state.apply(ended());
        assert!(is_over(&state, &ring.about, false));
        // A click that came too late answers nothing and declines nothing.
        let (actions, _) = ring.about.clone().clicked(Choice::Answer, &state);
        assert_eq!(actions, [Action::Choose(peer("door"))]);
        assert_eq!(ring.about.clicked(Choice::Decline, &state), (vec![], false));
        assert_eq!(news(&state, &ended(), false), None);
    }

    #[test]
    fn a_text_of_a_camera_leads_to_where_it_can_be_read() {
        let mut state = two_boxes();
        state.apply(joined_as("door", PublicKey([1; 32]), Capabilities::CAMERA));
        state.act(&Action::Choose(peer("door")));
        let about = news(&state, &text(), false).unwrap().about;
        state.apply(text());
        assert!(!is_over(&state, &about, true), "its page is a picture");
        let (actions, raises) = about.clone().clicked(Choice::Open, &state);
        let chat = [Action::Choose(peer("door")), Action::ShowChat(true)];
        assert_eq!((&actions[..], raises), (&chat[..], true));
        for action in &actions {
            state.act(action);
        }
        assert!(is_over(&state, &about, true));
    }

    #[test]
    fn a_text_is_taken_back_when_it_is_read() {
        let mut state = two_boxes();
        let about = About::Text(peer("door"));
        state.act(&Action::Choose(peer("yard")));
        state.apply(text());
        assert!(!is_over(&state, &about, true));
        state.act(&Action::Choose(peer("door")));
        assert!(!is_over(&state, &about, false));
        assert!(is_over(&state, &about, true));
    }

    #[test]
    fn a_file_that_arrived_opens_its_folder() {
        let (state, ids) = (two_boxes(), Ids::new());
        let mut status = status(ids.transfer(), Phase::Ended, 1);
        let outcome = Outcome::Durable {
            path: "/in/plan.pdf".into(),
        };
        let sent = Notice::TransferEnded {
            status: status.clone(),
            outcome: outcome.clone(),
        };
        assert_eq!(news(&state, &sent, false), None);
        status.direction = Direction::Incoming;
        let came = news(&state, &Notice::TransferEnded { status, outcome }, false).unwrap();
        assert_eq!(came.title, "Received holiday.mp4");
        let (actions, raises) = came.about.clicked(Choice::Folder, &state);
        assert_eq!(
            (actions, raises),
            (vec![Action::OpenFolder("/in".into())], false)
        );
    }

    #[test]
    fn a_lost_camera_is_told_and_a_lost_person_is_not() {
        let mut state = two_boxes();
        state.apply(joined_as("door", PublicKey([1; 32]), Capabilities::CAMERA));
        state.apply(joined_as("yard", PublicKey([2; 32]), Capabilities::CALLS));
        let told = news(&state, &left("door"), false).unwrap();
        assert_eq!(told.title, "door is away");
        assert_eq!(news(&state, &left("yard"), false), None);
    }

    #[test]
    fn a_stranger_is_told_once() {
        let mut state = two_boxes();
        let knock = || Notice::Knock {
            key: PublicKey([9; 32]),
            address: address(),
            name: None,
        };
        assert!(news(&state, &knock(), false).is_some());
        state.apply(knock());
        assert_eq!(news(&state, &knock(), false), None);
        state.act(&Action::Ignore(PublicKey([9; 32])));
        assert_eq!(news(&state, &knock(), false), None);
    }
}

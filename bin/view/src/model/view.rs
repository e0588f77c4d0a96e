//! Where the user is in the window: what the page beside the list is about, and which panes are
//! open.

use transom::{CallKind, PeerName};

use super::{Action, Call, Person, State};

/// Which panes are open. The list and the page are always there in a wide window.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct View {
    /// Whether the page shows all cameras side by side.
    pub(crate) cameras: bool,
    /// Whether the page covers the list, in a window that has no room for both.
    pub(crate) page: bool,
    /// Whether the chat stands beside a call.
    pub(crate) chat: bool,
    /// Whether the sheet about the chosen contact is open.
    pub(crate) sheet: bool,
    /// Whether the list is shown beside a call; `None` until the user chose: it depends on the room
    /// then.
    pub(crate) list_in_call: Option<bool>,
    /// The same beside a camera.
    pub(crate) list_at_camera: Option<bool>,
}

/// What the page is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Page {
    /// How to add the first contact.
    FirstRun,
    /// No contact is chosen.
    Nobody,
    /// What was written and sent both ways.
    Person(PeerName),
    /// The call with that peer, or what is left of it.
    Call(PeerName),
    /// One camera.
    Camera(PeerName),
    /// All cameras.
    Cameras,
}

impl Page {
    /// Whether it shows pictures from edge to edge.
    pub(crate) fn is_picture(self) -> bool {
        matches!(self, Self::Call(_) | Self::Camera(_) | Self::Cameras)
    }
}

impl State {
    /// What the page is about now.
    pub(crate) fn page(&self) -> Page {
        let chosen = self.chosen_person();
        match chosen.and_then(|person| self.calls.of(person.name)) {
            _ if self.view.cameras => Page::Cameras,
            Some(call) if call.is_talk() => Page::Call(call.peer),
            Some(call) => Page::Camera(call.peer),
            None => match chosen {
                Some(person) if self.is_camera(person) => Page::Camera(person.name),
                Some(person) => Page::Person(person.name),
                None if self.people.is_empty() => Page::FirstRun,
                None => Page::Nobody,
            },
        }
    }

    /// Camera boxes, in the order of the book.
    pub(crate) fn cameras(&self) -> impl Iterator<Item = &Person> {
        self.people.iter().filter(|person| self.is_camera(person))
    }

    pub(crate) fn is_camera(&self, person: &Person) -> bool {
        self.abilities(person).is_camera()
    }

    /// The calls whose pictures are on the screen: those of the page, and the calls that go on in
    /// its corner.
    pub(crate) fn on_screen(&self) -> impl Iterator<Item = &Call> {
        let (page, alone) = (self.page(), self.calls.alone());
        self.calls.open.iter().filter(move |call| match page {
            Page::Cameras => alone.is_none_or(|peer| call.peer == peer),
            Page::Call(peer) | Page::Camera(peer) => call.peer == peer || call.is_in_corner(),
            _ => call.is_in_corner(),
        })
    }

    /// The calls that go on while another page is open, oldest first.
    pub(crate) fn in_corner(&self) -> impl Iterator<Item = &Call> {
        let page = self.page();
        self.calls.open.iter().filter(move |call| match page {
            Page::Cameras => false,
            Page::Call(peer) => call.peer != peer && call.is_in_corner(),
            _ => call.is_in_corner(),
        })
    }

    /// The call that keys are for: that of the page, the chosen one of all cameras, or the one in
    /// the corner.
    pub(crate) fn in_hand(&self) -> Option<&Call> {
        let of_page = match self.page() {
            Page::Call(peer) | Page::Camera(peer) => self.calls.of(peer),
            Page::Cameras => {
                let chosen = self.calls.alone().or(self.chosen);
                let chosen = chosen.and_then(|peer| self.calls.of(peer));
                chosen.or_else(|| self.on_screen().next())
            }
            _ => None,
        };
        of_page.or_else(|| self.in_corner().last())
    }

    /// The watches that end when the user turns to that contact: a camera is watched only while it
    /// is on the screen or recorded.
    pub(crate) fn leaving(&self, to: Option<PeerName>) -> Vec<Action> {
        let ends = |call: &&Call| {
            let is_watch = call.kind == CallKind::View;
            is_watch && !call.recording && Some(call.peer) != to
        };
        let calls = self.calls.open.iter().filter(ends);
        calls.map(|call| Action::HangUp(call.peer)).collect()
    }

    /// Whether the list is shown beside the page, where there is room for both. Beside a call it is
    /// only where there is plenty.
    pub(crate) fn shows_list(&self, has_plenty: bool) -> bool {
        match self.page() {
            Page::FirstRun => false,
            Page::Call(_) => self.view.list_in_call.unwrap_or(has_plenty),
            Page::Cameras => self.view.list_at_camera.unwrap_or(false),
            Page::Camera(_) => self.view.list_at_camera.unwrap_or(true),
            _ => true,
        }
    }

    /// Applies an action on panes; other actions change nothing.
    pub(super) fn act_on_view(&mut self, action: &Action) {
        let page = self.page();
        let view = &mut self.view;
        match action {
            Action::Cameras(on) => {
                view.cameras = *on;
                view.page = *on;
                self.calls.alone_peer = None;
            }
            Action::Back if view.chat => view.chat = false,
            Action::Back => view.page = false,
            Action::Select(peer) => self.chosen = Some(*peer),
            Action::ShowChat(on) => view.chat = *on,
            Action::ShowList(on) => match page {
                Page::Call(_) => view.list_in_call = Some(*on),
                _ => view.list_at_camera = Some(*on),
            },
            _ => {}
        }
    }
}

impl Call {
    /// Whether it goes on in the corner while another page is open.
    fn is_in_corner(&self) -> bool {
        self.is_talk() && self.is_open()
    }
}

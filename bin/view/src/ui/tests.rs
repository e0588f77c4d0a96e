//! Every screen and flow without a display: clicks by label, typing, and a few pictures that a
//! person looked at.

mod abilities;
mod arrivals;
mod devices;
mod drafts;
mod people;
mod things;

use std::panic::{AssertUnwindSafe, catch_unwind};

use egui::accesskit::Role;
use egui::{Color32, ColorImage, DroppedFile, Key, Modifiers, TextureOptions, Vec2, pos2, vec2};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use egui_kittest::{Harness, SnapshotOptions};
use transom::{CameraState, Notice, Outcome, Phase, PublicKey, Shape};

use crate::model::tests::{Ids, joined, joined_as, left, peer, shown, started, status, two_boxes};
use crate::model::{Action, State, Warning};

use super::paint::letterbox;
use super::*;

/// The screen as a program of its own.
pub(super) struct App {
    pub(super) state: State,
    draft: Draft,
    pictures: BTreeMap<Face, Picture>,
    actions: Vec<Action>,
}

pub(super) type Screen = Harness<'static, App>;

pub(super) fn open(state: State) -> Screen {
    open_as_large(state, vec2(1200.0, 760.0))
}

pub(super) fn open_as_large(state: State, size: Vec2) -> Screen {
    let app = App {
        state,
        draft: Draft::default(),
        pictures: BTreeMap::new(),
        actions: Vec::new(),
    };
    let mut screen = Harness::builder()
        .with_size(size)
        // What opens and grows settles within some frames, and then there are no more.
        .with_max_steps(12)
        .build_ui_state(
            |ui, app: &mut App| {
                let actions = screen(ui, &app.state, &mut app.draft, &app.pictures);
                for action in &actions {
                    app.state.act(action);
                }
                if !actions.is_empty() {
                    // As the shell does.
                    ui.ctx().request_repaint();
                }
                app.actions.extend(actions);
            },
            app,
        );
    prepare(&screen.ctx);
    screen.run();
    screen
}

impl App {
    pub(super) fn take(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.actions)
    }
}

/// Longer than anything new is deaf.
pub(super) fn pass(screen: &mut Screen) {
    screen.run_steps(6);
}

/// As a person clicks who has seen what is there.
pub(super) fn click(screen: &mut Screen, label: &str) -> Vec<Action> {
    pass(screen);
    screen.get_by_label(label).click();
    screen.run();
    screen.state_mut().take()
}

pub(super) fn press(screen: &mut Screen, modifiers: Modifiers, key: Key) -> Vec<Action> {
    screen.key_press_modifiers(modifiers, key);
    screen.run();
    screen.state_mut().take()
}

pub(super) fn fill(screen: &mut Screen, field: &str, text: &str) {
    let field = screen.get_by_role_and_label(Role::TextInput, field);
    field.focus();
    field.type_text(text);
    screen.run();
}

/// The door's picture.
fn coloured(screen: &mut Screen, orientation: u8) {
    colour(screen, Face::Peer(peer("door")), orientation);
}

/// A picture with a colour in each corner, so that mirroring and stretching can be seen.
pub(super) fn colour(screen: &mut Screen, face: Face, orientation: u8) {
    let colours = [Color32::RED, Color32::GREEN, Color32::BLUE, Color32::YELLOW];
    let size = [320, 180];
    let pixel = |at: usize| colours[usize::from(at % 320 >= 160) + 2 * usize::from(at / 320 >= 90)];
    let image = ColorImage::new(size, (0..320 * 180).map(pixel).collect());
    let texture = screen
        .ctx
        .load_texture("picture", image, TextureOptions::LINEAR);
    let picture = Picture {
        texture: texture.id(),
        size: vec2(320.0, 180.0),
        orientation,
    };
    screen.state_mut().pictures.insert(face, picture);
    // The texture lives as long as its handle, and the harness is dropped with the test.
    std::mem::forget(texture);
}

/// Compares with the stored picture, where there is something to draw with. Fonts and drivers
/// differ a little.
pub(super) fn snapshot(mut screen: Screen, name: &str) {
    pass(&mut screen);
    // The renderer panics where it finds no driver.
    let drawn = catch_unwind(AssertUnwindSafe(|| screen.render().is_ok()));
    if !drawn.unwrap_or(false) {
        eprintln!("{name}: not compared, there is no renderer here");
        return;
    }
    let options = SnapshotOptions::new()
        .threshold(3.0)
        .failed_pixel_count_threshold(2_000);
    screen.snapshot_options(name, &options);
}

/// The screen as a state with settings and an inbox is.
fn at_home() -> State {
    let mut state = two_boxes();
    state.inbox = "/home/me/Downloads/transom".into();
    state.calls.own.request = state.config.request();
    state.own.name = "desk".into();
    state.own.key = Some(PublicKey([5; 32]));
    state.own.line = format!("desk 192.168.1.5 key={}", PublicKey([5; 32]));
    state.kept_in = [
        "/home/me/.config/transom/view.conf".into(),
        "/home/me/.local/state/transom".into(),
    ];
    state
}

fn watching() -> State {
    let mut state = two_boxes();
    state.apply(joined("door"));
    state.act(&Action::Watch(peer("door")));
    state.apply(started("door"));
    state.shown(Face::Peer(peer("door")), shown());
    state
}

#[test]
fn a_chosen_contact_is_called_or_watched_by_a_button() {
    let mut state = two_boxes();
    state.apply(joined("door"));
    let mut screen = open(state);
    assert_eq!(click(&mut screen, "yard "), [Action::Choose(peer("yard"))]);
    assert_eq!(click(&mut screen, "Watch"), [Action::Watch(peer("yard"))]);
    screen.get_by_label("yard is away");
    assert_eq!(
        click(&mut screen, "door here"),
        [Action::Choose(peer("door"))]
    );
    assert_eq!(click(&mut screen, "Call"), [Action::Call(peer("door"))]);
    screen.get_by_label("Calling door");
    screen.get_by_label("yard is away");
}

#[test]
fn the_picture_has_its_facts_and_buttons() {
    let mut screen = open(watching());
    coloured(&mut screen, 1);
    screen.run();
    screen.get_by_label("door  640x480  30 fps  12 ms");
    assert_eq!(
        click(&mut screen, "Full screen"),
        [Action::Fullscreen(true)]
    );
    assert!(screen.query_by_label("Contacts").is_none());
    assert_eq!(
        click(&mut screen, "Leave full screen"),
        [Action::Fullscreen(false)]
    );
    assert_eq!(
        click(&mut screen, "Stop watching"),
        [Action::HangUp(peer("door"))]
    );
    screen.get_by_label("Choose a contact, then call or watch them");
}

#[test]
fn a_broken_picture_is_told_beside_the_last_good_one() {
    let mut state = watching();
    state.broken(Face::Peer(peer("door")), "it ends in the middle".into());
    let screen = open(state);
    screen.get_by_label("door  640x480  30 fps  12 ms  1 broken");
    screen.get_by_label("the last good picture: it ends in the middle");
}

#[test]
fn what_the_far_side_says_about_its_camera_is_shown_escaped() {
    let mut state = watching();
    state.apply(Notice::FarCamera {
        peer: peer("door"),
        state: CameraState::Lost,
        text: "unplugged\u{1b}[2J.".into(),
    });
    let screen = open(state);
    screen.get_by_label("door's camera is lost");
    screen.get_by_label("unplugged\\u{1b}[2J.");
}

#[test]
fn keys_reach_everything() {
    let mut screen = open(watching());
    assert_eq!(
        press(&mut screen, Modifiers::NONE, Key::F11),
        [Action::Fullscreen(true)]
    );
    assert_eq!(
        press(&mut screen, Modifiers::NONE, Key::Escape),
        [Action::Fullscreen(false)]
    );
    // The first Esc leaves the text field, the second the picture.
    screen
        .get_by_role_and_label(Role::TextInput, "Text")
        .focus();
    screen.run();
    assert_eq!(press(&mut screen, Modifiers::NONE, Key::Escape), []);
    assert_eq!(
        press(&mut screen, Modifiers::NONE, Key::Escape),
        [Action::HangUp(peer("door"))]
    );
    assert_eq!(
        press(&mut screen, Modifiers::COMMAND, Key::Q),
        [Action::Quit]
    );
}

#[test]
fn tab_and_enter_choose_and_watch_a_box() {
    let mut screen = open(two_boxes());
    tab_to(&mut screen, "yard ");
    assert_eq!(
        press(&mut screen, Modifiers::NONE, Key::Enter),
        [Action::Choose(peer("yard"))]
    );
    tab_to(&mut screen, "Watch");
    assert_eq!(
        press(&mut screen, Modifiers::NONE, Key::Enter),
        [Action::Watch(peer("yard"))]
    );
}

fn tab_to(screen: &mut Screen, label: &str) {
    for _ in 0..30 {
        if screen.get_by_label(label).is_focused() {
            return;
        }
        screen.key_press(Key::Tab);
        screen.run();
    }
    panic!("{label} is not reached");
}

#[test]
fn text_is_sent_by_enter_and_by_button_and_never_empty() {
    let mut screen = open(two_boxes());
    fill(&mut screen, "Text", "grüß dich");
    let text = |text: &str| Action::Text {
        peer: peer("door"),
        text: text.into(),
    };
    assert_eq!(
        press(&mut screen, Modifiers::NONE, Key::Enter),
        [text("grüß dich")]
    );
    // The field keeps the keyboard, so that one can go on.
    assert_eq!(press(&mut screen, Modifiers::NONE, Key::Enter), []);
    fill(&mut screen, "Text", "second");
    assert_eq!(click(&mut screen, "Send text"), [text("second")]);
    let field = screen.get_by_role_and_label(Role::TextInput, "Text");
    assert_eq!(field.value().as_deref(), Some(""));
}

#[test]
fn an_offer_takes_the_keyboard_from_nobody() {
    let (ids, state) = (Ids::new(), watching());
    let mut screen = open(state);
    screen
        .get_by_role_and_label(Role::TextInput, "Text")
        .focus();
    screen.run();
    screen.state_mut().state.apply(offer(&ids, "plan.pdf"));
    screen.run();
    assert!(
        screen
            .get_by_role_and_label(Role::TextInput, "Text")
            .is_focused()
    );
    screen.state_mut().state.offers.clear();
    screen.run();
    assert!(
        screen
            .get_by_role_and_label(Role::TextInput, "Text")
            .is_focused()
    );
}

#[test]
fn talk_shows_both_sides_and_what_arrived() {
    let (ids, mut state) = (Ids::new(), two_boxes());
    let id = ids.text();
    state.said(peer("door"), id, "open please".into());
    state.apply(Notice::TextArrived {
        peer: peer("door"),
        text: id,
    });
    state.apply(Notice::Text {
        peer: peer("door"),
        text: "who\u{202e}is it".into(),
    });
    state.apply(Notice::Text {
        peer: peer("yard"),
        text: "hello".into(),
    });
    let screen = open(state);
    screen.get_by_label("me: open please");
    screen.get_by_label("arrived");
    screen.get_by_label("door: who\\u{202e}is it");
    screen.get_by_label("yard 1 new");
}

#[test]
fn a_typed_path_a_drop_and_a_dialog_send_a_file() {
    let mut screen = open(two_boxes());
    fill(&mut screen, "Path", "/tmp/a b.txt");
    let send = |path: &str| Action::Send {
        peer: peer("door"),
        path: path.into(),
    };
    assert_eq!(
        press(&mut screen, Modifiers::NONE, Key::Enter),
        [send("/tmp/a b.txt")]
    );
    let dropped = DroppedFile {
        path: Some("/tmp/dropped".into()),
        ..Default::default()
    };
    screen.input_mut().dropped_files.push(dropped);
    screen.step();
    assert_eq!(screen.state_mut().take(), [send("/tmp/dropped")]);
    assert_eq!(
        click(&mut screen, "Send folder…"),
        [Action::Pick {
            peer: peer("door"),
            folder: true
        }]
    );
    // One dialog at a time.
    assert_eq!(click(&mut screen, "Send files…"), []);
}

#[test]
fn files_go_to_another_contact_without_leaving_the_picture() {
    let mut screen = open(watching());
    screen.get_by_role(Role::ComboBox).click();
    screen.run();
    assert_eq!(click(&mut screen, "yard"), [Action::Choose(peer("yard"))]);
    fill(&mut screen, "Path", "x");
    let send = Action::Send {
        peer: peer("yard"),
        path: "x".into(),
    };
    assert_eq!(press(&mut screen, Modifiers::NONE, Key::Enter), [send]);
    assert!(!screen.state().state.calls.open.is_empty());
}

#[test]
fn a_transfer_shows_bar_rate_and_time_and_can_be_halted_and_cancelled() {
    let (ids, mut state) = (Ids::new(), two_boxes());
    let id = ids.transfer();
    state.apply(Notice::Transfer(status(id, Phase::Running, 120_750_000)));
    let mut screen = open(state);
    screen.get_by_label("holiday.mp4 to door");
    screen.get_by_label("121 MB of 345 MB, 56 MB/s, 0:06 left");
    screen.get_by_role(Role::ProgressIndicator);
    assert_eq!(
        click(&mut screen, "Pause"),
        [Action::Pause {
            transfer: id,
            paused: true
        }]
    );
    let outcome = Outcome::Failed {
        why: "no space left on device".into(),
    };
    screen.state_mut().state.apply(Notice::TransferEnded {
        status: status(id, Phase::Ended, 0),
        outcome,
    });
    screen.run();
    screen.get_by_label("failed: no space left on device");
    assert_eq!(click(&mut screen, "Clear"), [Action::Clear(id)]);
    assert!(screen.query_by_role(Role::ProgressIndicator).is_none());
}

fn offer(ids: &Ids, name: &str) -> Notice {
    Notice::Offered {
        transfer: ids.transfer(),
        peer: peer("yard"),
        name: name.into(),
        shape: Shape::File,
        files: 1,
        bytes: 1_234_567,
        overwrites: false,
        asks: true,
    }
}

#[test]
fn an_offer_shows_true_name_and_size_and_is_accepted_or_refused() {
    let (ids, mut state) = (Ids::new(), two_boxes());
    state.apply(offer(&ids, "photo\u{202e}gpj.exe"));
    let id = state.offers[0].transfer;
    let mut screen = open(state);
    screen.get_by_label("yard offers photo\\u{202e}gpj.exe (1.2 MB)");
    assert_eq!(
        click(&mut screen, "Accept"),
        [Action::Accept {
            transfer: id,
            into: None
        }]
    );
    assert!(screen.query_by_label("Accept").is_none());
    screen.state_mut().state.apply(offer(&ids, "second"));
    let id = screen.state().state.offers[0].transfer;
    screen.run();
    assert_eq!(click(&mut screen, "Refuse"), [Action::Refuse(id)]);
}

#[test]
fn a_changed_key_shows_both_fingerprints_and_the_way_on() {
    let mut state = two_boxes();
    let (pinned, offered) = (PublicKey([1; 32]), PublicKey([2; 32]));
    state.apply(Notice::KeyChanged {
        peer: peer("door"),
        pinned,
        offered,
        in_book: false,
    });
    let mut screen = open(state);
    screen.get_by_label(&format!("known  {}", pinned.fingerprint()));
    screen.get_by_label(&format!("shown  {}", offered.fingerprint()));
    screen.get_by_label("transom users forget door");
    assert_eq!(click(&mut screen, "Dismiss"), [Action::Dismiss(0)]);
    assert!(screen.query_by_label("Dismiss").is_none());
}

#[test]
fn bad_lines_are_told() {
    let (book, _) = transom_users::Book::parse("");
    let bad_lines = vec!["list.txt:3: no address".into()];
    let mut screen = open(State::new(
        book.contacts(),
        "/my/list.txt".into(),
        bad_lines,
    ));
    screen.get_by_label("1 line can't be used; the others are");
    screen.get_by_label("list.txt:3: no address");
    screen.get_by_label("/my/list.txt");
    assert_eq!(
        click(&mut screen, "Open the folder of the contact list"),
        [Action::OpenFolder("/my".into())]
    );
}

#[test]
fn an_idle_screen_asks_for_no_redraw() {
    let mut state = watching();
    state.apply(Notice::Transfer(status(
        Ids::new().transfer(),
        Phase::Running,
        1,
    )));
    let mut screen = open(state);
    screen
        .get_by_role_and_label(Role::TextInput, "Text")
        .focus();
    screen.run();
    screen.step();
    let delay = screen.output().viewport_output[&egui::ViewportId::ROOT].repaint_delay;
    assert_eq!(delay, std::time::Duration::MAX);
}

#[test]
fn the_picture_keeps_its_proportions_in_the_middle() {
    let area = egui::Rect::from_min_size(pos2(100.0, 50.0), vec2(800.0, 800.0));
    let wide = letterbox(vec2(1280.0, 720.0), area);
    assert_eq!(
        (wide.min, wide.size()),
        (pos2(100.0, 225.0), vec2(800.0, 450.0))
    );
    let tall = letterbox(vec2(10.0, 20.0), area);
    assert_eq!(
        (tall.min, tall.size()),
        (pos2(300.0, 50.0), vec2(400.0, 800.0))
    );
    let nothing = letterbox(Vec2::ZERO, area);
    assert_eq!(nothing.size(), Vec2::ZERO);
}

#[test]
fn looks_like_a_busy_evening() {
    let (ids, mut state) = (Ids::new(), watching());
    state.apply(Notice::Listening {
        address: "0.0.0.0:7447".parse().unwrap(),
    });
    state.apply(Notice::Transfer(status(
        ids.transfer(),
        Phase::Running,
        120_750_000,
    )));
    state.apply(Notice::Text {
        peer: peer("door"),
        text: "the parcel is here".into(),
    });
    state.apply(offer(&ids, "plan.pdf"));
    let mut screen = open(state);
    coloured(&mut screen, 1);
    screen.run();
    snapshot(screen, "busy");
}

#[test]
fn looks_alarmed_when_a_key_changed() {
    let mut state = two_boxes();
    let (pinned, offered) = (PublicKey([1; 32]), PublicKey([2; 32]));
    state.apply(Notice::KeyChanged {
        peer: peer("door"),
        pinned,
        offered,
        in_book: false,
    });
    state.warn(Warning::BadLines(vec!["list.txt:3: no address".into()]));
    snapshot(open(state), "alarmed");
}

#[test]
fn looks_turned_when_the_camera_lies_on_its_side() {
    let mut screen = open(watching());
    // 6: what is on the left of the stored picture belongs on top.
    coloured(&mut screen, 6);
    screen.state_mut().state.fullscreen = true;
    screen.run();
    snapshot(screen, "turned");
}

#[test]
fn every_stop_of_the_tab_key_is_something_to_see_and_has_a_name() {
    let (ids, mut state) = (Ids::new(), watching());
    state.apply(offer(&ids, "plan.pdf"));
    state.apply(Notice::Transfer(status(ids.transfer(), Phase::Running, 1)));
    let mut screen = open(state);
    coloured(&mut screen, 1);
    screen.run();
    let mut walk = |modifiers| {
        let stop = |_| {
            screen.key_press_modifiers(modifiers, Key::Tab);
            screen.run();
            let mut all = screen
                .root()
                .children_recursive()
                .map(|node| node.accesskit_node());
            let focus = all.find(|node| node.is_focused());
            focus.and_then(|node| node.label()).unwrap_or_default()
        };
        (0..23).map(stop).collect::<Vec<_>>()
    };
    let stops = walk(Modifiers::NONE);
    assert!(stops.iter().all(|label| !label.is_empty()), "{stops:?}");
    for label in [
        "Refuse",
        "Add a contact",
        "door here",
        "Call",
        "Path",
        "Text",
        "Full screen",
    ] {
        assert!(
            stops.iter().any(|stop| stop == label),
            "{label} in {stops:?}"
        );
    }
    let mut back = walk(Modifiers::SHIFT);
    assert!(back.iter().all(|label| !label.is_empty()), "{back:?}");
    back.reverse();
    assert_eq!(stops[..22], back[1..], "the same way back");
}

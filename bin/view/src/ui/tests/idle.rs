//! An idle window asks for no frame, whatever it shows; what moves asks for as few as it needs.

use std::time::Duration;

use crate::model::Theme;
use crate::model::calls_tests::{interrupted, rings};

use super::scenes::{all_cameras, calling, home, watching};
use super::*;

/// In how long the screen wants to be drawn again, once everything on it is settled.
fn delay(screen: &mut Screen) -> Duration {
    // Past what hides itself and past what is deaf at first.
    screen.run_steps(20);
    screen.output().viewport_output[&egui::ViewportId::ROOT].repaint_delay
}

#[test]
fn an_idle_screen_asks_for_no_frame() {
    let scene = |scene: fn(Theme) -> State| scene(Theme::Dark);
    let mut ringing = nothing_written();
    ringing.apply(rings("Anna"));
    let mut corner = calling(Theme::Dark);
    corner.calls.open[0].since = None;
    corner.act(&Action::Choose(peer("Studio")));
    for (name, state) in [
        ("first run", State::default()),
        ("home", nothing_written()),
        ("camera", scene(watching)),
        ("cameras", scene(all_cameras)),
        ("ringing", ringing),
        ("corner", corner),
    ] {
        for size in [DESK, PHONE] {
            let mut screen = open_as_large(state_of(&state), size);
            assert_eq!(delay(&mut screen), Duration::MAX, "{name} {size}");
        }
    }
}

/// With a person chosen with whom nothing was written.
fn nothing_written() -> State {
    let mut state = home(Theme::Dark);
    state.act(&Action::Choose(peer("Studio")));
    state
}

/// The same state once more.
fn state_of(state: &State) -> State {
    let mut again = State::default();
    again.people = state.people.clone();
    again.chosen = state.chosen;
    again.view = state.view;
    again.calls.open = state.calls.open.clone();
    again.calls.incoming = state.calls.incoming.clone();
    again.capabilities = state.capabilities.clone();
    again.now = state.now;
    again.own = state.own.clone();
    again
}

#[test]
fn a_field_that_has_the_keyboard_asks_for_no_frame() {
    let mut screen = open(two_boxes());
    screen
        .get_by_role_and_label(Role::TextInput, page::FIELD)
        .focus();
    screen.run();
    assert_eq!(delay(&mut screen), Duration::MAX);
}

#[test]
fn a_call_without_its_controls_asks_for_no_frame_and_with_them_for_one_a_second() {
    let mut screen = open(calling(Theme::Dark));
    assert_eq!(delay(&mut screen), Duration::MAX);
    screen.hover_at(egui::pos2(600.0, 300.0));
    screen.run_steps(8);
    let with = screen.output().viewport_output[&egui::ViewportId::ROOT].repaint_delay;
    // Less what a frame takes in this test, a quarter of a second.
    let causes = screen.ctx.repaint_causes();
    assert_eq!(with, Duration::from_millis(750), "{causes:?}");
}

#[test]
fn a_call_that_comes_back_turns_its_ring_twice_a_second() {
    let mut state = calling(Theme::Dark);
    state.apply(interrupted("Anna"));
    let mut screen = open(state);
    assert_eq!(delay(&mut screen), Duration::from_millis(250));
}

/// Widgets that got another id in this frame, where they were: egui marks them in debug builds.
fn renamed(screen: &Screen) -> usize {
    let red = egui::Color32::RED;
    let mut marks = 0;
    for shape in &screen.output().shapes {
        if let egui::Shape::Rect(rect) = &shape.shape {
            marks += usize::from(rect.stroke.color == red);
        }
    }
    marks
}

#[test]
fn times_and_numbers_that_run_leave_their_widgets_as_they_are() {
    let mut code = home(Theme::Dark);
    code.act(&Action::ShowCode(transom_users::Rights::default()));
    code.apply(Notice::Pairing(
        Ids::new().pairing(),
        super::pairing::code_shown(),
    ));
    for mut state in [code, super::layout::everything()] {
        state.view.chat = false;
        let mut screen = open(state);
        pass(&mut screen);
        for second in 1..4 {
            let state = &mut screen.state_mut().state;
            state.now += Duration::from_secs(1);
            let numbers = transom::Numbers {
                rtt: Some(Duration::from_millis(2 + second)),
                sound: Some(transom::SoundNumbers::default()),
                ..transom::Numbers::default()
            };
            let peer = peer("Anna");
            state.apply(Notice::Measured { peer, numbers });
            screen.step();
            assert_eq!(renamed(&screen), 0);
        }
    }
}

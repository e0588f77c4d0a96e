//! Panes that slide: all of them end where they stand at once with reduced motion.

use crate::model::{Corner, Theme};

use super::scenes::{calling, conversation, paint};
use super::*;

/// A screen of sixty frames a second in which panes slide, unless motion is reduced.
fn moving(state: State, is_reduced: bool) -> Screen {
    let mut screen = Harness::builder()
        .with_size(DESK)
        .with_step_dt(1.0 / 60.0)
        .build_ui_state(frame, App::new(state));
    screen.run_steps(3);
    reduce_motion(&screen.ctx.clone(), is_reduced);
    screen.run_steps(2);
    screen
}

/// Where that is in each of the next frames.
fn places(screen: &mut Screen, label: &str) -> Vec<f32> {
    let place = |screen: &mut Screen| {
        screen.step();
        let node = screen.query_by_label(label);
        node.map(|node| node.rect().left())
    };
    (0..20).filter_map(|_| place(screen)).collect()
}

#[test]
fn the_sheet_slides_in_and_out() {
    for is_reduced in [false, true] {
        let mut screen = moving(conversation(Theme::Dark), is_reduced);
        screen.state_mut().state.act(&Action::Sheet(true));
        let shown = places(&mut screen, words::CALL_ME);
        let (first, last) = (shown[0], shown[shown.len() - 1]);
        assert_eq!(first == last, is_reduced, "{shown:?}");
        assert!(shown.is_sorted_by(|one, next| one >= next), "{shown:?}");
        screen.state_mut().state.act(&Action::Sheet(false));
        let hidden = places(&mut screen, words::CALL_ME);
        assert_eq!(hidden.is_empty(), is_reduced, "{hidden:?}");
        assert!(hidden.len() < 14, "{hidden:?}");
    }
}

#[test]
fn list_and_chat_slide_beside_a_call_and_end_in_their_places() {
    let mut screen = moving(calling(Theme::Dark), false);
    let mut slides = |action: Action, label: &str| {
        screen.state_mut().state.act(&action);
        let places = places(&mut screen, label);
        let moved = places.windows(2).filter(|pair| pair[0] != pair[1]);
        assert!(moved.count() > 3, "{places:?}");
        let rest = &places[places.len() - 5..];
        assert!(rest.windows(2).all(|pair| pair[0] == pair[1]), "{places:?}");
    };
    slides(Action::ShowList(true), words::ADD_SOMEBODY);
    slides(Action::ShowChat(true), "Message Anna");
}

#[test]
fn the_own_picture_slides_into_another_corner() {
    for is_reduced in [false, true] {
        let mut screen = moving(calling(Theme::Dark), is_reduced);
        paint(&mut screen);
        let own = screen.get_by_label(words::MY_PICTURE_MOVES);
        own.focus();
        screen.run_steps(2);
        screen.key_press(Key::ArrowLeft);
        screen.step();
        assert_eq!(screen.state().state.calls.own.corner, Corner::LowerLeft);
        let places = places(&mut screen, words::MY_PICTURE_MOVES);
        let (first, last) = (places[0], places[places.len() - 1]);
        assert_eq!(first == last, is_reduced, "{places:?}");
        assert!(last < 100.0, "{places:?}");
    }
}

#[test]
fn what_has_slid_asks_for_no_frame() {
    let mut screen = moving(conversation(Theme::Dark), false);
    screen.state_mut().state.act(&Action::Sheet(true));
    screen.run_steps(120);
    let viewport = &screen.output().viewport_output[&egui::ViewportId::ROOT];
    assert!(viewport.repaint_delay > std::time::Duration::from_millis(100));
}

/// The horizontal place and the alpha of those painted words in each of the next frames.
fn painted(screen: &mut Screen, words: &str) -> Vec<(f32, u8)> {
    let place = |screen: &mut Screen| {
        screen.step();
        let mut shapes = screen.output().shapes.iter();
        shapes.find_map(|shape| match &shape.shape {
            egui::Shape::Text(text) if text.galley.text() == words => {
                let letters = text
                    .galley
                    .rows
                    .iter()
                    .flat_map(|row| &row.visuals.mesh.vertices);
                Some((text.pos.x, letters.map(|vertex| vertex.color.a()).max()?))
            }
            _ => None,
        })
    };
    (0..20).filter_map(|_| place(screen)).collect()
}

#[test]
fn a_toast_slides_and_fades_in_and_fades_out() {
    for is_reduced in [false, true] {
        let mut screen = moving(conversation(Theme::Dark), is_reduced);
        screen.state_mut().state.tell(crate::model::News::NoPicture);
        let words = words::news(&crate::model::News::NoPicture);
        let shown = painted(&mut screen, &words);
        let ((start, pale), (end, full)) = (shown[0], shown[shown.len() - 1]);
        assert_eq!(
            (start == end, pale == full),
            (is_reduced, is_reduced),
            "{shown:?}"
        );
        assert!(start >= end, "{shown:?}");
        // It is pale as long as its buttons are deaf.
        screen.run_steps(60);
        let full = painted(&mut screen, &words);
        assert!(full.iter().all(|one| *one == (end, 255)), "{full:?}");
        screen.state_mut().state.now += std::time::Duration::from_millis(8080);
        let going = painted(&mut screen, &words);
        assert_eq!(going.is_empty(), is_reduced, "{going:?}");
        assert!(going.iter().all(|(_, alpha)| *alpha < 255), "{going:?}");
        screen.state_mut().state.now += std::time::Duration::from_millis(100);
        screen.run_steps(2);
        assert!(painted(&mut screen, &words).is_empty());
    }
}

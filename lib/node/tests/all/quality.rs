//! Quality that follows a viewer, between two stations.

use transom::{
    Adaptation, Bottleneck, CallKind, CameraState, Identity, Notice, Quality, Redial, TradeOff,
};

use crate::calls::{name, pattern};
use crate::support::{Peer, book, local};

/// A box with a test pattern that its owner may lower so, and its viewer.
fn watched(adaptation: Adaptation) -> (Peer, Peer) {
    let guest = Identity::throwaway().unwrap();
    let line = format!("guest 127.0.0.1 key={} may=view", guest.public_key());
    let far = Peer::start("box", |settings| {
        settings.book = book(&[line]);
        settings.listen = local();
        settings.serve_camera = true;
        settings.camera = Some(pattern(320, 240));
        settings.adaptation = adaptation;
    });
    let near = Peer::start("guest", |settings| settings.identity = guest);
    near.handle.connect(far.contact("box"), Redial::Never);
    near.joined();
    near.handle.ring(&name("box"), CallKind::View);
    (far, near)
}

/// Waits until the owner is told of such a quality.
fn told(owner: &Peer, wanted: impl Fn(&Quality) -> bool) -> Quality {
    owner.wait(|notice| match notice {
        Notice::Quality { peer, quality } if wanted(&quality) => {
            assert_eq!(peer, name("guest"));
            Some(quality)
        }
        _ => None,
    })
}

/// Waits until the viewer is told how the camera is, and takes all pictures until then.
fn seen(viewer: &Peer, wanted: CameraState) -> String {
    viewer.wait(|notice| match notice {
        Notice::FarCamera { state, text, .. } if state == wanted => Some(text),
        _ => None,
    })
}

#[test]
fn a_viewer_that_shows_nothing_gets_less_and_both_sides_are_told_until_it_is_well_again() {
    let (far, near) = watched(Adaptation::default());
    assert_eq!(
        seen(&near, CameraState::Live),
        "320x240, 60 fps, from a test pattern"
    );
    // Nobody takes pictures from the viewer, so no credit goes back.
    let lowest = told(&far, |quality| quality.size == (160, 120));
    assert_eq!(lowest.quality, Some(35));
    assert_eq!(lowest.bottleneck, Some(Bottleneck::Viewer));
    let words = seen(&near, CameraState::Reduced);
    assert!(words.ends_with(": the viewer is slow"), "{words}");
    near.picture(160);
    near.picture(320);
}

#[test]
fn an_owner_who_turns_adaptation_off_gives_full_pictures_at_once() {
    let smooth = Adaptation {
        trade_off: TradeOff::Smooth,
        ..Adaptation::default()
    };
    let (far, near) = watched(smooth);
    told(&far, |quality| quality.size == (160, 120));
    far.handle.set_adaptation(Adaptation {
        trade_off: TradeOff::Off,
        ..smooth
    });
    let full = told(&far, |quality| quality.bottleneck.is_none());
    assert_eq!(full.to_string(), "60 fps, quality 80, 320x240");
    near.picture(320);
    seen(&near, CameraState::Live);
}

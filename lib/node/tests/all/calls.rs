//! Calls between people: who rings, who answers, who sees whose camera.

use std::time::Duration;

use transom::media::{CaptureRequest, Source};
use transom::{
    CallKind, CameraState, EndReason, FarCameraStats, Identity, MachineState, Notice, PeerName,
    Redial, Settings, TradeOff,
};

use crate::support::{Peer, book, local};

pub(crate) fn name(text: &str) -> PeerName {
    text.parse().unwrap()
}

/// A moving picture of that size.
pub(crate) fn pattern(width: u16, height: u16) -> CaptureRequest {
    CaptureRequest {
        source: Source::Pattern,
        size: Some((width, height)),
        fps: Some(60),
        ..CaptureRequest::default()
    }
}

/// Somebody at a window with a camera, who is called and knows these people: name, key, rights.
pub(crate) fn person(
    own: &Identity,
    known: &[(&str, &Identity, &str)],
    change: impl FnOnce(&mut Settings),
) -> Peer {
    let lines: Vec<_> = known
        .iter()
        .map(|(name, identity, may)| {
            format!("{name} 127.0.0.1 key={} may={may}", identity.public_key())
        })
        .collect();
    Peer::start("person", |settings| {
        settings.identity = own.clone();
        settings.book = book(&lines);
        settings.listen = local();
        settings.takes_calls = true;
        settings.camera = Some(pattern(320, 240));
        // Tests know pictures by their size, and nobody takes them while a test does other things.
        settings.adaptation.trade_off = TradeOff::Off;
        change(settings);
    })
}

/// Anna, who has dialed ben.
pub(crate) fn pair(change: impl FnOnce(&mut Settings)) -> (Peer, Peer) {
    let (a, b) = identities();
    let ben = person(&b, &[("anna", &a, "view,call,files")], change);
    let anna = person(&a, &[("ben", &b, "view,call,files")], |_| {});
    anna.handle.connect(ben.contact("ben"), Redial::Always);
    anna.joined();
    ben.joined();
    (anna, ben)
}

pub(crate) fn identities() -> (Identity, Identity) {
    (
        Identity::throwaway().unwrap(),
        Identity::throwaway().unwrap(),
    )
}

impl Peer {
    pub(crate) fn rung(&self) -> PeerName {
        self.wait(|notice| match notice {
            Notice::Ringing {
                peer,
                kind: CallKind::Talk,
            } => Some(peer),
            _ => None,
        })
    }

    /// Waits for a call to begin; whether it is one that goes on.
    pub(crate) fn started(&self) -> bool {
        self.wait(|notice| match notice {
            Notice::CallStarted { resumed, .. } => Some(resumed),
            Notice::CallEnded { reason, text, .. } => panic!("ended: {reason:?} {text}"),
            _ => None,
        })
    }

    pub(crate) fn ended(&self) -> EndReason {
        self.wait(|notice| match notice {
            Notice::CallEnded { reason, .. } => Some(reason),
            _ => None,
        })
    }

    pub(crate) fn sees(&self, wanted: CameraState) {
        self.wait(|notice| match notice {
            Notice::FarCamera { state, .. } if state == wanted => Some(()),
            _ => None,
        });
    }

    /// Waits for a picture of that width.
    pub(crate) fn picture(&self, width: u16) {
        self.wait(|notice| match notice {
            Notice::Picture { picture, .. } if picture.width == width => Some(()),
            _ => None,
        });
    }

    pub(crate) fn camera(&self, wanted: CameraState) {
        self.wait(|notice| match notice {
            Notice::Camera { state, .. } if state == wanted => Some(()),
            _ => None,
        });
    }
}

/// Anna in a call with ben.
pub(crate) fn calling(change: impl FnOnce(&mut Settings)) -> (Peer, Peer) {
    let (anna, ben) = pair(change);
    anna.handle.ring(&name("ben"), CallKind::Talk);
    assert_eq!(ben.rung(), name("anna"));
    ben.handle.answer(&name("anna"));
    assert!(!anna.started() && !ben.started());
    (anna, ben)
}

#[test]
fn a_call_shows_no_camera_until_its_owner_does() {
    let (anna, ben) = calling(|_| {});
    anna.sees(CameraState::Off);
    ben.sees(CameraState::Off);
    ben.never(
        |notice| matches!(notice, Notice::Camera { .. } | Notice::Picture { .. }),
        Duration::from_millis(200),
    );
    ben.handle.show_camera(&name("anna"), true);
    anna.sees(CameraState::Live);
    anna.picture(320);
    ben.handle.show_camera(&name("anna"), false);
    anna.sees(CameraState::Off);
    ben.camera(CameraState::Off);
    anna.handle.hang_up(&name("ben"));
    assert_eq!(
        (anna.ended(), ben.ended()),
        (EndReason::Chosen, EndReason::Chosen)
    );
}

#[test]
fn a_call_can_be_declined_and_given_up() {
    let (anna, ben) = pair(|_| {});
    anna.handle.ring(&name("ben"), CallKind::Talk);
    ben.rung();
    ben.handle.decline(&name("anna"));
    assert_eq!(anna.ended(), EndReason::Chosen);
    assert_eq!(ben.ended(), EndReason::Chosen);
    anna.handle.ring(&name("ben"), CallKind::Talk);
    ben.rung();
    anna.handle.hang_up(&name("ben"));
    assert_eq!(ben.ended(), EndReason::Chosen);
}

#[test]
fn a_ring_that_nobody_answers_ends_at_both_sides() {
    let (a, b) = identities();
    let short = |settings: &mut Settings| settings.ring_timeout = Duration::from_millis(300);
    let ben = person(&b, &[("anna", &a, "call")], short);
    let anna = person(&a, &[("ben", &b, "call")], short);
    anna.handle.connect(ben.contact("ben"), Redial::Always);
    anna.joined();
    anna.handle.ring(&name("ben"), CallKind::Talk);
    ben.rung();
    assert_eq!(anna.ended(), EndReason::Unanswered);
    assert_eq!(ben.ended(), EndReason::Unanswered);
}

#[test]
fn a_ring_ends_here_though_the_caller_goes_on() {
    let (anna, ben) = pair(|settings| settings.ring_timeout = Duration::from_millis(200));
    anna.handle.ring(&name("ben"), CallKind::Talk);
    ben.rung();
    assert_eq!(ben.ended(), EndReason::Unanswered);
    assert_eq!(anna.ended(), EndReason::Unanswered);
}

#[test]
fn who_takes_no_calls_is_busy_until_he_does_again() {
    let (anna, ben) = pair(|_| {});
    ben.handle.take_calls(false);
    // The handle's queue is in order, so that he has heard it when his text is here.
    ben.handle.text(&name("anna"), "quiet");
    anna.wait(|notice| matches!(notice, Notice::Text { .. }).then_some(()));
    anna.handle.ring(&name("ben"), CallKind::Talk);
    assert_eq!(anna.ended(), EndReason::Busy);
    ben.handle.take_calls(true);
    ben.handle.text(&name("anna"), "ready");
    anna.wait(|notice| matches!(notice, Notice::Text { .. }).then_some(()));
    anna.handle.ring(&name("ben"), CallKind::Talk);
    ben.rung();
}

#[test]
fn several_call_at_once_and_each_sees_the_camera_only_if_shown() {
    let (a, b) = identities();
    let (c, d) = identities();
    let known = [
        ("anna", &a, "call"),
        ("carl", &c, "call"),
        ("dora", &d, "call"),
    ];
    let ben = person(&b, &known, |settings| settings.max_talks = 2);
    let dial = |own: &Identity| {
        let caller = person(own, &[("ben", &b, "call")], |_| {});
        caller.handle.connect(ben.contact("ben"), Redial::Always);
        caller.joined();
        caller.handle.ring(&name("ben"), CallKind::Talk);
        caller
    };
    let anna = dial(&a);
    ben.handle.answer(&ben.rung());
    let carl = dial(&c);
    ben.handle.answer(&ben.rung());
    let dora = dial(&d);
    assert_eq!(dora.ended(), EndReason::Busy);
    let declined = |notice| match notice {
        Notice::Declined { peer, reason, .. } => Some((peer, reason)),
        _ => None,
    };
    assert_eq!(ben.wait(declined), (name("dora"), EndReason::Busy));
    ben.handle.show_camera(&name("carl"), true);
    carl.picture(320);
    anna.sees(CameraState::Off);
    anna.never(
        |notice| matches!(notice, Notice::Picture { .. } | Notice::FarCamera { .. }),
        Duration::from_millis(200),
    );
    ben.handle.show_camera(&name("anna"), true);
    anna.picture(320);
}

#[test]
fn the_right_auto_is_answered_at_once_and_shown_the_camera() {
    let (a, b) = identities();
    let ben = person(&b, &[("anna", &a, "call,auto")], |_| {});
    let anna = person(&a, &[("ben", &b, "call")], |_| {});
    anna.handle.connect(ben.contact("ben"), Redial::Always);
    anna.joined();
    anna.handle.ring(&name("ben"), CallKind::Talk);
    anna.started();
    anna.picture(320);
}

#[test]
fn a_box_is_called_like_a_person_and_wants_no_pictures() {
    let (a, b) = identities();
    let porch = person(&b, &[("anna", &a, "view")], |settings| {
        (settings.takes_calls, settings.serve_camera) = (false, true);
    });
    let anna = person(&a, &[("porch", &b, "call")], |_| {});
    anna.handle.connect(porch.contact("porch"), Redial::Always);
    anna.joined();
    anna.handle.ring(&name("porch"), CallKind::Talk);
    anna.started();
    anna.picture(320);
    anna.handle.show_camera(&name("porch"), true);
    anna.handle.measure(true);
    // More than there is credit for: each goes back at once.
    anna.wait(|notice| match notice {
        Notice::Measured { numbers, .. } if numbers.pictures_sent > 4 => Some(()),
        _ => None,
    });
    porch.never(
        |notice| matches!(notice, Notice::Picture { .. }),
        Duration::from_millis(100),
    );
}

#[test]
fn both_who_ring_at_once_are_in_one_call() {
    let (anna, ben) = pair(|_| {});
    for _ in 0..10 {
        anna.handle.ring(&name("ben"), CallKind::Talk);
        ben.handle.ring(&name("anna"), CallKind::Talk);
        assert!(!anna.started() && !ben.started());
        anna.handle.hang_up(&name("ben"));
        assert_eq!(ben.ended(), EndReason::Chosen);
        assert_eq!(anna.ended(), EndReason::Chosen);
    }
}

#[test]
fn rings_that_cross_on_two_connections_are_one_call_too() {
    let (a, b) = identities();
    for _ in 0..5 {
        let ben = person(&b, &[("anna", &a, "call")], |_| {});
        let anna = person(&a, &[("ben", &b, "call"), ("benny", &b, "call")], |_| {});
        anna.handle.connect(ben.contact("ben"), Redial::Always);
        anna.joined();
        ben.joined();
        anna.handle.connect(ben.contact("benny"), Redial::Always);
        anna.joined();
        ben.joined();
        // Ben has two connections to anna and takes the first one, she the second.
        anna.handle.ring(&name("benny"), CallKind::Talk);
        ben.handle.ring(&name("anna"), CallKind::Talk);
        assert!(!anna.started() && !ben.started());
        let more = |notice: &Notice| {
            matches!(
                notice,
                Notice::CallStarted { .. } | Notice::CallEnded { .. } | Notice::Ringing { .. }
            )
        };
        anna.never(more, Duration::from_millis(100));
        ben.never(more, Duration::from_millis(1));
    }
}

#[test]
fn two_who_dial_and_ring_each_other_at_once_are_in_one_call() {
    let (a, b) = identities();
    for _ in 0..5 {
        let ben = person(&b, &[("anna", &a, "call")], |_| {});
        let anna = person(&a, &[("ben", &b, "call")], |_| {});
        anna.handle.connect(ben.contact("ben"), Redial::Always);
        ben.handle.connect(anna.contact("anna"), Redial::Always);
        anna.joined();
        anna.handle.ring(&name("ben"), CallKind::Talk);
        ben.joined();
        ben.handle.ring(&name("anna"), CallKind::Talk);
        assert!(!anna.started() && !ben.started());
        let more = |notice: &Notice| {
            matches!(
                notice,
                Notice::CallStarted { .. }
                    | Notice::CallEnded { .. }
                    | Notice::CallInterrupted { .. }
            )
        };
        anna.never(more, Duration::from_millis(100));
        ben.never(more, Duration::from_millis(1));
    }
}

#[test]
fn both_who_watch_each_other_at_once_see_each_other() {
    let (a, b) = identities();
    let serves = |settings: &mut Settings| settings.serve_camera = true;
    let ben = person(&b, &[("anna", &a, "view")], serves);
    let anna = person(&a, &[("ben", &b, "view")], serves);
    anna.handle.connect(ben.contact("ben"), Redial::Always);
    anna.joined();
    ben.joined();
    anna.handle.ring(&name("ben"), CallKind::View);
    ben.handle.ring(&name("anna"), CallKind::View);
    anna.picture(320);
    ben.picture(320);
}

#[test]
fn who_is_recorded_is_told() {
    let (anna, ben) = calling(|_| {});
    for wanted in [true, false] {
        anna.handle.recording(&name("ben"), wanted);
        let told = ben.wait(|notice| match notice {
            Notice::FarRecording { peer, on } => Some((peer, on)),
            _ => None,
        });
        assert_eq!(told, (name("anna"), wanted));
    }
}

impl Peer {
    /// Waits for statistics of the camera that ben shows.
    pub(crate) fn far_stats(&self, wanted: impl Fn(&FarCameraStats) -> bool) -> FarCameraStats {
        self.wait(|notice| match notice {
            Notice::FarCameraStats { peer, stats } if wanted(&stats) => {
                assert_eq!(peer, name("ben"));
                Some(*stats)
            }
            _ => None,
        })
    }

    fn stats_wanted(&self) -> bool {
        self.wait(|notice| match notice {
            Notice::StatsWanted { on } => Some(on),
            _ => None,
        })
    }
}

#[test]
fn a_viewer_that_asks_is_told_what_the_camera_did_until_it_asks_no_longer() {
    let (anna, ben) = pair(|settings| settings.serve_camera = true);
    anna.handle.ring(&name("ben"), CallKind::View);
    anna.handle.want_stats(true);
    assert!(ben.stats_wanted());
    ben.handle.machine(MachineState {
        temperature: Some(61.4),
        throttling: None,
    });
    let is_running = |stats: &FarCameraStats| stats.numbers.fps > 1.0 && stats.ours.sent > 0;
    let stats = anna.far_stats(is_running);
    assert_eq!((stats.numbers.agreed_fps, stats.viewers), (60, 1));
    assert!(stats.numbers.counts.good > 0);
    assert_eq!(stats.numbers.machine.temperature, Some(61.4));
    anna.handle.want_stats(false);
    let is_off = ben.wait(|notice| match notice {
        Notice::StatsWanted { on } => Some(!on),
        Notice::CameraStats(stats) => panic!("their owner did not ask for {stats:?}"),
        _ => None,
    });
    assert!(is_off);
    // What was on its way came before this.
    let stats = |notice: &Notice| matches!(notice, Notice::FarCameraStats { .. });
    anna.told(Duration::from_millis(100));
    anna.never(stats, Duration::from_millis(1500));
}

#[test]
fn who_is_shown_no_camera_is_told_nothing_of_it() {
    let (anna, ben) = calling(|_| {});
    anna.handle.want_stats(true);
    let stats = |notice: &Notice| {
        matches!(
            notice,
            Notice::FarCameraStats { .. } | Notice::StatsWanted { .. }
        )
    };
    anna.never(stats, Duration::from_millis(1200));
    ben.never(stats, Duration::ZERO);
    ben.handle.show_camera(&name("anna"), true);
    anna.far_stats(|stats| stats.viewers == 1);
}

#[test]
fn a_viewer_that_is_stopped_stays_in_its_call() {
    let (anna, ben) = pair(|settings| settings.serve_camera = true);
    anna.handle.ring(&name("ben"), CallKind::View);
    assert!(!ben.started());
    ben.handle.ring(&name("anna"), CallKind::Talk);
    assert_eq!(anna.rung(), name("ben"));
    anna.handle.answer(&name("ben"));
    assert!(!ben.started());
    ben.handle.stop_viewer(&name("anna"));
    let ended = ben.wait(|notice| match notice {
        Notice::CallEnded { kind, outgoing, .. } => Some((kind, outgoing)),
        _ => None,
    });
    assert_eq!(ended, (CallKind::View, false));
    let ends = |notice: &Notice| matches!(notice, Notice::CallEnded { .. });
    ben.never(ends, Duration::from_millis(300));
}

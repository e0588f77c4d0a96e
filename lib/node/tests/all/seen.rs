//! What a viewer learns of a station: what it can do, and how long its pictures take.

use transom::latency::Stage;
use transom::media::{CaptureRequest, Source};
use transom::{CallKind, Capabilities, Identity, Notice, Redial, Settings};

use crate::calls::name;
use crate::support::{Peer, book, local};

fn capabilities(peer: &Peer) -> Capabilities {
    peer.wait(|notice| match notice {
        Notice::Joined { capabilities, .. } => Some(capabilities),
        _ => None,
    })
}

#[test]
fn a_peer_can_do_what_all_its_programs_can_together() {
    let owner = Identity::throwaway().unwrap();
    let far = Peer::start("far", |settings| {
        let line = format!("anna 127.0.0.1:9 key={}", owner.public_key());
        (settings.listen, settings.book) = (local(), book(&[line]));
    });
    let program = |change: fn(&mut Settings)| {
        let program = Peer::start("anna", |settings| {
            settings.identity = owner.clone();
            change(settings);
        });
        program.handle.connect(far.contact("far"), Redial::Never);
        program
    };
    let _sender = program(|_| ());
    // With sound built in, every program takes it.
    let any = capabilities(&far);
    let calls_and_camera = Capabilities::CALLS | Capabilities::CAMERA;
    for can in [Capabilities::CALLS, Capabilities::CAMERA] {
        assert!(!any.contains(can), "{any:?}");
    }
    let _window = program(|settings| settings.takes_calls = true);
    assert_eq!(capabilities(&far), any | Capabilities::CALLS);
    let _camera = program(|settings| {
        settings.camera = Some(CaptureRequest::default());
        settings.serve_camera = true;
    });
    assert_eq!(capabilities(&far), any | calls_and_camera);
}

#[test]
fn a_picture_has_every_stage_that_its_sender_has_and_they_add_up() {
    let viewer = Identity::throwaway().unwrap();
    let far = Peer::start("box", |settings| {
        let line = format!("viewer 127.0.0.1:9 key={} may=view", viewer.public_key());
        (settings.listen, settings.book) = (local(), book(&[line]));
        settings.camera = Some(CaptureRequest {
            source: Source::Pattern,
            size: Some((320, 240)),
            ..CaptureRequest::default()
        });
        settings.serve_camera = true;
    });
    let near = Peer::start("viewer", |settings| settings.identity = viewer);
    near.handle.connect(far.contact("box"), Redial::Never);
    near.joined();
    near.handle.ring(&name("box"), CallKind::View);
    // The pattern is encoded in its first lap; the clocks are compared by the first pong.
    let sender = [Stage::Capture, Stage::Encode, Stage::Wait, Stage::Wire];
    let (stages, sum) = near.wait(|notice| match notice {
        Notice::Picture { picture, .. } => {
            let stages = picture.timing.stages;
            let known: Option<Vec<_>> = sender.into_iter().map(|one| stages.get(one)).collect();
            Some((stages, known?.into_iter().sum()))
        }
        _ => None,
    });
    assert_eq!(stages.total(), Some(sum));
    assert!(stages.clock_error().is_some());
    assert_eq!(stages.get(Stage::Decode), None, "a station decodes nothing");
}

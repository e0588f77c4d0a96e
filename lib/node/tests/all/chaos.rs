//! Everything at once and in no order: whatever a peer and an owner do, the station goes on, and
//! its camera goes out.

use std::time::Duration;

use transom::{Accept, CallKind, CameraState, EndReason, Notice, RefuseReason};
use transom_net::PeerId;
use transom_proto::{self as proto, CallEvent, CallId};
use transom_wire::{Collision, Offer, RelativePath, Shape, TransferKey};

use crate::calls::{name, pattern};
use crate::evil::{Evil, victim};
use crate::support::{Peer, Scratch, book, inbox};

/// Enough for each thing to follow each other one.
const STEPS: usize = 1500;

/// Numbers in no order, the same in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % sides
    }
}

/// What the peer does. What is not possible just then is no fault of the station.
fn peer_acts(evil: &mut Evil, dice: &mut Dice, links: &[PeerId], calls: &[(PeerId, CallId)]) {
    let link = links.get(dice.roll(links.len().max(1) as u64) as usize);
    let call = calls.get(dice.roll(calls.len().max(1) as u64) as usize);
    let kind = [CallKind::Talk, CallKind::View][dice.roll(2) as usize];
    let reasons = [EndReason::Chosen, EndReason::Glare, EndReason::Busy];
    let reason = reasons[dice.roll(3) as usize];
    if let Some(session) = link.and_then(|link| evil.try_session(*link)) {
        let offer = Offer {
            transfer: TransferKey([dice.roll(3) as u8; 16]),
            shape: Shape::File,
            collision: Collision::Rename,
            files: 1,
            bytes: 9,
            is_counted: true,
            name: RelativePath::new("name").unwrap(),
        };
        match dice.roll(4) {
            0 | 1 => drop(session.ring(kind).map(drop)),
            2 => drop(session.offer(&offer).map(drop)),
            _ => {
                if let Ok(file) = session.offer(&offer) {
                    let _ = session.cancel(file, RefuseReason::Chosen, "");
                }
            }
        }
    }
    if let Some((link, call)) = call
        && let Some(session) = evil.try_session(*link)
    {
        let _ = match dice.roll(5) {
            0 => session.answer(*call),
            1 => session.decline(*call, reason, ""),
            2 => session.hang_up(*call, reason, ""),
            3 => session.recording(*call, dice.roll(2) == 0),
            _ => session.camera_state(*call, CameraState::Off, ""),
        };
    }
}

fn owner_acts(ben: &Peer, evil: &Evil, dice: &mut Dice) {
    let peer = name("evil");
    let rights = ["view,call,files,auto", "call,files", "view", "files"];
    match dice.roll(11) {
        0 => ben.handle.ring(&peer, CallKind::Talk),
        1 => ben.handle.ring(&peer, CallKind::View),
        2 | 3 => ben.handle.answer(&peer),
        4 => ben.handle.decline(&peer),
        5 => ben.handle.hang_up(&peer),
        6 => ben.handle.show_camera(&peer, dice.roll(2) == 0),
        7 => ben
            .handle
            .set_camera((dice.roll(2) == 0).then(|| pattern(64, 48))),
        8 => ben.handle.take_calls(dice.roll(4) > 0),
        9 => ben.handle.recording(&peer, dice.roll(2) == 0),
        _ => give_rights(ben, evil, rights[dice.roll(4) as usize]),
    }
}

fn give_rights(ben: &Peer, evil: &Evil, may: &str) {
    let line = format!("evil 127.0.0.1:9 key={} may={may}", evil.key);
    ben.handle.replace_book(book(&[line]));
}

#[test]
fn whatever_a_peer_and_an_owner_do_the_station_goes_on_and_its_camera_goes_out() {
    let scratch = Scratch::new("chaos");
    let mut dice = Dice(7);
    let mut evil = Evil::new(1);
    let ben = victim(&evil, "view,call,files,auto", |settings| {
        settings.call_patience = Duration::from_secs(1);
        settings.inbox = Some(inbox(scratch.0.join("inbox"), Accept::Ask));
    });
    let (mut links, mut calls) = (Vec::new(), Vec::new());
    for _ in 0..STEPS {
        match dice.roll(40) {
            0 if links.len() < 4 => links.push(evil.connect(&ben)),
            1 if dice.roll(4) == 0 => {
                evil.station = 1 + dice.roll(2);
                evil.lose();
                (links, calls) = (Vec::new(), Vec::new());
            }
            2..5 => owner_acts(&ben, &evil, &mut dice),
            _ => peer_acts(&mut evil, &mut dice, &links, &calls),
        }
        for event in evil.turn() {
            match event {
                transom_net::Event::Peer {
                    peer,
                    event: proto::Event::Call(call, CallEvent::Ringing(_) | CallEvent::Answered),
                } => calls.push((peer, call)),
                transom_net::Event::Left { peer, .. } => {
                    links.retain(|link| *link != peer);
                    calls.retain(|(link, _)| *link != peer);
                }
                _ => {}
            }
        }
    }
    evil.lose();
    ben.handle.hang_up(&name("evil"));
    give_rights(&ben, &evil, "call");
    ben.handle.take_calls(true);
    let told = ben.told(Duration::from_secs(2));
    let state = told.iter().rev().find_map(|notice| match notice {
        Notice::Camera { state, .. } => Some(*state),
        _ => None,
    });
    assert!(
        matches!(state, None | Some(CameraState::Off | CameraState::Lost)),
        "{state:?}"
    );
    let count = |wanted: fn(&Notice) -> bool| told.iter().filter(|one| wanted(one)).count();
    let begun = count(|one| matches!(one, Notice::CallStarted { resumed: false, .. }));
    let ended = count(|one| matches!(one, Notice::CallEnded { .. }));
    assert!(0 < begun && begun <= ended, "{begun} began, {ended} ended");
    let resumed = count(|one| matches!(one, Notice::CallStarted { resumed: true, .. }));
    let interrupted = count(|one| matches!(one, Notice::CallInterrupted { .. }));
    assert!(resumed <= interrupted, "{resumed} of {interrupted} went on");
    let link = evil.connect(&ben);
    evil.session(link).ring(CallKind::Talk).unwrap();
    evil.turn();
    ben.rung();
}

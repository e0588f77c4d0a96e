//! Two stations pair by a typed code: who is let in afterwards and by which name, what a slip costs,
//! and one transfer to a stranger.

use std::fs;
use std::net::SocketAddr;

use transom::people::{Address, Rights};
use transom::{
    Accept, Candidates, Code, CodeEnd, Direction, Identity, Keep, Notice, Outcome, Paired,
    PairingFailure, PairingNotice, PairingSide, PairingTerms, PublicKey, Redial, SendOptions,
    Settings, State,
};

use crate::calls::name;
use crate::support::{Peer, Scratch, book, inbox, local};

fn terms(may: &str, keep: Keep) -> PairingTerms {
    PairingTerms {
        name: None,
        may: may.parse().unwrap(),
        keep,
        port: None,
    }
}

fn listener(name: &str, change: impl FnOnce(&mut Settings)) -> Peer {
    Peer::start(name, |settings| {
        settings.listen = local();
        change(settings);
    })
}

/// Shows a code with these terms.
fn show(peer: &Peer, terms: PairingTerms) -> Code {
    let id = peer.handle.show_code(None, terms);
    peer.wait(|notice| match notice {
        Notice::Pairing(of, PairingNotice::CodeShown { code, .. }) if of == id => Some(code),
        _ => None,
    })
}

fn at(address: SocketAddr) -> Candidates {
    Candidates::At(vec![Address::from(address)], None)
}

fn enter(near: &Peer, code: &Code, far: &Peer, terms: PairingTerms) {
    let candidates = at(far.address.unwrap());
    near.handle.enter_code(code.clone(), candidates, terms);
}

fn paired(peer: &Peer) -> Paired {
    peer.wait(|notice| match notice {
        Notice::Pairing(_, PairingNotice::Paired(paired)) => Some(*paired),
        Notice::Pairing(_, PairingNotice::Failed { why }) => panic!("{why}"),
        _ => None,
    })
}

fn failed(peer: &Peer) -> PairingFailure {
    peer.wait(|notice| match notice {
        Notice::Pairing(_, PairingNotice::Failed { why }) => Some(why),
        Notice::Pairing(_, PairingNotice::Paired(paired)) => panic!("{paired:?}"),
        _ => None,
    })
}

fn wrong_guess(peer: &Peer) -> u8 {
    peer.wait(|notice| match notice {
        Notice::Pairing(_, PairingNotice::WrongGuess { tries_left, .. }) => Some(tries_left),
        _ => None,
    })
}

fn code_end(peer: &Peer) -> CodeEnd {
    peer.wait(|notice| match notice {
        Notice::Pairing(_, PairingNotice::CodeEnded { why }) => Some(why),
        _ => None,
    })
}

/// Another code than that.
fn other(code: &Code) -> Code {
    let words = |text: &'static str| format!("{:02}-{text}", code.number()).parse().unwrap();
    let other: Code = words("otter-violin");
    if other == *code {
        words("violin-otter")
    } else {
        other
    }
}

#[test]
fn each_side_knows_the_other_afterwards_and_lets_it_in_with_the_rights_that_it_ticked() {
    let far = listener("porch", |_| {});
    let near = listener("anna", |_| {});
    let code = show(&far, terms("view", Keep::Contact));
    enter(&near, &code, &far, terms("call,files", Keep::Contact));
    let (here, there) = (paired(&near), paired(&far));

    assert_eq!(
        (here.peer, here.key, here.side),
        (name("porch"), far.key, PairingSide::Entered)
    );
    assert_eq!(
        (there.peer, there.key, there.side),
        (name("anna"), near.key, PairingSide::Showed)
    );
    let rights = |paired: &Paired| (paired.may.to_string(), paired.grants.to_string());
    assert_eq!(rights(&here), ("call,files".into(), "view".into()));
    assert_eq!(rights(&there), ("view".into(), "call,files".into()));
    assert_eq!((here.keep, there.keep), (Keep::Contact, Keep::Contact));
    assert_eq!(here.address, far.address.unwrap().into());
    assert_eq!(there.address, near.address.unwrap().into());

    // No book was changed, and both may come.
    let to_far = format!("porch {} key={}", here.address, here.key)
        .parse()
        .unwrap();
    near.handle.connect(to_far, Redial::Never);
    assert!(!near.joined(), "the key is pinned by the contact");
    let by = far.wait(|notice| match notice {
        Notice::Joined { peer, .. } => Some(peer),
        Notice::Knock { .. } => panic!("turned away"),
        _ => None,
    });
    assert_eq!(by, name("anna"));
}

#[test]
fn a_new_name_of_ours_is_told_with_a_shown_code_and_by_the_next_connection() {
    let far = listener("porch", |_| {});
    let near = listener("anna", |_| {});
    let code = show(&far, terms("view", Keep::Contact));
    far.handle.rename(&name("hall"));
    near.handle.rename(&name("ben"));
    enter(&near, &code, &far, terms("call", Keep::Contact));
    assert_eq!(paired(&near).called, name("hall"));
    assert_eq!(paired(&far).called, name("ben"));

    let stranger = Peer::start("carl", |_| {});
    stranger.handle.rename(&name("dora"));
    stranger.handle.connect(far.contact("hall"), Redial::Never);
    let called = far.wait(|notice| match notice {
        Notice::Knock { name, .. } => Some(name),
        _ => None,
    });
    assert_eq!(called, Some(name("dora")));
}

#[test]
fn three_wrong_codes_end_the_code_and_its_owner_is_told() {
    let far = listener("porch", |_| {});
    let near = Peer::start("anna", |_| {});
    let code = show(&far, terms("view", Keep::Contact));
    for left in [2, 1, 0] {
        enter(&near, &other(&code), &far, terms("", Keep::Contact));
        assert_eq!(failed(&near), PairingFailure::WrongCode);
        assert_eq!(wrong_guess(&far), left);
    }
    assert_eq!(code_end(&far), CodeEnd::Guessed);
    enter(&near, &code, &far, terms("", Keep::Contact));
    assert_eq!(failed(&near), PairingFailure::NobodyShows);
}

#[test]
fn a_slip_costs_one_try_however_many_addresses_the_station_has() {
    let far = listener("porch", |_| {});
    let near = Peer::start("anna", |_| {});
    let code = show(&far, terms("view", Keep::Contact));
    let port = far.address.unwrap().port();
    let addresses = vec![
        "127.0.0.1:1".parse().unwrap(),
        format!("127.0.0.1:{port}").parse().unwrap(),
        format!("127.0.0.1:{port}").parse().unwrap(),
    ];
    let candidates = Candidates::At(addresses, None);
    near.handle
        .enter_code(other(&code), candidates.clone(), terms("", Keep::Contact));
    assert_eq!(failed(&near), PairingFailure::WrongCode);
    assert_eq!(wrong_guess(&far), 2);
    // The right one now: the tries are counted, and an address where nobody listens is passed over.
    near.handle
        .enter_code(code, candidates, terms("", Keep::Contact));
    assert_eq!(paired(&near).key, far.key);
    assert_eq!(paired(&far).key, near.key);
}

#[test]
fn an_invitation_leads_to_the_station_that_has_its_key_and_to_no_other() {
    let far = listener("porch", |_| {});
    let near = Peer::start("anna", |_| {});
    let code = show(&far, terms("view", Keep::Contact));
    let addresses = vec![far.address.unwrap().into()];
    let to = |key| Candidates::At(addresses.clone(), Some(key));
    let wrong = to(PublicKey([9; 32]));
    near.handle
        .enter_code(other(&code), wrong, terms("", Keep::Contact));
    assert_eq!(failed(&near), PairingFailure::OtherKey);
    near.handle
        .enter_code(code, to(far.key), terms("", Keep::Contact));
    assert_eq!(paired(&near).key, far.key);
    // The station with another key had no try.
    far.wait(|notice| match notice {
        Notice::Pairing(_, PairingNotice::WrongGuess { .. }) => panic!("it had a try"),
        Notice::Pairing(_, PairingNotice::Paired(_)) => Some(()),
        _ => None,
    });
}

#[test]
fn where_nobody_shows_a_code_the_other_side_says_so() {
    let far = listener("porch", |_| {});
    let near = Peer::start("anna", |_| {});
    let code: Code = "47-otter-violin".parse().unwrap();
    enter(&near, &code, &far, terms("", Keep::Contact));
    assert_eq!(failed(&near), PairingFailure::NobodyShows);
    far.handle
        .show_code(Some(code.clone()), terms("", Keep::Contact));
    far.handle.end_pairing();
    assert_eq!(code_end(&far), CodeEnd::Stopped);
    enter(&near, &code, &far, terms("", Keep::Contact));
    assert_eq!(failed(&near), PairingFailure::NobodyShows);
    let nobody = Candidates::At(vec!["nobody.invalid".parse().unwrap()], None);
    near.handle
        .enter_code(code, nobody, terms("", Keep::Contact));
    assert!(matches!(failed(&near), PairingFailure::Unreachable(_)));
}

#[test]
fn a_station_does_not_pair_with_another_program_of_its_owner() {
    let identity = Identity::throwaway().unwrap();
    let same = identity.clone();
    let far = listener("porch", |settings| settings.identity = identity);
    let near = Peer::start("anna", |settings| settings.identity = same);
    let code = show(&far, terms("view", Keep::Contact));
    enter(&near, &code, &far, terms("", Keep::Contact));
    assert_eq!(failed(&near), PairingFailure::OwnStation);
}

#[test]
fn a_peer_that_calls_itself_like_a_contact_does_not_get_the_contacts_name() {
    let far = listener("porch", |settings| {
        settings.book = book(&["anna 10.0.0.9 may=view,call,files,auto".to_owned()]);
    });
    let near = Peer::start("anna", |_| {});
    let code = show(&far, terms("view", Keep::Contact));
    enter(&near, &code, &far, terms("", Keep::Contact));
    let there = paired(&far);
    assert_eq!((there.peer, there.called), (name("anna-2"), name("anna")));

    // The owner may say that it is that contact.
    let mut named = terms("view", Keep::Contact);
    named.name = Some(name("anna"));
    let near = Peer::start("somebody", |_| {});
    let code = show(&far, named);
    enter(&near, &code, &far, terms("", Keep::Contact));
    assert_eq!(paired(&far).peer, name("anna"));
}

#[test]
fn a_contact_that_pairs_again_keeps_its_name() {
    let near = Peer::start("somebody", |_| {});
    let line = format!("anna 10.0.0.9 key={} may=view", near.key);
    let far = listener("porch", |settings| settings.book = book(&[line]));
    let mut named = terms("call", Keep::Contact);
    named.name = Some(name("other"));
    let code = show(&far, named);
    enter(&near, &code, &far, terms("", Keep::Contact));
    assert_eq!(paired(&far).peer, name("anna"));
}

/// As `transom send --code` and `transom receive` do.
#[test]
fn a_file_goes_to_a_stranger_by_a_code_and_nothing_is_stored() {
    let scratch = Scratch::new("paired-file");
    let file = scratch.0.join("letter");
    fs::write(&file, "dear stranger").unwrap();
    let states = [scratch.0.join("near-state"), scratch.0.join("far-state")];
    let with_state = |settings: &mut Settings, state: &std::path::Path| {
        let state = State::open(state).unwrap();
        settings.identity = state.identity().unwrap();
        settings.known_peers = state.known_peers().unwrap();
    };
    let sender = listener("laptop", |settings| with_state(settings, &states[0]));
    let receiver = Peer::start("desk", |settings| {
        with_state(settings, &states[1]);
        settings.inbox = Some(inbox(scratch.0.join("inbox"), Accept::Known));
    });
    let code = show(&sender, terms("files", Keep::Once));
    enter(&receiver, &code, &sender, terms("files", Keep::Contact));
    let (there, here) = (paired(&sender), paired(&receiver));
    assert_eq!(
        (there.keep, here.keep),
        (Keep::Once, Keep::Once),
        "either side may say so"
    );

    sender
        .handle
        .send(&there.peer, &file, SendOptions::default());
    let contact = format!("{} {} key={} may=files", here.peer, here.reached, here.key);
    receiver
        .handle
        .connect(contact.parse().unwrap(), Redial::Never);
    assert!(matches!(
        sender.outcome(Direction::Outgoing),
        Outcome::Durable { .. }
    ));
    assert!(matches!(
        receiver.outcome(Direction::Incoming),
        Outcome::Durable { .. }
    ));
    assert_eq!(
        fs::read(scratch.0.join("inbox/letter")).unwrap(),
        b"dear stranger"
    );
    for state in states {
        assert!(!state.join("known_peers").exists(), "{}", state.display());
    }
}

#[test]
fn no_right_is_given_that_was_not_ticked() {
    let far = listener("porch", |_| {});
    let near = Peer::start("anna", |_| {});
    let code = show(&far, terms("", Keep::Contact));
    enter(&near, &code, &far, terms("", Keep::Contact));
    assert_eq!(paired(&near).grants, Rights::NONE);
    paired(&far);
    near.handle.connect(far.contact("porch"), Redial::Never);
    let turned_away = far.wait(|notice| match notice {
        Notice::Knock { key, .. } => Some(key),
        Notice::Joined { .. } => panic!("let in without a right"),
        _ => None,
    });
    assert_eq!(turned_away, near.key);
}

#[test]
fn each_word_about_a_code_says_of_which_of_them_it_is() {
    let peer = listener("porch", |_| ());
    let [first, second] = [(), ()].map(|()| {
        let shown = peer.handle.show_code(None, terms("", Keep::Contact));
        let code = "47-otter-violin".parse().unwrap();
        let typed = peer
            .handle
            .enter_code(code, Candidates::Nearby, terms("", Keep::Contact));
        (shown, typed)
    });
    let of = |wanted: fn(&PairingNotice) -> bool| {
        peer.wait(|notice| match notice {
            Notice::Pairing(id, what) if wanted(&what) => Some(id),
            _ => None,
        })
    };
    let is_shown = |it: &PairingNotice| matches!(it, PairingNotice::CodeShown { .. });
    let is_ended = |it: &PairingNotice| matches!(it, PairingNotice::CodeEnded { .. });
    let has_failed = |it: &PairingNotice| matches!(it, PairingNotice::Failed { .. });
    // What is shown or typed anew ends the one before.
    assert_eq!(of(is_shown), first.0);
    assert_eq!(of(is_ended), first.0);
    assert_eq!(of(is_shown), second.0);
    assert_eq!(of(has_failed), first.1);
    peer.handle.end_pairing();
    assert_eq!(of(is_ended), second.0);
    assert_eq!(of(has_failed), second.1);
}

//! What a pinned key is worth where the same station is dialed by another name or address.

use std::fs;

use transom::{CallKind, EndReason, Identity, Notice, PeerName, Redial, State};

use crate::calls::name;
use crate::support::{Peer, Scratch, book, local};

/// A station that listens, with the near one in its book.
fn listener(near: &Identity) -> Peer {
    Peer::start("far", |settings| {
        let line = format!("near 127.0.0.1:9 key={}", near.public_key());
        (settings.listen, settings.book) = (local(), book(&[line]));
    })
}

/// Whether it is a first use, and of whose key.
fn joined(peer: &Peer) -> (bool, Option<PeerName>) {
    peer.wait(|notice| match notice {
        Notice::Joined {
            first_use,
            known_as,
            ..
        } => Some((first_use, known_as)),
        _ => None,
    })
}

#[test]
fn a_contact_at_a_new_address_is_recognised_by_its_key_and_has_the_rights_of_its_line() {
    let identity = Identity::throwaway().unwrap();
    let far = listener(&identity);
    let near = Peer::start("near", |settings| {
        let line = format!("porch 127.0.0.1:9 key={} may=view", far.key);
        (settings.identity, settings.book) = (identity, book(&[line]));
        settings.takes_calls = true;
    });
    near.handle.connect(far.contact("elsewhere"), Redial::Never);
    assert_eq!(joined(&near), (true, Some(name("porch"))));
    joined(&far);
    far.handle.ring(&name("near"), CallKind::Talk);
    assert_eq!(far.ended(), EndReason::Forbidden);
}

#[test]
fn a_key_that_was_pinned_to_an_address_is_the_key_of_the_contact_there() {
    let scratch = Scratch::new("pins");
    let state = State::open(&scratch.0).unwrap();
    let identity = Identity::throwaway().unwrap();
    let far = listener(&identity);
    let address = far.address.unwrap().to_string();
    let mut known = state.known_peers().unwrap();
    known.learn(&name(&address), &far.key).unwrap();
    let near = Peer::start("near", |settings| {
        let line = format!("porch {address}");
        (settings.identity, settings.book) = (identity, book(&[line]));
        settings.known_peers = known;
    });
    near.handle.connect(far.contact("porch"), Redial::Never);
    assert_eq!(joined(&near), (false, None));
    // So that it is known when it dials.
    let pinned = fs::read_to_string(scratch.0.join("known_peers")).unwrap();
    assert_eq!(pinned, format!("{address} {0}\nporch {0}\n", far.key));
}

use super::*;

const TAKES: Capabilities = Capabilities(Capabilities::SOUND.0 | Capabilities::OPUS.0);

fn own() -> Own {
    Own {
        name: DeviceName::Tone,
        microphone: DeviceState::Closed,
        opening: None,
        is_slow: false,
        is_muted: false,
        unmuted: None,
        spoken_to: SpokenTo::default(),
    }
}

fn lost() -> DeviceState {
    DeviceState::Lost {
        words: "the headset is unplugged".into(),
        for_peers: "unplugged",
        loss: Loss::Unplugged,
    }
}

/// A call that a person here answered or rang for.
fn talk(peer: &str) -> Party {
    Party {
        peer: peer.parse().unwrap(),
        key: PublicKey([1; 32]),
        kind: CallKind::Talk,
        by_right: false,
        is_served: false,
        rights: "view,call,files".parse().unwrap(),
        takes: TAKES,
        is_told: true,
        is_recorded: false,
    }
}

/// A viewer of a box with these rights.
fn viewer(peer: &str, rights: &str) -> Party {
    Party {
        kind: CallKind::View,
        by_right: true,
        is_served: true,
        rights: rights.parse().unwrap(),
        ..talk(peer)
    }
}

/// A call that the right `auto` answered.
fn automatic(peer: &str, rights: &str) -> Party {
    Party {
        by_right: true,
        rights: rights.parse().unwrap(),
        ..talk(peer)
    }
}

/// A box that we watch.
fn watched(peer: &str) -> Party {
    Party {
        kind: CallKind::View,
        ..talk(peer)
    }
}

fn states(own: &Own, parties: &[Party]) -> Vec<SoundState> {
    let states = parties.iter().map(|party| own.state_for(party).0);
    states.collect()
}

#[test]
fn a_call_that_a_person_answered_has_sound_both_ways_without_any_right() {
    for party in [talk("anna"), watched("door")] {
        let party = Party {
            rights: Rights::NONE,
            ..party
        };
        assert!(party.may_hear() && party.may_talk());
    }
    let own = own();
    let state = own.state_for(&talk("anna"));
    assert_eq!(state, (SoundState::On, ""));
    assert!(talk("anna").is_wanted(None, &DeviceName::Auto));
}

#[test]
fn a_box_and_an_automatic_answer_need_the_rights_each_for_its_own_way() {
    for party in [viewer, automatic] {
        for (rights, hears, talks) in [
            ("view,call,files,auto", false, false),
            ("view,hear", true, false),
            ("view,talk", false, true),
            ("hear,talk", true, true),
        ] {
            let party = party("anna", rights);
            assert_eq!((party.may_hear(), party.may_talk()), (hears, talks));
            let state = own().state_for(&party);
            let refused = (SoundState::NotAllowed, "the right to hear is missing");
            let wanted = if hears { (SoundState::On, "") } else { refused };
            assert_eq!(state, wanted, "{rights}");
            for asked in [None, Some(true)] {
                assert_eq!(party.is_wanted(asked, &DeviceName::Auto), talks, "{rights}");
            }
        }
    }
}

#[test]
fn without_a_loudspeaker_or_against_the_owners_wish_nobody_is_listened_to() {
    let door = watched("door");
    assert!(!talk("anna").is_wanted(None, &DeviceName::None));
    assert!(!talk("anna").is_wanted(Some(false), &DeviceName::Auto));
    assert!(!door.is_wanted(None, &DeviceName::Auto), "until asked");
    assert!(door.is_wanted(Some(true), &DeviceName::Auto));
}

#[test]
fn a_peer_is_told_the_reason_that_concerns_it_most() {
    let mut own = own();
    let (anna, guest) = (talk("anna"), viewer("guest", "view"));
    let states = |own: &Own| [own.state_for(&anna).0, own.state_for(&guest).0];
    let not_allowed = SoundState::NotAllowed;
    assert_eq!(states(&own), [SoundState::On, not_allowed]);
    own.is_muted = true;
    assert_eq!(states(&own), [SoundState::Muted, not_allowed]);
    own.microphone = lost();
    assert_eq!(states(&own), [SoundState::Lost, not_allowed]);
    assert_eq!(
        own.state_for(&anna).1,
        "unplugged",
        "the fixed words for peers"
    );
    own.spoken_to.choose("bob".parse().unwrap());
    own.spoken_to.update(&[anna, talk("bob")], |_| true);
    own.spoken_to.choose("bob".parse().unwrap());
    own.spoken_to.update(&[anna, talk("bob")], |_| true);
    assert_eq!(states(&own), [SoundState::OnHold, not_allowed]);
    // That there is a microphone is no business of a peer where there is none.
    own.name = DeviceName::None;
    assert_eq!(states(&own), [SoundState::NoMicrophone; 2]);
}

#[test]
fn what_was_said_under_the_mute_is_not_heard_after_it_either() {
    let (mut own, start) = (own(), Instant::now());
    let at = |seconds| start + std::time::Duration::from_secs(seconds);
    own.mute(false, at(1));
    assert!(own.may_be_heard(at(0)), "it was not muted");
    own.mute(true, at(2));
    assert!(!own.may_be_heard(at(1)) && !own.may_be_heard(at(3)));
    own.mute(false, at(4));
    own.mute(false, at(6));
    assert!(!own.may_be_heard(at(3)), "it comes late from a busy thread");
    assert!(own.may_be_heard(at(4)) && own.may_be_heard(at(5)));
}

#[test]
fn the_better_codec_of_both_is_used() {
    let best = match Codec::Opus.is_built_in() {
        true => Codec::Opus,
        false => Codec::Pcm,
    };
    assert_eq!(talk("anna").codec(), best);
    let older = Party {
        takes: Capabilities::SOUND,
        is_recorded: false,
        ..talk("anna")
    };
    assert_eq!((older.codec(), older.has_sound()), (Codec::Pcm, true));
    let silent = Party {
        takes: Capabilities::CALLS,
        is_recorded: false,
        ..talk("anna")
    };
    assert!(!silent.has_sound());
}

const ON: SoundState = SoundState::On;
const HOLD: SoundState = SoundState::OnHold;
/// For a camera that we watch and don't speak to.
const QUIET: SoundState = UNASKED.0;

#[test]
fn the_call_that_was_answered_or_chosen_last_is_spoken_to() {
    let (mut own, calls) = (own(), [talk("anna"), talk("bob"), talk("carl")]);
    own.spoken_to.update(&calls[..1], |_| true);
    assert_eq!(states(&own, &calls[..1]), [ON]);
    own.spoken_to.update(&calls, |_| true);
    assert_eq!(states(&own, &calls), [HOLD, HOLD, ON]);
    own.spoken_to.choose(calls[0].peer);
    own.spoken_to.update(&calls, |_| true);
    assert_eq!(states(&own, &calls), [ON, HOLD, HOLD]);
    // The chosen one hangs up: the last but one has its turn again.
    own.spoken_to
        .update(&calls[1..], |peer| *peer != calls[0].peer);
    assert_eq!(states(&own, &calls[1..]), [HOLD, ON]);
}

#[test]
fn a_call_that_comes_back_from_a_lost_connection_takes_the_microphone_from_nobody() {
    let (mut own, calls) = (own(), [talk("anna"), talk("bob")]);
    own.spoken_to.update(&calls, |_| true);
    own.spoken_to.update(&calls[1..], |_| true);
    own.spoken_to.update(&calls, |_| true);
    assert_eq!(states(&own, &calls), [HOLD, ON]);
    // And while the one that was spoken to is away, the other is.
    own.spoken_to.update(&calls[..1], |_| true);
    assert_eq!(states(&own, &calls[..1]), [ON]);
    own.spoken_to.update(&calls, |_| true);
    assert_eq!(states(&own, &calls), [HOLD, ON]);
}

#[test]
fn all_are_spoken_to_until_one_is_chosen() {
    let (mut own, calls) = (own(), [talk("anna"), talk("bob"), watched("door")]);
    own.spoken_to.update(&calls, |_| true);
    own.spoken_to.choose_all();
    assert_eq!(states(&own, &calls), [ON, ON, QUIET], "a box only by name");
    own.spoken_to.choose(calls[1].peer);
    own.spoken_to.update(&calls, |_| true);
    assert_eq!(states(&own, &calls), [HOLD, ON, QUIET]);
}

#[test]
fn a_watched_box_hears_us_only_while_it_is_spoken_to() {
    let (mut own, calls) = (own(), [watched("door"), talk("anna")]);
    own.spoken_to.update(&calls[..1], |_| true);
    assert_eq!(states(&own, &calls[..1]), [QUIET], "also alone");
    own.spoken_to.update(&calls, |_| true);
    own.spoken_to.choose(calls[0].peer);
    own.spoken_to.update(&calls, |_| true);
    assert_eq!(states(&own, &calls), [ON, HOLD]);
    assert!(own.is_for(&calls[0]));
    own.spoken_to.leave(&calls[0].peer);
    own.spoken_to.update(&calls, |_| true);
    assert_eq!(states(&own, &calls), [QUIET, ON]);
    assert!(!own.is_for(&calls[0]));
}

#[test]
fn viewers_of_a_box_all_hear_it_but_not_a_conversation() {
    let viewers = [viewer("anna", "view,hear"), viewer("bob", "view,hear")];
    let mut own = own();
    own.spoken_to.update(&viewers, |_| true);
    assert_eq!(states(&own, &viewers), [ON, ON]);
    let calls = [
        viewers[0],
        viewers[1],
        automatic("dora", "call,auto,hear"),
        talk("carl"),
    ];
    own.spoken_to.update(&calls, |_| true);
    assert_eq!(states(&own, &calls), [HOLD, HOLD, HOLD, ON]);
    own.spoken_to
        .update(&calls[..3], |peer| *peer != calls[3].peer);
    assert_eq!(states(&own, &calls[..3]), [ON, ON, ON]);
}

#[test]
fn who_hangs_up_and_still_watches_our_camera_holds_nobody() {
    let (mut own, bob) = (own(), talk("bob"));
    let watches = viewer("anna", "view");
    own.spoken_to
        .update(&[bob, watches], |peer| *peer == bob.peer);
    own.spoken_to
        .update(&[bob, watches, talk("anna")], |_| true);
    assert_eq!(states(&own, &[bob]), [HOLD]);
    // In the very turn of the end, and after it.
    own.spoken_to.update(&[bob, watches], |_| true);
    assert_eq!(states(&own, &[bob]), [ON]);
    own.spoken_to
        .update(&[bob, watches], |peer| *peer == bob.peer);
    own.spoken_to
        .update(&[bob, watches, talk("anna")], |_| true);
    assert_eq!(states(&own, &[bob]), [HOLD], "it was answered last");
}

#[test]
fn a_peer_that_we_talk_with_and_watch_gets_our_sound_once() {
    let (mut own, calls) = (own(), [watched("anna"), talk("anna")]);
    own.spoken_to.update(&calls, |_| true);
    assert_eq!(states(&own, &calls), [QUIET, ON]);
}

#[test]
fn a_microphone_that_is_not_there_is_missing_and_still_wanted() {
    let (mut own, anna) = (own(), talk("anna"));
    own.microphone = DeviceState::Lost {
        words: "no sound device found; plug one in".into(),
        for_peers: "no sound device was found",
        loss: Loss::Missing,
    };
    assert_eq!(own.state_for(&anna), (SoundState::NoMicrophone, ""));
    assert!(own.is_for(&anna), "it is used once it is plugged in");
    own.name = DeviceName::None;
    assert!(!own.is_for(&anna));
}

#[test]
fn a_microphone_that_hangs_while_it_is_opened_does_not_count_as_on() {
    let (mut own, anna, start) = (own(), talk("anna"), Instant::now());
    own.follow(Some(DeviceState::Opening), start);
    assert_eq!(own.state_for(&anna).0, SoundState::On, "most open at once");
    let told = own.due().unwrap();
    assert_eq!(told, start + OPENS_WITHIN);
    own.follow(None, told);
    let opening = (SoundState::Opening, "the microphone is being opened");
    assert_eq!(own.state_for(&anna), opening);
    assert_eq!(own.due(), None, "told once");
    let guest = viewer("guest", "view");
    assert_eq!(own.state_for(&guest).0, SoundState::NotAllowed);
    let words = "headset".into();
    own.follow(Some(DeviceState::On { words }), told);
    assert_eq!(own.state_for(&anna).0, SoundState::On);
    assert_eq!(own.due(), None);
}

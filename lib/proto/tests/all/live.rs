//! A call anywhere at one of the two stations: both sides spare the link that it shares.

use std::time::Duration;

use transom_proto::fuzzing::{Pair, Route, Who};
use transom_wire::{ByeCode, CallKind, Kind, Live, Message};

use crate::evil::Evil;

const TICK: Duration = Duration::from_millis(100);

fn both_spare(pair: &mut Pair) -> [bool; 2] {
    pair.events(TICK);
    [Who::Ann, Who::Bob].map(|who| pair.session(who).has_shared_live())
}

fn tell(pair: &mut Pair, who: Who, live: bool) {
    let now = pair.clock(who);
    pair.session(who).set_shared_live(live, now);
}

#[test]
fn a_call_elsewhere_at_either_station_counts_at_both() {
    let mut pair = Pair::new(Route::IDEAL);
    assert_eq!(both_spare(&mut pair), [false; 2]);
    for (who, other) in [(Who::Ann, Who::Bob), (Who::Bob, Who::Ann)] {
        tell(&mut pair, who, true);
        assert_eq!(both_spare(&mut pair), [true; 2]);
        tell(&mut pair, other, true);
        tell(&mut pair, who, false);
        assert_eq!(both_spare(&mut pair), [true; 2], "the other has one");
        tell(&mut pair, other, false);
        assert_eq!(both_spare(&mut pair), [false; 2]);
    }
}

#[test]
fn what_is_told_again_is_not_sent_again() {
    let mut pair = Pair::new(Route::IDEAL);
    tell(&mut pair, Who::Ann, true);
    both_spare(&mut pair);
    let now = pair.clock(Who::Ann);
    let held = |pair: &mut Pair| pair.session(Who::Ann).stats(now).held;
    let before = held(&mut pair);
    tell(&mut pair, Who::Ann, true);
    assert_eq!(held(&mut pair), before);
}

#[test]
fn a_call_elsewhere_is_no_call_of_this_session() {
    let mut pair = Pair::new(Route::IDEAL);
    tell(&mut pair, Who::Ann, true);
    both_spare(&mut pair);
    assert!(!pair.session(Who::Ann).is_live() && !pair.session(Who::Bob).is_live());
    pair.session(Who::Bob).ring(CallKind::View).unwrap();
    assert!(pair.session(Who::Bob).is_live());
}

#[test]
fn a_stream_may_not_say_it() {
    let mut evil = Evil::new();
    evil.say(0, &Message::Live(Live { on: true })).unwrap();
    assert!(evil.connection.session.has_shared_live());
    assert!(evil.say(1, &Message::Live(Live { on: true })).is_err());
}

#[test]
fn nothing_follows_a_goodbye() {
    let mut evil = Evil::new();
    evil.heard();
    evil.connection.bye(ByeCode::Silent, "");
    let now = evil.now;
    evil.connection.session.set_shared_live(true, now);
    assert_eq!(evil.heard(), [(0, Kind::Bye)]);
}

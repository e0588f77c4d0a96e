//! The laws that fuzzing checks, on bytes of a generator that always gives the same.

use transom_proto::fuzzing;

/// Splitmix64: small, and good enough to reach everything.
fn bytes(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed;
    let mut next = move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) as u8
    };
    (0..len).map(|_| next()).collect()
}

#[test]
fn any_peer_leaves_a_session_bounded() {
    for seed in 0..500 {
        fuzzing::session(&bytes(seed, 600));
    }
}

#[test]
fn any_cut_gives_the_same_events() {
    for seed in 0..100 {
        fuzzing::split(&bytes(seed, 200));
    }
}

#[test]
fn honest_ends_agree_on_any_link() {
    for seed in 0..100 {
        fuzzing::pair(&bytes(seed, 400));
    }
}

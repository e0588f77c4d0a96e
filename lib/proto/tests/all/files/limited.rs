//! What limits a transfer's rate, as both sides are told.

use transom_wire::LimitedBy;

use super::*;

/// A transfer of 1 GB from Ann to Bob, whose disks work in ticks.
struct Slow {
    pair: Pair,
    file: TransferId,
    courier: Courier,
    /// Leaves that Bob has not stored.
    leaves: Vec<Event>,
}

impl Slow {
    fn new(route: Route) -> Self {
        let (pair, file, courier) = sending(route, 1_000_000_000);
        let leaves = Vec::new();
        Self {
            pair,
            file,
            courier,
            leaves,
        }
    }

    /// Lets a tick pass. Ann's courier queues leaves if her disk is fast.
    fn tick(&mut self, is_fast: bool) {
        let (courier, leaves) = (&mut self.courier, &mut self.leaves);
        self.pair.run(TICK, |pair, who, event| match (who, &event) {
            (Who::Bob, Event::Transfer(_, TransferEvent::Leaf { .. })) => leaves.push(event),
            (Who::Bob, _) => courier.receive(pair.session(who), event),
            (Who::Ann, Event::Transfer(_, TransferEvent::Started(_))) if !is_fast => {}
            (Who::Ann, _) => courier.send(pair.session(who), &event),
        });
    }

    /// Bob's disk takes at most so many leaves.
    fn store(&mut self, most: usize) {
        let count = most.min(self.leaves.len());
        for leaf in self.leaves.drain(..count) {
            self.courier.receive(self.pair.session(Who::Bob), leaf);
        }
    }

    fn limited_by(&mut self) -> [Option<LimitedBy>; 2] {
        assert_eq!(self.pair.error(Who::Ann), None);
        assert_eq!(self.pair.error(Who::Bob), None);
        [Who::Ann, Who::Bob].map(|who| self.pair.session(who).limited_by(self.file))
    }

    /// What both sides say after five seconds with fast disks.
    fn after_5_s(mut self) -> [Option<LimitedBy>; 2] {
        for _ in 0..100 {
            self.tick(true);
            self.store(usize::MAX);
        }
        self.limited_by()
    }
}

#[test]
fn a_slow_link_is_the_limit() {
    let said = Slow::new(Route::mbits(10)).after_5_s();
    assert_eq!(said, [Some(LimitedBy::Network); 2]);
}

#[test]
fn a_long_link_that_holds_the_window_is_the_limit_and_not_the_disk_behind_it() {
    let long = Route {
        delay: Duration::from_millis(300),
        ..Route::mbits(500)
    };
    let said = Slow::new(long).after_5_s();
    assert_eq!(said, [Some(LimitedBy::Network); 2]);
}

#[test]
fn a_slow_disk_of_the_receiver_is_the_limit() {
    let mut slow = Slow::new(Route::mbits(1000));
    for _ in 0..60 {
        slow.tick(true);
        slow.store(1);
    }
    assert_eq!(slow.limited_by(), [Some(LimitedBy::ReceiverDisk); 2]);
}

#[test]
fn a_slow_disk_of_the_sender_is_the_limit() {
    let mut slow = Slow::new(Route::mbits(1000));
    slow.courier.trusts = false;
    slow.tick(false);
    for at in 0..60 {
        let leaf = leaf(0, at * LEAF as u64, LEAF);
        slow.pair.session(Who::Ann).leaf(slow.file, leaf).unwrap();
        slow.tick(false);
        slow.store(usize::MAX);
    }
    assert_eq!(slow.limited_by(), [Some(LimitedBy::SenderDisk); 2]);
}

#[test]
fn a_rate_limit_of_either_side_is_the_limit() {
    for setter in [Who::Ann, Who::Bob] {
        let mut slow = Slow::new(Route::mbits(1000));
        slow.tick(true);
        let session = slow.pair.session(setter);
        session.limit(slow.file, Some(500_000)).unwrap();
        let said = slow.after_5_s();
        assert_eq!(said, [Some(LimitedBy::Rate); 2], "{setter:?}");
    }
}

#[test]
fn nothing_limits_a_paused_transfer() {
    let mut slow = Slow::new(Route::mbits(10));
    slow.tick(true);
    let (ann, file) = (slow.pair.session(Who::Ann), slow.file);
    ann.pause(file, true).unwrap();
    let [sender, _] = slow.after_5_s();
    assert_eq!(sender, None);
}

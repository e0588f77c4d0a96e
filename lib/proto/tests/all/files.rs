//! Transfers, from offer to last word.

use std::time::Duration;

use transom_proto::fuzzing::{Courier, Pair, Parcel, Route, Who};
use transom_wire::{Ending, Shape};

/// Lets a courier's transfer run.
pub(crate) fn deliver(pair: &mut Pair, courier: &mut Courier, span: Duration) {
    pair.run(span, |pair, who, event| match who {
        Who::Ann => courier.send(pair.session(Who::Ann), &event),
        Who::Bob => courier.receive(pair.session(Who::Bob), event),
    });
}

#[test]
fn a_file_arrives_whole() {
    let mut pair = Pair::new(Route::IDEAL);
    let parcels = vec![Parcel::file("film.mp4", 10_000_000)];
    let (_, mut courier) = Courier::offer(pair.session(Who::Ann), Shape::File, parcels);
    deliver(&mut pair, &mut courier, Duration::from_secs(1));
    assert_eq!(courier.ending, Some(Ending::Durable));
    assert_eq!(courier.got[&0], 10_000_000);
}

#[test]
fn a_folder_arrives_whole() {
    let mut pair = Pair::new(Route::mbits(100));
    let mut parcels = vec![Parcel::folder("empty")];
    parcels.extend((0..1000).map(|at| Parcel::file(&format!("sub/{at}"), at * 997)));
    let (_, mut courier) = Courier::offer(pair.session(Who::Ann), Shape::Folder, parcels);
    deliver(&mut pair, &mut courier, Duration::from_secs(60));
    assert_eq!(courier.ending, Some(Ending::Durable));
    assert_eq!(courier.got.len(), 1000);
}

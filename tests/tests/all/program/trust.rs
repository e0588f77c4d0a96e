//! Who is let in: unknown keys get nothing, and a changed key is nobody's decision but the owner's.

use std::fs;

use transom_tests::{Evil, Person};

use super::Pair;

#[test]
fn an_unknown_key_is_refused_and_the_camera_stays_shut() {
    let pair = Pair::new();
    // The camera's command leaves a mark when it is started.
    let mark = pair.scratch.join("camera-was-opened");
    let source = format!("cmd:touch {}; sleep 60", mark.display());
    let mut camera = pair.camera(&["--source", &source]);
    let stranger = Person::new(&pair.scratch, "stranger");
    stranger.write_in_book(&fs::read_to_string(pair.near.book()).unwrap());
    let end = stranger.run(&["watch", "far"]);
    assert_eq!(end.code, Some(1), "{end:?}");
    assert!(
        end.complaint().contains(stranger.key()),
        "the line to add is told: {end:?}"
    );
    let knock = camera.event("knock");
    assert_eq!(knock["key"], stranger.key());
    assert!(!mark.exists(), "the camera was opened for a stranger");
}

#[test]
fn not_one_frame_goes_to_an_unknown_key() {
    let pair = Pair::new();
    let mut camera = pair.camera(&["--source", "pattern"]);
    let address = pair.address();
    // The handshake looks complete to the stranger; then comes nothing but the end.
    if let Ok(stranger) = Evil::connect(&address, [0x5a; 32]) {
        assert_eq!(stranger.until_closed(), b"");
    }
    camera.event("knock");
}

#[test]
fn rights_that_a_contact_lacks_are_refused() {
    let pair = Pair::new();
    let limited = Person::new(&pair.scratch, "limited");
    pair.far.knows(&limited, "127.0.0.1:9", "files");
    let _box = pair.camera(&["--source", "pattern"]);
    limited.write_in_book(&fs::read_to_string(pair.near.book()).unwrap());
    let end = limited.run(&["watch", "far", "--frames", "1"]);
    assert_eq!(end.code, Some(1), "{end:?}");
}

#[test]
fn a_key_is_pinned_on_first_use_and_another_one_refused_until_it_is_forgotten() {
    let pair = Pair::new();
    let camera = pair.camera(&["--source", "pattern", "--size", "320x240"]);
    let address = pair.address();
    fs::write(pair.near.book(), format!("far {address}\n")).unwrap();
    let watch = ["watch", "far", "--frames", "1", "--snapshot", "one.jpg"];
    let end = pair.near.run(&watch);
    assert_eq!(end.code, Some(0), "{end:?}");
    drop(camera);

    // Another machine at the same name.
    let other = Person::new(&pair.scratch, "other");
    other.knows(&pair.near, "127.0.0.1:9", "view");
    let (_other_box, address) =
        other.listen(&["camera", "--source", "pattern", "--size", "320x240"]);
    fs::write(pair.near.book(), format!("far {address}\n")).unwrap();
    let end = pair.near.run(&watch);
    assert_eq!(end.code, Some(1), "{end:?}");
    let complaint = end.complaint();
    for print in [fingerprint(&pair.far), fingerprint(&other)] {
        assert!(complaint.contains(&print), "{print} is not in {complaint}");
    }
    assert!(
        complaint.contains("transom users forget far"),
        "{complaint}"
    );

    let forget = pair.near.run(&["users", "forget", "far"]);
    assert_eq!(forget.code, Some(0), "{forget:?}");
    let end = pair.near.run(&watch);
    assert_eq!(end.code, Some(0), "{end:?}");
}

fn fingerprint(person: &Person) -> String {
    let id = person.run(&["id", "--json"]);
    let id: serde_json::Value = serde_json::from_str(&id.stdout).unwrap();
    id["fingerprint"]
        .as_str()
        .expect("a fingerprint")
        .to_owned()
}

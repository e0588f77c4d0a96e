//! Who is let in: unknown keys get nothing, and a changed key is nobody's decision but the owner's.

use std::fs;

use transom_tests::{Evil, Finished, Person, Program};

use super::Pair;

const SMALL: &[&str] = &["--source", "pattern", "--size", "320x240"];

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

/// Spellings of the loopback address 127.0.0.1 and a port, which all reach the same listener.
fn spellings(address: &str) -> Vec<String> {
    let port = address.rsplit(':').next().unwrap();
    [
        "127.0.0.1",
        "localhost",
        "LocalHost.",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
    ]
    .map(|host| format!("{host}:{port}"))
    .to_vec()
}

const ONE: &[&str] = &["--frames", "1", "--snapshot", "one.jpg"];

fn watch(person: &Person, peer: &str) -> Finished {
    person.run(&[&["watch", peer], ONE].concat())
}

/// Another machine at the address where the camera was.
fn replaced(pair: &Pair, address: &str) -> (Person, Program) {
    let other = Person::new(&pair.scratch, "other");
    other.knows(&pair.near, "127.0.0.1:9", "view");
    let arguments = ["camera", "--listen", address, "--json"];
    let mut program = other.start(&[&arguments, SMALL].concat());
    program.event("listening");
    (other, program)
}

#[test]
fn an_address_has_one_first_use_however_it_is_spelled() {
    let pair = Pair::new();
    let camera = pair.camera(SMALL);
    let address = pair.address();
    fs::write(pair.near.book(), "").unwrap();
    for spelling in spellings(&address) {
        let end = watch(&pair.near, &spelling);
        assert_eq!(end.code, Some(0), "{spelling}: {end:?}");
    }
    let known = fs::read_to_string(pair.near.state().join("known_peers")).unwrap();
    assert_eq!(known, format!("{address} {}\n", pair.far.key()));
    drop(camera);

    let (other, _camera) = replaced(&pair, &address);
    for spelling in spellings(&address) {
        let end = watch(&pair.near, &spelling);
        assert_eq!(end.code, Some(1), "{spelling}: {end:?}");
        let complaint = end.complaint();
        for print in [fingerprint(&pair.far), fingerprint(&other)] {
            assert!(complaint.contains(&print), "{print} is not in {complaint}");
        }
    }
    let other_spelling = &spellings(&address)[2];
    let forget = pair.near.run(&["users", "forget", other_spelling]);
    assert_eq!(forget.code, Some(0), "{forget:?}");
    assert_eq!(watch(&pair.near, &address).code, Some(0));
}

#[test]
fn an_address_of_a_contact_is_dialed_as_that_contact() {
    let pair = Pair::new();
    let camera = pair.camera(SMALL);
    let address = pair.address();
    for spelling in spellings(&address) {
        let end = pair
            .near
            .run(&[&["watch", &spelling, "--json"], ONE].concat());
        assert_eq!(end.code, Some(0), "{spelling}: {end:?}");
        assert!(end.stdout.contains("\"peer\":\"far\""), "{end:?}");
    }
    drop(camera);
    let (_other, _camera) = replaced(&pair, &address);
    for spelling in spellings(&address) {
        let end = watch(&pair.near, &spelling);
        assert_eq!(end.code, Some(1), "{spelling}: {end:?}");
        assert!(end.complaint().contains("change key= of far"), "{end:?}");
    }
}

#[test]
fn a_key_that_was_pinned_to_an_address_counts_when_the_address_gets_a_name() {
    let pair = Pair::new();
    let camera = pair.camera(SMALL);
    let address = pair.address();
    fs::write(pair.near.book(), "").unwrap();
    assert_eq!(watch(&pair.near, &address).code, Some(0));
    drop(camera);
    let (_other, _camera) = replaced(&pair, &address);
    let named = format!("porch {}", spellings(&address)[1]);
    pair.near.write_in_book(&named);
    let end = watch(&pair.near, "porch");
    assert_eq!(end.code, Some(1), "{end:?}");
    assert!(
        end.complaint().contains("transom users forget porch"),
        "{end:?}"
    );
    let forget = pair.near.run(&["users", "forget", "porch"]);
    assert_eq!(forget.code, Some(0), "{forget:?}");
    assert_eq!(watch(&pair.near, "porch").code, Some(0));
}

#[test]
fn of_two_keys_that_an_older_version_pinned_to_one_address_the_first_counts() {
    let pair = Pair::new();
    let _camera = pair.camera(SMALL);
    let address = pair.address();
    fs::write(pair.near.book(), "").unwrap();
    let [first, second] = [2, 0].map(|at| spellings(&address)[at].clone());
    let keys = [pair.near.key(), pair.far.key()];
    let known = pair.near.state().join("known_peers");
    let lines = |keys: [&str; 2]| format!("{first} {}\n{second} {}\n", keys[0], keys[1]);
    fs::write(&known, lines(keys)).unwrap();
    let end = watch(&pair.near, &second);
    assert_eq!(end.code, Some(1), "{end:?}");
    fs::write(&known, lines([keys[1], keys[0]])).unwrap();
    assert_eq!(watch(&pair.near, &second).code, Some(0));
}

fn fingerprint(person: &Person) -> String {
    let id = person.run(&["id", "--json"]);
    let id: serde_json::Value = serde_json::from_str(&id.stdout).unwrap();
    id["fingerprint"]
        .as_str()
        .expect("a fingerprint")
        .to_owned()
}

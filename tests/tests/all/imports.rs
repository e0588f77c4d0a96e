//! Who may import whom: the table of the architecture as an assertion, so that an arrow that points
//! the wrong way, or a new dependency, is a decision somebody makes here and not an accident.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use transom_tests::cargo;

/// What a crate may name under `[dependencies]`, for any system.
const TABLE: &[(&str, &[&str])] = &[
    ("transom-wire", &["thiserror"]),
    ("transom-proto", &["log", "thiserror", "transom-wire"]),
    (
        "transom-secure",
        &[
            "aes-gcm",
            "chacha20poly1305",
            "hkdf",
            "rand_core",
            "ring",
            "sha2",
            "snow",
            "spake2",
            "subtle",
            "thiserror",
            "transom-wire",
            "zeroize",
        ],
    ),
    ("transom-users", &["thiserror", "transom-wire"]),
    (
        "transom-store",
        &[
            "blake3",
            "landlock",
            "log",
            "rustix",
            "thiserror",
            "transom-wire",
        ],
    ),
    (
        "transom-sound",
        &[
            "aec3",
            "alsa",
            "cpal",
            "libc",
            "log",
            "mio",
            "opus-pure",
            "rustix",
            "thiserror",
        ],
    ),
    (
        "transom-media",
        &["libc", "log", "nokhwa", "thiserror", "v4l", "zune-jpeg"],
    ),
    ("transom-door", &["blake3", "httparse", "log", "thiserror"]),
    (
        "transom-net",
        &[
            "log",
            "mio",
            "socket2",
            "thiserror",
            "transom-door",
            "transom-proto",
            "transom-secure",
            "transom-wire",
        ],
    ),
    ("transom-place", &["transom"]),
    ("transom-signals", &["rustix", "signal-hook"]),
    (
        "transom",
        &[
            "getrandom",
            "if-addrs",
            "log",
            "mdns-sd",
            "thiserror",
            "transom-media",
            "transom-net",
            "transom-proto",
            "transom-secure",
            "transom-sound",
            "transom-store",
            "transom-users",
            "transom-wire",
        ],
    ),
    (
        "transom-box",
        &[
            "clap",
            "clap_complete",
            "clap_mangen",
            "env_logger",
            "indicatif",
            "log",
            "qrcode",
            "serde_json",
            "toml",
            "transom",
            "transom-media",
            "transom-place",
            "transom-signals",
            "transom-users",
            "unicode-width",
        ],
    ),
    (
        "transom-view",
        &[
            "atomic-write-file",
            "bytemuck",
            "clap",
            "dirs",
            "egui",
            "egui-winit",
            "env_logger",
            "jiff",
            "log",
            "native-dialog",
            "png",
            "pollster",
            "qrcode",
            "serde",
            "skrifa",
            "thiserror",
            "toml",
            "transom",
            "transom-media",
            "transom-place",
            "transom-signals",
            "transom-users",
            "wgpu",
            "winit",
            "zbus",
        ],
    ),
    ("xtask", &["rustix"]),
];

/// Not a product: it may name whatever its tests need.
const EXEMPT: &str = "transom-tests";

#[test]
fn nobody_imports_beyond_the_table() {
    let allowed: BTreeMap<&str, &[&str]> = TABLE.iter().copied().collect();
    let members = members();
    assert!(members.contains_key("transom-wire"), "{members:?}");
    for (name, imports) in members {
        if name == EXEMPT {
            continue;
        }
        let row = allowed
            .get(name.as_str())
            .unwrap_or_else(|| panic!("{name} has no row in the import table"));
        let beyond: Vec<_> = imports
            .iter()
            .filter(|import| !row.contains(&import.as_str()))
            .collect();
        assert!(beyond.is_empty(), "{name} may not import {beyond:?}");
    }
}

#[test]
fn the_library_stays_light() {
    let crates = crates_below("transom", "--features ring");
    assert!(crates.len() <= 70, "{} crates: {crates:?}", crates.len());
}

#[test]
fn the_box_stays_light() {
    // Three of them are Landlock and its flags.
    for (features, most) in [("", 150), ("--no-default-features", 103)] {
        let crates = crates_below("transom-box", features);
        let count = crates.len();
        assert!(count <= most, "{features} {count} crates: {crates:?}");
    }
}

#[test]
fn no_program_has_the_disk_for_tests() {
    for program in ["transom-box", "transom-view"] {
        let tree = cargo(&format!(
            "tree --locked -p {program} -e normal --prefix none --format {{p}}|{{f}}"
        ));
        let store = tree.lines().find(|line| line.starts_with("transom-store "));
        let store = store.unwrap_or_else(|| panic!("{program} has no transom-store"));
        assert!(!store.contains("faults"), "{store}");
    }
}

/// Each package of the workspace with what it names under `[dependencies]`.
fn members() -> BTreeMap<String, Vec<String>> {
    let metadata = cargo("metadata --no-deps --locked --format-version 1");
    let metadata: Value = serde_json::from_str(&metadata).expect("cargo prints JSON");
    let packages = metadata["packages"].as_array().expect("a list of packages");
    packages
        .iter()
        .map(|package| (text(&package["name"]), imports(package)))
        .collect()
}

/// Kind is null for normal dependencies, else "dev" or "build".
fn imports(package: &Value) -> Vec<String> {
    let dependencies = package["dependencies"].as_array();
    dependencies
        .expect("a list of dependencies")
        .iter()
        .filter(|dependency| dependency["kind"].as_str() != Some("dev"))
        .map(|dependency| text(&dependency["name"]))
        .collect()
}

fn text(value: &Value) -> String {
    value.as_str().expect("a string").to_owned()
}

/// What a Linux build of this package compiles, build scripts and their crates left out.
fn crates_below(package: &str, features: &str) -> BTreeSet<String> {
    let tree = cargo(&format!(
        "tree --locked -p {package} {features} -e normal --prefix none --format {{p}} \
         --target x86_64-unknown-linux-gnu"
    ));
    tree.lines()
        .filter_map(|line| {
            let mut words = line.split(' ');
            Some(format!("{} {}", words.next()?, words.next()?))
        })
        .collect()
}

//! The camera box on the kernel's own driver for USB cameras, `uvcvideo`. These tests plug cameras
//! into the machine they run on, and change `/dev`: they run where the variable `TRANSOM_TEST_USB`
//! is set, one at a time, as in the virtual machine of `cargo xtask vm`.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use transom_media::fuzzing::sample;
use transom_tests::{Person, Program, Scratch, UsbCamera, UsbPictures, eventually};

use super::Pair;

/// Whether a test is not to run here, which it says.
fn is_skipped() -> bool {
    let is_wanted = std::env::var_os("TRANSOM_TEST_USB").is_some();
    if !is_wanted {
        eprintln!("skipped: TRANSOM_TEST_USB is not set (`cargo xtask vm` sets it)");
        return true;
    }
    assert!(UsbCamera::is_possible(), "no module vhci-hcd");
    false
}

fn jpeg_camera(port: u8, serial: &str, size: (u16, u16)) -> UsbCamera {
    let picture = sample(size.0, size.1);
    UsbCamera::new(port, serial, size, UsbPictures::Jpeg(picture))
}

/// A camera that is plugged in, and its node.
fn plugged_in() -> (UsbCamera, PathBuf) {
    let mut camera = jpeg_camera(0, "A1", (320, 240));
    camera.plug_in();
    let node = camera.wait_for_node();
    (camera, node)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of plain letters")
}

/// The events of a box, and of its viewers.
const OWN: &str = "camera";
const FAR: &str = "far_camera";

/// Waits until a program tells this state of the camera, in words that hold this text.
fn hears(program: &mut Program, event: &str, state: &str, words: &str) {
    program.event_where(event, |told| {
        let text = told["text"].as_str().unwrap_or_default();
        told["state"] == state && text.contains(words)
    });
}

#[test]
fn a_camera_comes_back_within_a_second_as_often_as_it_is_unplugged() {
    if is_skipped() {
        return;
    }
    for (pictures, name, cycles) in [
        (UsbPictures::Jpeg(sample(320, 240)), "MJPG", 20),
        (UsbPictures::Yuyv, "YUYV", 6),
    ] {
        let mut camera = UsbCamera::new(0, "A1", (320, 240), pictures);
        camera.plug_in();
        let first = camera.wait_for_node();
        let pair = Pair::new();
        let mut station = pair.camera(&["--source", text(&first)]);
        let mut viewers = [(); 2].map(|()| pair.near.start(&["watch", "far", "--json"]));
        hears(&mut station, OWN, "live", name);
        for viewer in &mut viewers {
            hears(viewer, FAR, "live", "");
        }
        let mut other = jpeg_camera(1, "B2", (160, 120));
        let mut delays = Vec::new();
        for cycle in 0..cycles {
            camera.unplug();
            hears(&mut station, OWN, "lost", "");
            for viewer in &mut viewers {
                hears(viewer, FAR, "lost", "");
            }
            // Every second time another camera has taken its number.
            other.unplug();
            if cycle % 2 == 0 {
                other.plug_in();
                other.wait_for_node();
            }
            camera.plug_in();
            let node = camera.wait_for_node();
            let plugged = Instant::now();
            assert!(cycle % 2 == 1 || node != first, "{}", node.display());
            hears(&mut station, OWN, "live", "");
            delays.push(plugged.elapsed());
            for viewer in &mut viewers {
                hears(viewer, FAR, "live", "");
            }
            println!(
                "{name} {cycle}: {} after {:?}",
                node.display(),
                delays[cycle]
            );
        }
        let worst = delays.iter().max().unwrap();
        assert!(*worst < Duration::from_secs(1), "{delays:?}");
        assert!(viewers.iter_mut().all(Program::is_running));
    }
}

#[test]
fn a_silent_camera_is_opened_again_then_reset() {
    if is_skipped() {
        return;
    }
    let (camera, node) = plugged_in();
    let pair = Pair::new();
    let mut station = pair.camera(&["--source", text(&node)]);
    let mut viewer = pair.near.start(&["watch", "far", "--json"]);
    hears(&mut viewer, FAR, "live", "");
    camera.set_silent(true);
    hears(&mut station, OWN, "lost", "no picture for");
    hears(&mut viewer, FAR, "lost", "it sends no pictures");
    eventually("a reset", || camera.resets() > 0);
    camera.set_silent(false);
    hears(&mut station, OWN, "live", "");
    hears(&mut viewer, FAR, "live", "");
}

#[test]
fn a_control_is_set() {
    if is_skipped() {
        return;
    }
    let (camera, node) = plugged_in();
    let pair = Pair::new();
    let options = ["--source", text(&node), "--control", "brightness=77"];
    let _station = pair.camera(&options);
    let end = pair.near.run(&["watch", "far", "--frames", "3"]);
    assert_eq!(end.code, Some(0), "{end:?}");
    assert_eq!(camera.brightness(), 77);
}

#[test]
fn a_camera_that_another_program_holds_is_told_with_its_name() {
    if is_skipped() {
        return;
    }
    let (_camera, node) = plugged_in();
    let (first, second) = (Pair::new(), Pair::new());
    let holder = first.camera(&["--source", text(&node)]);
    let mut viewer = first.near.start(&["watch", "far", "--json"]);
    hears(&mut viewer, FAR, "live", "");

    let mut station = second.camera(&["--source", text(&node)]);
    let mut viewer = second.near.start(&["watch", "far", "--json"]);
    let by = format!("transom ({})", holder.id());
    hears(&mut station, OWN, "lost", &by);
    hears(&mut viewer, FAR, "lost", "");
    drop(holder);
    hears(&mut viewer, FAR, "live", "");
}

/// A box with this source, and who views it.
fn watched(scratch: &Scratch, name: &str, source: &str) -> (Program, Program) {
    let far = Person::new(scratch, name);
    let near = Person::new(scratch, &format!("{name}-viewer"));
    far.knows(&near, "127.0.0.1:9", "view");
    let (station, address) = far.listen(&["camera", "--source", source]);
    near.knows(&far, &address, "view");
    (station, near.start(&["watch", name, "--json"]))
}

#[test]
fn two_cameras_that_come_back_with_their_numbers_swapped_stay_with_their_boxes() {
    if is_skipped() {
        return;
    }
    let sizes = [(320, 240), (160, 120)];
    let mut cameras = [
        jpeg_camera(0, "A1", sizes[0]),
        jpeg_camera(1, "B2", sizes[1]),
    ];
    let nodes = cameras.each_mut().map(|camera| {
        camera.plug_in();
        camera.wait_for_node()
    });
    // No udev runs here: this test gives the stable name.
    let stable = Path::new("/dev/v4l/by-id/usb-transom-B2-video-index0");
    fs::create_dir_all(stable.parent().unwrap()).unwrap();
    let link = |node: &Path| {
        let _ = fs::remove_file(stable);
        symlink(node, stable).unwrap();
    };
    link(&nodes[1]);

    let scratch = Scratch::new();
    let mut boxes = [
        watched(&scratch, "numbered", text(&nodes[0])),
        watched(&scratch, "named", text(stable)),
    ];
    let all_live = |boxes: &mut [(Program, Program); 2]| {
        for ((station, viewer), size) in boxes.iter_mut().zip(["320x240", "160x120"]) {
            hears(station, OWN, "live", size);
            hears(viewer, FAR, "live", size);
        }
    };
    all_live(&mut boxes);
    for camera in &mut cameras {
        camera.unplug();
    }
    for (station, viewer) in &mut boxes {
        hears(station, OWN, "lost", "");
        hears(viewer, FAR, "lost", "");
    }
    fs::remove_file(stable).unwrap();
    cameras.reverse();
    let swapped = cameras.each_mut().map(|camera| {
        camera.plug_in();
        camera.wait_for_node()
    });
    assert_eq!(swapped, nodes);
    link(&swapped[0]);
    all_live(&mut boxes);
    fs::remove_file(stable).unwrap();
}

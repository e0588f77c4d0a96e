//! Checks the unit of the camera box with systemd's own tools.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crate::failure::{Context, Outcome};
use crate::machine;
use crate::step;
use crate::workspace;

/// Checks the unit with `systemd-analyze`, in a root folder with nothing but the unit's programs.
/// Without systemd this is skipped with a message.
pub(crate) fn verify() -> Outcome {
    if machine::program("systemd-analyze").is_none() {
        eprintln!("\n=== the unit of the camera box: skipped, systemd-analyze is not installed");
        return Ok(());
    }
    let root = workspace::target().join("unit");
    let package = workspace::root().join("bin/box/debian");
    fs::create_dir_all(root.join(FOLDER)).context(root.display())?;
    let unit = root.join(FOLDER).join(UNIT);
    fs::copy(package.join(UNIT), unit).context(UNIT)?;
    for program in [
        "usr/bin/transom",
        "usr/lib/transom/take-code",
        "usr/bin/kill",
    ] {
        put_program(&root.join(program))?;
    }
    read_by_systemd(&root)
}

fn put_program(path: &Path) -> Outcome {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).context(folder.display())?;
    }
    fs::write(path, "#!/bin/sh\n").context(path.display())?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).context(path.display())
}

/// Runs `systemd-analyze verify` and `security` for the unit in that root folder.
pub(super) fn read_by_systemd(root: &Path) -> Outcome {
    let root = format!("--root={}", root.display());
    let mut verify = Command::new("systemd-analyze");
    verify.args([&root, "--man=no", "--recursive-errors=no", "verify", UNIT]);
    step::run("systemd reads the unit of the camera box", &mut verify)?;
    // Exposure of at most 2.0 of 10: the box needs the network, devices and real-time scheduling.
    let mut security = Command::new("systemd-analyze");
    security.args([
        &root,
        "--offline=true",
        "--threshold=20",
        "--no-pager",
        "security",
        UNIT,
    ]);
    step::run("how much the unit may do", &mut security)
}

pub(super) const UNIT: &str = "transom-camera.service";

/// The folder into which cargo-deb puts units.
pub(super) const FOLDER: &str = "usr/lib/systemd/system";

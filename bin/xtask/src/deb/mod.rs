//! `cargo xtask deb`: both programs, with the window's icon and its entry in the desktop's menu, as
//! one Debian package.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crate::failure::{Context, Outcome};
use crate::packages::{self, LIBCLANG};
use crate::step;
use crate::workspace;

/// What the programs load at run time; the window's libraries are opened by name when it starts.
const DEPENDS: &str = "libc6";
const RECOMMENDS: &str = "libvulkan1, mesa-vulkan-drivers, libx11-6, libx11-xcb1, libxcb1, \
    libxi6, libxcursor1, libxkbcommon0, libxkbcommon-x11-0, libwayland-client0, zenity, xdg-utils";

pub(crate) fn run(_: &[&str]) -> Outcome {
    packages::ensure(&[&LIBCLANG])?;
    step::run(
        "building both programs",
        &mut workspace::cargo([
            "build",
            "--locked",
            "--release",
            "-p",
            "transom-box",
            "-p",
            "transom-view",
        ]),
    )?;
    let version = env!("CARGO_PKG_VERSION");
    let tree = workspace::target().join("deb");
    let package = workspace::target().join(format!("transom_{version}_{}.deb", architecture()?));
    step::check("laying out the package", || lay_out(&tree, version))?;
    step::run(
        "dpkg-deb",
        Command::new("dpkg-deb")
            .args(["--root-owner-group", "--build"])
            .arg(&tree)
            .arg(&package),
    )
}

/// What Debian calls this machine's processor.
fn architecture() -> Outcome<String> {
    let told = Command::new("dpkg").arg("--print-architecture").output();
    let told = told.context("dpkg, which packages need")?;
    Ok(String::from_utf8_lossy(&told.stdout).trim().to_owned())
}

fn lay_out(tree: &Path, version: &str) -> Outcome {
    if tree.exists() {
        fs::remove_dir_all(tree).context(tree.display())?;
    }
    let root = workspace::root();
    let desktop = root.join("bin/view/desktop");
    let fonts = root.join("bin/view/fonts");
    let files = [
        (workspace::release("transom"), "usr/bin/transom", 0o755),
        (
            workspace::release("transom-view"),
            "usr/bin/transom-view",
            0o755,
        ),
        (
            desktop.join("transom.desktop"),
            "usr/share/applications/transom.desktop",
            0o644,
        ),
        (
            desktop.join("transom.svg"),
            "usr/share/icons/hicolor/scalable/apps/transom.svg",
            0o644,
        ),
        (
            root.join("LICENSE-MIT"),
            "usr/share/doc/transom/copyright",
            0o644,
        ),
        (
            root.join("LICENSE-APACHE"),
            "usr/share/doc/transom/LICENSE-APACHE",
            0o644,
        ),
        (
            fonts.join("Inter-OFL.txt"),
            "usr/share/doc/transom/Inter-OFL.txt",
            0o644,
        ),
        (
            fonts.join("JetBrainsMono-copyright.txt"),
            "usr/share/doc/transom/JetBrainsMono-copyright.txt",
            0o644,
        ),
        (
            fonts.join("Phosphor-MIT.txt"),
            "usr/share/doc/transom/Phosphor-MIT.txt",
            0o644,
        ),
    ];
    for (from, to, mode) in files {
        let to = tree.join(to);
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder).context(folder.display())?;
        }
        fs::copy(&from, &to).context(from.display())?;
        fs::set_permissions(&to, fs::Permissions::from_mode(mode)).context(to.display())?;
    }
    let control = format!(
        "Package: transom\nVersion: {version}\nArchitecture: {}\nMaintainer: the transom authors \
         <transom@localhost>\nSection: net\nPriority: optional\nDepends: {DEPENDS}\nRecommends: \
         {RECOMMENDS}\nDescription: video calls, cameras and files on your own network\n Calls, \
         camera boxes and files between the computers of a local network,\n without server, account \
         or cloud: the window transom-view and the program\n transom for terminals and camera \
         boxes.\n",
        architecture()?
    );
    let folder = tree.join("DEBIAN");
    fs::create_dir_all(&folder).context(folder.display())?;
    fs::write(folder.join("control"), control).context("DEBIAN/control")
}

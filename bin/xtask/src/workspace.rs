//! Paths in this workspace, and the cargo that built us.

use std::env;
use std::path::PathBuf;
use std::process::Command;

/// The folder of the workspace's Cargo.toml: of the one that cargo runs us for, which is another
/// than the one that built us where a target folder was copied or is shared.
pub(crate) fn root() -> PathBuf {
    let built = || env!("CARGO_MANIFEST_DIR").into();
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(built));
    here.ancestors().nth(2).unwrap_or(&here).to_path_buf()
}

/// Cargo's target folder.
pub(crate) fn target() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => root().join(dir),
        None => root().join("target"),
    }
}

/// The path of a program of ours, built with the release profile.
pub(crate) fn release(program: &str) -> PathBuf {
    target().join("release").join(program)
}

/// A cargo command at the root; a nested cargo must not see the variables of the one that runs us.
pub(crate) fn cargo<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root());
    for (name, _) in env::vars_os() {
        let inherited = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
        });
        if inherited {
            command.env_remove(name);
        }
    }
    command
}

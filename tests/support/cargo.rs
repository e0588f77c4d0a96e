//! The cargo that runs these tests, and the workspace it runs them in.
//! Knows nothing of what is asked of it.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of the workspace's Cargo.toml.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// What cargo prints when asked this, split at white space.
///
/// # Panics
/// When cargo can't be run or fails.
pub fn cargo(arguments: &str) -> String {
    let output = Command::new(env!("CARGO"))
        .args(arguments.split_whitespace())
        .current_dir(root())
        .output()
        .expect("cargo runs these tests, so it can be run");
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo {arguments}: {problem}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

//! The cargo that runs these tests, the workspace it runs them in, and the program it builds for them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

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

/// The program `transom`, built from the sources as they are now, once for all tests of a run.
///
/// # Panics
/// When it can't be built.
pub fn transom() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let messages = cargo("build --locked -p transom-box --message-format json");
        let mut executables = messages.lines().rev().filter_map(executable);
        executables
            .next()
            .expect("cargo names what it built")
            .into()
    })
}

fn executable(line: &str) -> Option<String> {
    let message: Value = serde_json::from_str(line).ok()?;
    Some(message["executable"].as_str()?.to_owned())
}

//! The cargo that runs these tests, the workspace it runs them in, and the program it builds for
//! them.

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
    ask(arguments).unwrap_or_else(|problem| panic!("cargo {arguments}: {problem}"))
}

/// The program `transom`, built from the sources as they are now, once for all tests of a run; the
/// one that the variable `TRANSOM_PROGRAM` names, on a machine without cargo.
///
/// # Panics
/// When it can't be built.
pub fn transom() -> &'static Path {
    static PROGRAM: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let program = PROGRAM.get_or_init(|| {
        if let Some(program) = std::env::var_os("TRANSOM_PROGRAM") {
            return Ok(program.into());
        }
        let messages = ask("build --locked -p transom-box --message-format json")?;
        let mut executables = messages.lines().rev().filter_map(executable);
        executables.next().ok_or("nothing was built".into())
    });
    match program {
        Ok(path) => path,
        Err(problem) => panic!("no program to test: {problem}"),
    }
}

fn ask(arguments: &str) -> Result<String, String> {
    let output = Command::new(env!("CARGO"))
        .args(arguments.split_whitespace())
        .current_dir(root())
        .output()
        .map_err(|error| error.to_string())?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

fn executable(line: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(line).ok()?;
    message["executable"].as_str().map(PathBuf::from)
}

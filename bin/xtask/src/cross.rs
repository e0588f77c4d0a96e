//! `cargo xtask cross`: the headless program for 64-bit ARM, dynamically linked for Debian and
//! statically for any Linux. Each is run in an emulator, with a viewer of this machine.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;
use std::process::Command;

use crate::children::Background;
use crate::failure::{Context, Failure, Outcome};
use crate::machine;
use crate::packages::{self, CROSS, LIBCLANG};
use crate::sandbox::{STARTING, Sandbox, is_event, text_field};
use crate::step;
use crate::workspace::{self, cargo};

/// A target that is cross-compiled.
#[derive(Clone, Copy)]
pub(crate) struct Target {
    pub(crate) triple: &'static str,
    /// The linker.
    linker: &'static str,
    /// For the compiler.
    flags: Option<&'static str>,
    /// Limit of the program's size.
    max_bytes: Option<u64>,
}

/// For Debian and its derivatives.
pub(crate) const DYNAMIC: Target = Target {
    triple: "aarch64-unknown-linux-gnu",
    linker: COMPILER,
    flags: None,
    max_bytes: None,
};

/// For any Linux: musl is linked in, and rustup provides its start files.
const STATIC: Target = Target {
    triple: "aarch64-unknown-linux-musl",
    linker: "rust-lld",
    // Functions whose code is the same share it.
    flags: Some("-C link-arg=--icf=all"),
    max_bytes: Some(5_000_000),
};

/// The profile of programs for small machines.
pub(crate) const PROFILE: &str = "small";

const COMPILER: &str = "aarch64-linux-gnu-gcc";
const LIBRARIES: &str = "/usr/aarch64-linux-gnu";
const EMULATOR: &str = "qemu-aarch64-static";

pub(crate) fn run(arguments: &[&str]) -> Outcome {
    if let Some(argument) = arguments.first() {
        return Err(Failure::usage(format!("cross: {argument}: not known")));
    }
    packages::ensure(&[&LIBCLANG, &CROSS])?;
    for target in [DYNAMIC, STATIC] {
        target.build()?;
        let program = target.program();
        let bytes = fs::metadata(&program).context(program.display())?.len();
        eprintln!("{}: {:.2} MB", program.display(), bytes as f64 / 1e6);
        if let Some(most) = target.max_bytes.filter(|most| bytes > *most) {
            let why = format!("{bytes} bytes, more than {most}");
            return Err(Failure::new(format!("{}: {why}", program.display())));
        }
    }
    step::run(
        "building transom for this machine",
        &mut cargo(["build", "--locked", "--release", "-p", "transom-box"]),
    )?;
    for target in [DYNAMIC, STATIC] {
        step::check(&format!("watching a box of {}", target.triple), || {
            watch(target)
        })?;
    }
    Ok(())
}

impl Target {
    /// The built program.
    pub(crate) fn program(self) -> PathBuf {
        self.folder().join("transom")
    }

    /// The folder of cargo's output for the target.
    pub(crate) fn folder(self) -> PathBuf {
        workspace::target().join(self.triple).join(PROFILE)
    }

    pub(crate) fn build(self) -> Outcome {
        let triple = self.triple;
        ensure_library(triple)?;
        let mut build = cargo(["build", "--locked", "-p", "transom-box"]);
        build.args(["--profile", PROFILE, "--target", triple]);
        let name = triple.replace('-', "_");
        let linker = format!("CARGO_TARGET_{}_LINKER", name.to_uppercase());
        build
            .env(linker, self.linker)
            .env(format!("CC_{name}"), COMPILER)
            .env(format!("AR_{name}"), "aarch64-linux-gnu-ar")
            .env(
                format!("BINDGEN_EXTRA_CLANG_ARGS_{name}"),
                format!("-I{LIBRARIES}/include"),
            );
        if let Some(flags) = self.flags {
            build.env(
                format!("CARGO_TARGET_{}_RUSTFLAGS", name.to_uppercase()),
                flags,
            );
        }
        step::run(&format!("building transom for {triple}"), &mut build)
    }
}

/// Installs Rust's standard library for the target by rustup.
fn ensure_library(triple: &str) -> Outcome {
    let mut rustc = Command::new("rustc");
    rustc.args(["--print", "target-libdir", "--target", triple]);
    let told = rustc.output().context("rustc")?;
    let folder = String::from_utf8_lossy(&told.stdout).trim().to_owned();
    if !machine::names_in(folder.as_ref()).is_empty() {
        return Ok(());
    }
    eprintln!("This machine lacks Rust's standard library for {triple}. It will be installed now.");
    let mut add = Command::new("rustup");
    step::run("rustup target add", add.args(["target", "add", triple]))
}

/// Runs a box in the emulator, and a viewer on this machine that takes ten pictures.
fn watch(target: Target) -> Outcome {
    let sandbox = Sandbox::with_programs(programs(target)?)?;
    let (porch, desk) = (sandbox.user("porch")?, sandbox.user("desk")?);
    porch.knows(&desk, "127.0.0.1:9")?;
    let arguments =
        "camera --source pattern --size 320x240 --listen 127.0.0.1:0 --json --name porch";
    let arguments: Vec<&str> = arguments.split(' ').collect();
    let camera = Background::start(&mut porch.program(EMULATED, &arguments))?;
    let address = camera.line(STARTING, |line| {
        is_event(line, "listening").then(|| text_field(line, "address"))?
    })?;
    desk.knows(&porch, &address)?;
    let mut viewer = desk.transom(&["watch", "porch", "--frames", "10"]);
    let status = viewer.status().context("transom watch")?;
    match status.success() {
        true => Ok(()),
        false => Err(Failure::new(format!("transom watch: {status}"))),
    }
}

/// A folder with this machine's program, and a script that runs the target's program in the
/// emulator.
fn programs(target: Target) -> Outcome<PathBuf> {
    let folder = target.folder().join("emulated");
    if folder.exists() {
        fs::remove_dir_all(&folder).context(folder.display())?;
    }
    fs::create_dir_all(&folder).context(folder.display())?;
    symlink(workspace::release("transom"), folder.join("transom")).context(folder.display())?;
    let script = folder.join(EMULATED);
    let program = target.program();
    let text = format!(
        "#!/bin/sh\nexec {EMULATOR} -L {LIBRARIES} '{}' \"$@\"\n",
        program.display()
    );
    fs::write(&script, text).context(script.display())?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).context(script.display())?;
    Ok(folder)
}

/// The name of the script that runs the target's program.
const EMULATED: &str = "transom-emulated";

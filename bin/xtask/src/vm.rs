//! `cargo xtask vm`: the tests of the camera box on the kernel's own driver for USB cameras, in a
//! virtual machine with Debian's kernel. The cameras are emulated inside it.
//!
//! QEMU emulates the processor, and the guest's clock counts its instructions: on a busy machine a
//! run takes longer, but no test fails, and idle guest time takes no real time.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::children::Background;
use crate::failure::{Context, Failure, Outcome};
use crate::machine;
use crate::packages::{self, LIBCLANG, VIRTUAL_MACHINE};
use crate::sandbox::text_field;
use crate::step;
use crate::workspace::{self, cargo};

pub(crate) fn run(arguments: &[&str]) -> Outcome {
    if let Some(argument) = arguments.first() {
        return Err(Failure::usage(format!("vm: {argument}: not known")));
    }
    let kernel = match Kernel::get() {
        Ok(kernel) => kernel,
        Err(why) => {
            eprintln!("skipped: no virtual machine can be started here: {why}");
            return Ok(());
        }
    };
    packages::ensure(&[&LIBCLANG])?;
    let image = workspace::target().join("vm/image.cpio");
    let guest = Guest::new(&kernel)?;
    guest.write(&image)?;
    step::check("the kernel's USB cameras", || boot(&kernel, &image))
}

/// Kernel modules: USB/IP plugs the camera in, uvcvideo drives it.
const MODULES: [&str; 2] = ["vhci-hcd", "uvcvideo"];
/// The tests that run in the machine.
const TESTS: &str = "program::kernel";
/// Limit of a run, on a busy machine.
const LIMIT: Duration = Duration::from_secs(15 * 60);

/// Debian's kernel and its modules, unpacked into a folder.
struct Kernel {
    folder: PathBuf,
    version: String,
}

impl Kernel {
    fn get() -> Outcome<Self> {
        if cfg!(not(target_arch = "x86_64")) {
            return Err(Failure::new("it is made for x86-64 only"));
        }
        packages::ensure(&[&VIRTUAL_MACHINE])?;
        let folder = workspace::target().join("vm/kernel");
        fs::create_dir_all(&folder).context(folder.display())?;
        if let Some(kernel) = Self::find(&folder) {
            return Ok(kernel);
        }
        let depends = output(Command::new("apt-cache").args(["depends", "linux-image-amd64"]))?;
        let mut lines = depends.lines().map(str::trim);
        let package = lines
            .find_map(|line| line.strip_prefix("Depends: linux-image-"))
            .map(|version| format!("linux-image-{version}"))
            .ok_or_else(|| Failure::new("apt-cache knows no linux-image-amd64"))?;
        eprintln!("It will be downloaded now, not installed: {package}");
        let mut download = Command::new("apt-get");
        download.args(["download", &package]).current_dir(&folder);
        step::run("apt-get download", &mut download)?;
        for name in machine::names_in(&folder) {
            if name.ends_with(".deb") {
                let mut unpack = Command::new("dpkg");
                unpack.arg("-x").arg(&name).arg(".").current_dir(&folder);
                step::run("unpacking it", &mut unpack)?;
                fs::remove_file(folder.join(&name)).context(&name)?;
            }
        }
        let kernel = Self::find(&folder).ok_or_else(|| Failure::new("no kernel in it"))?;
        let mut depmod = Command::new("/sbin/depmod");
        depmod.arg("-b").arg(&folder).arg(&kernel.version);
        step::run("listing its modules", &mut depmod)?;
        Ok(kernel)
    }

    fn find(folder: &Path) -> Option<Self> {
        let names = machine::names_in(&folder.join("boot"));
        let version = names
            .iter()
            .find_map(|name| name.strip_prefix("vmlinuz-"))?;
        Some(Self {
            folder: folder.to_owned(),
            version: version.to_owned(),
        })
    }

    fn image(&self) -> PathBuf {
        self.folder.join(format!("boot/vmlinuz-{}", self.version))
    }

    /// The files of a module and of its dependencies, in the order in which to load them.
    fn files_of(&self, module: &str) -> Outcome<Vec<PathBuf>> {
        let mut modprobe = Command::new("/sbin/modprobe");
        modprobe.arg("-d").arg(&self.folder);
        modprobe.args(["-S", &self.version, "--show-depends", module]);
        let lines = output(&mut modprobe)?;
        let files = lines
            .lines()
            .filter_map(|line| line.strip_prefix("insmod "));
        Ok(files.map(|file| file.trim().into()).collect())
    }
}

/// The content of the machine's only file system.
struct Guest {
    root: PathBuf,
}

impl Guest {
    fn new(kernel: &Kernel) -> Outcome<Self> {
        let root = workspace::target().join("vm/root");
        if root.exists() {
            fs::remove_dir_all(&root).context(root.display())?;
        }
        let guest = Self { root };
        for folder in ["bin", "dev", "proc", "sys", "tmp", "modules"] {
            let folder = guest.root.join(folder);
            fs::create_dir_all(&folder).context(folder.display())?;
        }
        let busybox = machine::program("busybox").ok_or_else(|| Failure::new("no busybox"))?;
        guest.copy(&busybox, Path::new("bin/busybox"))?;
        for (name, program) in build()? {
            guest.copy_program(&program, &Path::new("bin").join(name))?;
        }
        let mut init = INIT_START.to_owned();
        for module in MODULES {
            for file in kernel.files_of(module)? {
                let name = file.file_name().unwrap_or_default();
                guest.copy(&file, &Path::new("modules").join(name))?;
                init += &format!("insmod /modules/{} 2>/dev/null\n", name.display());
            }
        }
        init += &format!("tests {TESTS} --test-threads 1 --nocapture\npoweroff -f\n");
        let path = guest.root.join("init");
        fs::write(&path, init).context(path.display())?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).context(path.display())?;
        Ok(guest)
    }

    fn copy(&self, from: &Path, to: &Path) -> Outcome {
        fs::copy(from, self.root.join(to)).context(from.display())?;
        Ok(())
    }

    /// Copies a program without its symbols, and the libraries that it loads.
    fn copy_program(&self, from: &Path, to: &Path) -> Outcome {
        let mut strip = Command::new("strip");
        strip.arg("-o").arg(self.root.join(to)).arg(from);
        output(&mut strip)?;
        let listed = output(Command::new("ldd").arg(from))?;
        for library in listed
            .split_whitespace()
            .filter(|word| word.starts_with('/'))
        {
            let to = library.trim_start_matches('/');
            let folder = self.root.join(to);
            let folder = folder.parent().unwrap_or(&self.root);
            fs::create_dir_all(folder).context(folder.display())?;
            self.copy(Path::new(library), Path::new(to))?;
        }
        Ok(())
    }

    fn write(&self, image: &Path) -> Outcome {
        let file = fs::File::create(image).context(image.display())?;
        let mut pack = Command::new("sh");
        pack.args(["-c", "find . | cpio -o -H newc --quiet"]);
        pack.current_dir(&self.root).stdout(file);
        step::run("packing the machine's files", &mut pack)
    }
}

const INIT_START: &str = "\
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin TMPDIR=/tmp TRANSOM_PROGRAM=/bin/transom TRANSOM_TEST_USB=1
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
ip link set lo up
";

/// Builds the program and its tests with the same command as `cargo xtask test`: for other targets
/// cargo would choose other features, and compile most of it twice.
fn build() -> Outcome<[(&'static str, PathBuf); 2]> {
    let arguments = "test --locked --workspace --no-run --message-format json";
    let mut command = cargo(arguments.split(' '));
    let messages = output(command.stderr(Stdio::inherit()))?;
    let program = |package: &str, marks: [&str; 2]| {
        let is_it = |line: &&str| marks.iter().all(|mark| line.contains(mark));
        let mut lines = messages.lines().filter(|line| line.contains(package));
        let path = lines
            .find(is_it)
            .and_then(|line| text_field(line, "executable"));
        path.map(PathBuf::from)
            .ok_or_else(|| Failure::new(format!("cargo built no {package}")))
    };
    let programs = [r#""kind":["bin"]"#, r#""test":false"#];
    let tests = [r#""kind":["test"]"#, r#""name":"all""#];
    Ok([
        ("transom", program("#transom-box@", programs)?),
        ("tests", program("#transom-tests@", tests)?),
    ])
}

fn boot(kernel: &Kernel, image: &Path) -> Outcome {
    let mut machine = Command::new("qemu-system-x86_64");
    machine.args("-M q35 -cpu max -m 1024 -accel tcg -icount shift=0,sleep=off".split(' '));
    machine.args("-nographic -nodefaults -serial stdio -monitor none -no-reboot".split(' '));
    machine.args(["-append", "console=ttyS0 quiet panic=-1"]);
    machine.arg("-kernel").arg(kernel.image());
    machine.arg("-initrd").arg(image);
    let machine = Background::start(&mut machine)?;
    let result = machine.line(LIMIT, |line| {
        eprintln!("{line}");
        line.contains("test result:").then(|| line.to_owned())
    })?;
    match result.contains("test result: ok") && !result.contains(" 0 passed") {
        true => Ok(()),
        false => Err(Failure::new("a test failed in the virtual machine")),
    }
}

/// The output of a program; an exit status other than 0 is a failure.
fn output(command: &mut Command) -> Outcome<String> {
    let output = command.output().context(step::written(command))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(Failure::new(format!(
            "{}: {}: {}",
            step::written(command),
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        ))),
    }
}

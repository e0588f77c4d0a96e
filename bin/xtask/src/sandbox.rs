//! Users on loopback with throw-away keys, each with a state folder and a contact book, who run the
//! built `transom`. All files are in one folder that is removed at the end.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::children::Background;
use crate::failure::{Context, Failure, Outcome};
use crate::machine;
use crate::workspace;

/// How long a program may take to start.
pub(crate) const STARTING: Duration = Duration::from_secs(20);

/// A temporary folder for users and their files, removed when dropped.
pub(crate) struct Sandbox {
    folder: PathBuf,
    /// The folder of the built programs.
    programs: PathBuf,
    /// Removes the folder if this process is killed, as by Ctrl-C.
    remover: Remover,
}

impl Sandbox {
    /// A folder in a tmpfs if there is one, so that the disk is not measured.
    pub(crate) fn new() -> Outcome<Self> {
        Self::with_programs(workspace::release(""))
    }

    /// Like [`Sandbox::new`], with the programs of another folder, such as an older build.
    pub(crate) fn with_programs(programs: PathBuf) -> Outcome<Self> {
        let memory = Path::new("/dev/shm");
        let parent = match memory.is_dir() {
            true => memory.to_path_buf(),
            false => std::env::temp_dir(),
        };
        sweep(&parent);
        let folder = parent.join(format!("{PREFIX}{}", std::process::id()));
        fs::create_dir(&folder).context(folder.display())?;
        let remover = Remover::of(&folder)?;
        Ok(Self {
            folder,
            programs,
            remover,
        })
    }

    /// A path in the folder, which need not exist.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Creates a user with a new key.
    pub(crate) fn user(&self, name: &str) -> Outcome<User> {
        let home = self.path(name);
        fs::create_dir(&home).context(home.display())?;
        let mut user = User {
            name: name.into(),
            home,
            programs: self.programs.clone(),
            key: String::new(),
        };
        user.write_book("")?;
        let mut id = user.transom(&["id", "--json"]);
        let output = id.output().context("transom id")?;
        let line = String::from_utf8_lossy(&output.stdout).into_owned();
        user.key = text_field(&line, "key")
            .ok_or_else(|| Failure::new(format!("transom id printed no key: {line}")))?;
        Ok(user)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if let Err(why) = fs::remove_dir_all(&self.folder) {
            eprintln!("xtask: {}: {why}", self.folder.display());
        }
        self.remover.finish();
    }
}

/// A shell that removes a folder as soon as its input ends, which happens when this process ends
/// for whatever reason. It has a process group of its own, so that Ctrl-C does not reach it.
struct Remover(Child);

impl Remover {
    fn of(folder: &Path) -> Outcome<Self> {
        let mut shell = Command::new("sh");
        shell.args(["-c", REMOVE]).arg(folder).process_group(0);
        shell.stdin(Stdio::piped()).stdout(Stdio::null());
        Ok(Self(shell.spawn().context("sh")?))
    }

    /// Ends the shell, and waits until it has removed the folder.
    fn finish(&mut self) {
        drop(self.0.stdin.take());
        // Fails only if the shell has ended already.
        let _ = self.0.wait();
    }
}

/// Tries several times, since programs that end with us may still write into the folder.
const REMOVE: &str =
    r#"cat; for pause in 0.1 1 3 0; do rm -rf -- "$0" && exit; sleep $pause; done"#;

const PREFIX: &str = "transom-xtask-";

/// Removes folders of interrupted runs, which may be in memory.
fn sweep(parent: &Path) {
    for name in machine::names_in(parent) {
        let process = name
            .strip_prefix(PREFIX)
            .and_then(|id| id.parse::<u32>().ok());
        if process.is_some_and(|id| !Path::new(&format!("/proc/{id}")).exists()) {
            // Fails for folders of other users.
            let _ = fs::remove_dir_all(parent.join(name));
        }
    }
}

/// A user of the program.
pub(crate) struct User {
    name: String,
    home: PathBuf,
    programs: PathBuf,
    key: String,
}

impl User {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Replaces the contact book by a line for `other`.
    pub(crate) fn knows(&self, other: &Self, address: &str) -> Outcome {
        self.knows_as(&other.name, other, address)
    }

    /// Like [`User::knows`], with the right to hear our microphone.
    pub(crate) fn is_heard_by(&self, other: &Self, address: &str) -> Outcome {
        let contact = other.contact(&other.name, address);
        self.write_book(&format!("{contact} may=view,call,files,hear\n"))
    }

    /// Like [`User::knows`], under another name.
    pub(crate) fn knows_as(&self, name: &str, other: &Self, address: &str) -> Outcome {
        self.write_book(&(other.contact(name, address) + "\n"))
    }

    /// Replaces the contact book by a line for each of these.
    pub(crate) fn knows_all(&self, others: &[(&Self, &str)]) -> Outcome {
        let lines = others
            .iter()
            .map(|(other, address)| other.contact(&other.name, address) + "\n");
        self.write_book(&lines.collect::<String>())
    }

    /// The line for this user in the books of others.
    pub(crate) fn contact(&self, name: &str, address: &str) -> String {
        format!("{name} {address} key={}", self.key)
    }

    /// The folder with this user's key.
    pub(crate) fn state(&self) -> PathBuf {
        self.home.join("state")
    }

    /// The headless program, run by this user.
    pub(crate) fn transom(&self, arguments: &[&str]) -> Command {
        self.program("transom", arguments)
    }

    /// A program of ours with this user's state and book.
    pub(crate) fn program(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command
            .args(arguments)
            .arg("--state")
            .arg(self.state())
            .arg("--users")
            .arg(self.home.join("user_list.txt"))
            .current_dir(&self.home);
        command
    }

    /// Starts a program that listens on a free port of loopback. Returns its address too.
    pub(crate) fn listen(&self, arguments: &[&str]) -> Outcome<(Background, String)> {
        self.listen_with(arguments, [])
    }

    /// Like [`User::listen`], with environment variables.
    pub(crate) fn listen_with<const N: usize>(
        &self,
        arguments: &[&str],
        variables: [(&str, String); N],
    ) -> Outcome<(Background, String)> {
        let free = ["--listen", "127.0.0.1:0", "--json", "--name", &self.name];
        let mut command = self.transom(&[arguments, &free].concat());
        let child = Background::start(command.envs(variables))?;
        let address = child.line(STARTING, |line| {
            is_event(line, "listening")
                .then(|| text_field(line, "address"))
                .flatten()
        })?;
        Ok((child, address))
    }

    /// Replaces the contact book by this text.
    pub(crate) fn write_book(&self, text: &str) -> Outcome {
        let book = self.home.join("user_list.txt");
        fs::write(&book, text).context(book.display())
    }
}

/// Whether a line of `--json` is this event.
pub(crate) fn is_event(line: &str, event: &str) -> bool {
    text_field(line, "event").as_deref() == Some(event)
}

/// A text field of a JSON object. Escapes are not decoded; keys and addresses have none.
pub(crate) fn text_field(line: &str, name: &str) -> Option<String> {
    let (_, rest) = line.split_once(&format!("\"{name}\":\""))?;
    let (text, _) = rest.split_once('"')?;
    Some(text.into())
}

/// A number field of a JSON object, or of the object `within` in it.
pub(crate) fn number_field(line: &str, within: Option<&str>, name: &str) -> Option<f64> {
    let line = match within {
        Some(object) => line.split_once(&format!("\"{object}\":{{"))?.1,
        None => line,
    };
    let (_, rest) = line.split_once(&format!("\"{name}\":"))?;
    let end = rest.find([',', '}']).unwrap_or(rest.len());
    rest.get(..end)?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_does_not_outlive_the_process_that_made_it() {
        let name = format!("transom-remover-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(folder.join("state")).unwrap();
        fs::write(folder.join("state/key"), "secret").unwrap();
        let mut remover = Remover::of(&folder).unwrap();
        assert!(folder.exists());
        // As the end of this process does, it ends the shell's input.
        remover.finish();
        assert!(!folder.exists());
    }

    #[test]
    fn fields_are_found_where_they_stand() {
        let line = r#"{"event":"summary","fps":29.97,"late":{"max":4.5,"p99":1.25},"lost":0}"#;
        assert!(is_event(line, "summary") && !is_event(line, "stats"));
        assert_eq!(number_field(line, None, "fps"), Some(29.97));
        assert_eq!(number_field(line, Some("late"), "p99"), Some(1.25));
        assert_eq!(number_field(line, None, "lost"), Some(0.0));
        assert_eq!(number_field(line, Some("none"), "p99"), None);
        assert_eq!(text_field(line, "fps"), None);
    }
}

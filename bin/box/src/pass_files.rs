//! The files of passes in the state folder: the passes, which commands change; when they were last
//! used, and where the doors are, which a box and a bridge write. With a file for each, a box can't
//! bring a removed pass back.

use std::fs;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use transom::{Pass, Passes, State};

use crate::book_file;
use crate::failure::Failure;
use crate::place;

#[derive(Debug)]
pub(crate) struct PassFiles {
    passes: PathBuf,
    uses: PathBuf,
    /// Where the door of the camera is, and that of the bridge: both may run on one machine.
    doors: [PathBuf; 2],
}

/// Which command has a door.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum DoorOf {
    Bridge,
    Camera,
}

/// Where the links of passes lead to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct DoorPlace {
    pub(crate) address: SocketAddr,
    /// The names of several boxes. A single camera is at the root.
    pub(crate) boxes: Vec<String>,
}

/// Which state of the file of passes was read.
pub(crate) type Version = Option<(SystemTime, u64)>;

impl PassFiles {
    pub(crate) fn of(state: &State) -> Self {
        Self {
            passes: state.dir().join("passes"),
            uses: state.dir().join("passes_used"),
            doors: ["http_door_bridge", "http_door_camera"].map(|name| state.dir().join(name)),
        }
    }

    /// The file of passes as it is now; `None` if there is none.
    pub(crate) fn version(&self) -> Version {
        let data = fs::metadata(&self.passes).ok()?;
        Some((data.modified().ok()?, data.len()))
    }

    /// The passes, with their last uses.
    pub(crate) fn read(&self) -> Result<Passes, Failure> {
        let mut passes = parse(&self.passes, &self.text()?)?;
        // A box may have written the uses while its disk was full.
        if let Ok(uses) = read(&self.uses).and_then(|text| parse(&self.uses, &text)) {
            uses.keep_uses(&mut passes);
        }
        Ok(passes)
    }

    pub(crate) fn add(&self, pass: &Pass) -> Result<(), Failure> {
        // Its lines have to be readable, or the new one would not be either.
        let passes = self.read()?;
        // Two that differ in upper and lower case alone would be mistaken for each other.
        let name = pass.name().to_lowercase();
        if let Some(known) = passes.iter().find(|it| it.name().to_lowercase() == name) {
            let known = known.name();
            let why = format!("there is one called {known}");
            let todo = format!("to make a new one, first: transom pass remove {known}");
            return Err(Failure::new("no pass was made", why).next(todo));
        }
        book_file::append(&self.passes, &pass.to_string())
            .map_err(|error| wrong("can't write", &self.passes, error))
    }

    /// Removes the pass of that name. All other lines stay as they are.
    pub(crate) fn remove(&self, name: &str) -> Result<(), Failure> {
        let text = self.text()?;
        parse(&self.passes, &text)?;
        let is_other = |line: &&str| line.split_whitespace().next() != Some(name);
        let left: String = text.split_inclusive('\n').filter(is_other).collect();
        if left == text {
            return Err(Failure::new(
                "nothing to remove",
                format!("no pass is called {name}"),
            ));
        }
        book_file::replace(&self.passes, &text, &left)
            .map_err(|error| wrong("can't write", &self.passes, error))
    }

    /// Keeps when passes were used: here, or at another door of the same passes.
    pub(crate) fn keep_uses(&self, passes: &Passes) -> Result<(), Failure> {
        let mut passes = passes.clone();
        if let Ok(known) = read(&self.uses).and_then(|text| parse(&self.uses, &text)) {
            known.keep_uses(&mut passes);
        }
        keep(&self.uses, &passes.to_string())
    }

    /// Keeps where a door is, for the links of later passes.
    pub(crate) fn keep_door(&self, of: DoorOf, place: &DoorPlace) -> Result<(), Failure> {
        let mut lines = format!("{}\n", place.address);
        for name in &place.boxes {
            lines.push_str(name);
            lines.push('\n');
        }
        keep(&self.doors[of as usize], &lines)
    }

    /// Where a door was opened last, of those at this address if one is given.
    pub(crate) fn door(&self, wanted: Option<SocketAddr>) -> Option<DoorPlace> {
        let place = |path: &PathBuf| {
            let opened = fs::metadata(path).and_then(|data| data.modified()).ok()?;
            let text = read(path).ok()?;
            let mut lines = text.lines();
            let address = lines.next()?.parse().ok()?;
            let boxes = lines.map(str::to_owned).collect();
            Some((opened, DoorPlace { address, boxes }))
        };
        let places = self.doors.iter().filter_map(place);
        let places = places.filter(|(_, place)| wanted.is_none_or(|it| it == place.address));
        let (_, last) = places.max_by_key(|(opened, _)| *opened)?;
        Some(last)
    }

    fn text(&self) -> Result<String, Failure> {
        read(&self.passes)
    }
}

fn keep(path: &Path, text: &str) -> Result<(), Failure> {
    book_file::put(path, text).map_err(|error| wrong("can't write", path, error))
}

/// The text of a file of passes; none if it is not there.
fn read(path: &Path) -> Result<String, Failure> {
    let failed = |error: io::Error| wrong("can't read", path, error);
    match place::try_read(path) {
        Ok(bytes) => String::from_utf8(bytes).map_err(|error| failed(io::Error::other(error))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(failed(error)),
    }
}

fn parse(path: &Path, text: &str) -> Result<Passes, Failure> {
    text.parse().map_err(|error: transom::InvalidPasses| {
        let what = format!("{}:{}", path.display(), error.line);
        Failure::new(what, error.why).next("mend or remove that line")
    })
}

fn wrong(what: &str, path: &Path, error: io::Error) -> Failure {
    Failure::new(format!("{what} {}", path.display()), error)
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::time::Duration;

    use transom::Token;

    use super::*;

    #[test]
    fn passes_come_and_go_and_uses_bring_none_back() {
        let folder = std::env::temp_dir().join(format!("transom-passes-{}", std::process::id()));
        let files = PassFiles::of(&State::open(&folder).unwrap());
        assert_eq!(files.read().unwrap().iter().count(), 0);
        let pass = |name, byte| Pass::new(name, &Token::from_random([byte; 20])).unwrap();
        files.add(&pass("octoprint", 1)).unwrap();
        let before = files.version();
        files.add(&pass("phone", 2)).unwrap();
        assert_ne!(files.version(), before);
        for taken in ["phone", "Phone"] {
            let error = files.add(&pass(taken, 3)).unwrap_err().to_string();
            assert!(error.contains("there is one called phone; "), "{error}");
        }

        let used = files.read().unwrap().to_string();
        let used: String = used
            .lines()
            .map(|line| format!("{line} 1795800836\n"))
            .collect();
        files.keep_uses(&used.parse().unwrap()).unwrap();
        files.remove("octoprint").unwrap();
        assert!(files.remove("octoprint").is_err());
        let left = files.read().unwrap();
        let left: Vec<_> = left
            .iter()
            .map(|pass| (pass.name(), pass.last_used()))
            .collect();
        let when = Duration::from_secs(1_795_800_836);
        assert_eq!(left, [("phone", Some(when))]);

        // Another door of the same passes, which saw less.
        let older = files.read().unwrap().to_string().replace("1795800836", "5");
        files.keep_uses(&older.parse().unwrap()).unwrap();
        let kept = files.read().unwrap();
        assert_eq!(kept.iter().next().unwrap().last_used(), Some(when));

        fs::write(&files.passes, "nonsense\n").unwrap();
        let error = files.read().unwrap_err().to_string();
        fs::remove_dir_all(&folder).unwrap();
        assert!(
            error.contains("passes:1: a pass is a line of NAME HASH"),
            "{error}"
        );
    }

    #[test]
    fn a_camera_and_a_bridge_keep_their_doors_apart_and_the_last_one_is_linked() {
        let folder = std::env::temp_dir().join(format!("transom-doors-{}", std::process::id()));
        let files = PassFiles::of(&State::open(&folder).unwrap());
        assert_eq!(files.door(None), None);
        let place = |address: &str, boxes: &[&str]| DoorPlace {
            address: address.parse().unwrap(),
            boxes: boxes.iter().map(|name| (*name).to_owned()).collect(),
        };
        let camera = place("127.0.0.1:8080", &[]);
        let bridge = place("[::1]:8081", &["hall", "Zoë"]);
        files.keep_door(DoorOf::Camera, &camera).unwrap();
        files.keep_door(DoorOf::Bridge, &bridge).unwrap();
        let opened = |of: DoorOf, seconds| {
            let file = File::options().append(true).open(&files.doors[of as usize]);
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            file.unwrap().set_modified(time).unwrap();
        };
        opened(DoorOf::Camera, 5);
        opened(DoorOf::Bridge, 6);
        assert_eq!(files.door(None).as_ref(), Some(&bridge));
        opened(DoorOf::Camera, 7);
        assert_eq!(files.door(None).as_ref(), Some(&camera));
        assert_eq!(files.door(Some(bridge.address)).as_ref(), Some(&bridge));
        assert_eq!(files.door(Some("127.0.0.1:9".parse().unwrap())), None);
        fs::remove_dir_all(&folder).unwrap();
    }
}

//! How a camera box is paired: by a code that it makes, or by one that its owner wrote to the boot
//! partition of its card, where any computer can write.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use serde_json::json;
use transom::people::Rights;
use transom::{Code, CodeEnd, InvalidCode, Keep, Paired, PairingId, PairingNotice, Settings};

use crate::args;
use crate::failure::Failure;
use crate::output::Output;
use crate::pairing::{self, Shown};
use crate::place::Place;
use crate::report;
use crate::sound;
use crate::station::Running;

/// Pairing of a camera box, at its start and at each reload (SIGHUP).
pub(crate) struct BoxPairing {
    /// The folders in which the owner may have written a code.
    folders: Vec<PathBuf>,
    /// Whether to make a code where the owner has written none.
    makes_code: bool,
    /// The code that is shown now.
    current: Option<Current>,
    shown: Shown<'static>,
    /// The rights that the peer gets.
    may: Rights,
    /// The rights that this box can serve with its settings.
    served: Rights,
}

/// A code that is shown.
struct Current {
    id: PairingId,
    /// The code if its owner wrote it, and its file, which is removed once the code is used up.
    written: Option<(Code, PathBuf)>,
}

impl BoxPairing {
    /// For a box with these settings.
    ///
    /// # Errors
    /// A named folder is missing, so that no code would ever be found there.
    pub(crate) fn new(arguments: &args::BoxPairing, settings: &Settings) -> Result<Self, Failure> {
        if let Some(missing) = arguments.boot.iter().find(|folder| !folder.is_dir()) {
            let what = format!("no code can be read from {}", missing.display());
            return Err(Failure::usage(what, "there is no such folder"));
        }
        let folders = match arguments.boot.as_slice() {
            [] => BOOT.iter().map(PathBuf::from).collect(),
            some => some.to_vec(),
        };
        Ok(Self {
            folders,
            makes_code: arguments.pair,
            current: None,
            shown: Shown {
                key: settings.identity.public_key(),
                command: "transom pair",
            },
            may: arguments.may,
            served: served(settings),
        })
    }

    /// Shows a code, unless one is shown; a code that the owner has written since then replaces it.
    /// Only the owner can cause that: if a new code appeared by itself after three wrong guesses, an
    /// attacker would get three more guesses each time.
    pub(crate) fn show(&mut self, running: &Running, output: &Output) {
        let written = self.written_code(output);
        let is_wanted = match (&self.current, &written) {
            (None, None) => self.makes_code,
            (None, Some(_)) => true,
            (Some(_), None) => false,
            (Some(current), Some(_)) => current.written != written,
        };
        if !is_wanted {
            return;
        }
        let code = written.as_ref().map(|(code, _)| code.clone());
        let terms = pairing::terms(None, self.may, Keep::Contact);
        let id = running.handle.show_code(code, terms);
        self.current = Some(Current { id, written });
    }

    /// Whether a code is shown now.
    pub(crate) fn is_shown(&self) -> bool {
        self.current.is_some()
    }

    /// The code that the owner wrote to the boot partition, and its file.
    fn written_code(&self, output: &Output) -> Option<(Code, PathBuf)> {
        let files = self.folders.iter().map(|folder| folder.join(FILE));
        files.filter(|file| file.is_file()).find_map(|file| {
            let complain = |why: &String| {
                output.complain(format!(
                    "{} is not used: {why}; write one line, such as `transom pair --print` prints",
                    file.display()
                ));
            };
            let code = read(&file).inspect_err(complain).ok()?;
            Some((code, file))
        })
    }

    pub(crate) fn notice(
        &mut self,
        id: PairingId,
        notice: PairingNotice,
        place: &Place,
        running: &Running,
        output: &Output,
    ) {
        // Notices of a code that was replaced may still come.
        let is_current = |current: &mut Current| current.id == id;
        match &notice {
            PairingNotice::CodeShown { code, until } => {
                let current = self.current.as_ref().filter(|current| current.id == id);
                match current.map(|current| &current.written) {
                    // The owner knows the code of the file, and more people can read the log than
                    // the card.
                    Some(Some((_, file))) => {
                        let file = file.display().to_string();
                        output.say(
                            format!("the code in {file} can be typed for ten minutes"),
                            json!({"event": "code_read", "file": file}),
                        );
                    }
                    Some(None) => self.shown.tell(code, *until, running, output),
                    None => {}
                }
            }
            PairingNotice::CodeEnded { why } => {
                report::tell_pairing(output, &notice);
                let ended = self.current.take_if(is_current);
                if ended.is_some() && self.makes_code {
                    output.warn(NEW_CODE);
                }
                if let Some(ended) = ended.filter(|_| *why == CodeEnd::Guessed) {
                    ended.use_up(output);
                }
            }
            PairingNotice::Paired(paired) => {
                output.deliver(self.paired_words(paired), pairing::paired_json(paired));
                if let Some(used) = self.current.take_if(is_current) {
                    used.use_up(output);
                }
                if paired.keep == Keep::Contact
                    && let Err(failure) = pairing::keep(paired, paired.may, place, running, output)
                {
                    output.complain(failure.to_string());
                }
            }
            notice => report::tell_pairing(output, notice),
        }
    }

    /// The rights of the peer at this box. The rights of the box at the peer are left out, because
    /// it uses none.
    fn paired_words(&self, paired: &Paired) -> String {
        let them = pairing::paired_with(paired);
        match paired.keep {
            Keep::Contact => {
                let may = pairing::rights(paired.may & self.served);
                format!("{them}; they may: {may}")
            }
            _ => format!("{them}, this once"),
        }
    }
}

impl Current {
    /// Removes the file of a used code, which is valid only once. A file that has another code by
    /// now stays for the next reload.
    fn use_up(self, output: &Output) {
        let Some((code, file)) = self.written else {
            return;
        };
        if code_in(&file) != Ok(code) {
            return;
        }
        // Truncated if it can't be removed, so that it has no code.
        let gone = fs::remove_file(&file).or_else(|_| File::create(&file).map(drop));
        if let Err(error) = gone {
            let file = file.display();
            output.complain(format!(
                "can't remove {file}: {error}; remove it, or its code is valid again at the next start"
            ));
        }
    }
}

/// The rights that a box with these settings can serve. It takes no calls.
fn served(settings: &Settings) -> Rights {
    let (hear, talk) = sound::served(settings);
    Rights {
        view: settings.serve_camera,
        files: settings.inbox.is_some(),
        hear,
        talk,
        ..Rights::NONE
    }
}

/// The code in that file, if the file can be removed afterwards.
pub(crate) fn read(file: &Path) -> Result<Code, String> {
    let code = code_in(file)?;
    let writable = OpenOptions::new().write(true).open(file);
    writable.map_err(|error| {
        format!("it could not be removed afterwards, so its code would stay valid: {error}")
    })?;
    Ok(code)
}

fn code_in(file: &Path) -> Result<Code, String> {
    let mut text = String::new();
    let read = File::open(file).and_then(|file| file.take(MAX_FILE).read_to_string(&mut text));
    read.map_err(|error| match error.kind() {
        ErrorKind::InvalidData => "it is not UTF-8 text".to_owned(),
        _ => error.to_string(),
    })?;
    // The byte order mark that some editors put first.
    let text = text.trim_start_matches('\u{feff}');
    let line = text.lines().find(|line| !line.trim().is_empty());
    let line = line.ok_or("it is empty")?;
    // The wrong word is left out: it would tell readers of the log most of the code.
    line.parse().map_err(|error| match error {
        InvalidCode::Word { .. } => "it has a word that no code has".to_owned(),
        error => error.to_string(),
    })
}

/// What to do when a code of the box has ended.
const NEW_CODE: &str =
    "SIGHUP makes a box that runs without a terminal show a new code; others do so at their start";

/// The name of the file that the owner writes.
pub(crate) const FILE: &str = "transom-pair.txt";

/// Where the boot partition is mounted by Raspberry Pi OS, now and before 2023.
pub(crate) const BOOT: &[&str] = &["/boot/firmware", "/boot"];

/// Limit of the bytes that are read: one line is enough.
const MAX_FILE: u64 = 1024;

#[cfg(test)]
mod tests {
    use transom::Identity;

    use super::*;

    #[test]
    fn a_box_names_the_rights_that_its_owner_gave_and_it_can_serve() {
        let mut settings = Settings::new("porch".parse().unwrap(), Identity::throwaway().unwrap());
        settings.serve_camera = true;
        let arguments = args::BoxPairing {
            pair: true,
            may: Rights::default(),
            boot: Vec::new(),
        };
        let key = settings.identity.public_key();
        let paired = |may: &str| Paired {
            peer: "anna".parse().unwrap(),
            key,
            called: "anna".parse().unwrap(),
            side: transom::PairingSide::Showed,
            reached: ([127, 0, 0, 1], 7447).into(),
            address: "127.0.0.1".parse().unwrap(),
            may: may.parse().unwrap(),
            grants: "view,call,files".parse().unwrap(),
            keep: Keep::Contact,
        };
        let told = |settings: &Settings, may| {
            let words = BoxPairing::new(&arguments, settings)
                .unwrap()
                .paired_words(&paired(may));
            words.split_once("; ").map(|(_, rights)| rights.to_owned())
        };
        let view = Some("they may: view".to_owned());
        assert_eq!(told(&settings, "view,call,files,hear"), view);
        settings.inbox = Some(transom::InboxSettings::new("inbox", transom::Accept::Known));
        let both = Some("they may: view,files".to_owned());
        assert_eq!(told(&settings, "view,call,files"), both);
    }

    #[test]
    fn a_missing_folder_for_codes_is_an_error() {
        let settings = Settings::new("porch".parse().unwrap(), Identity::throwaway().unwrap());
        let made = |folder: PathBuf| {
            let arguments = args::BoxPairing {
                pair: false,
                may: Rights::default(),
                boot: vec![folder],
            };
            BoxPairing::new(&arguments, &settings).map(drop)
        };
        assert!(made(std::env::temp_dir()).is_ok());
        let why = made("/missing/folder".into()).unwrap_err().to_string();
        assert!(why.contains("/missing/folder"), "{why}");
    }

    #[test]
    fn the_first_line_that_is_not_blank_is_the_code() {
        let file = std::env::temp_dir().join(format!("transom-code-{}", std::process::id()));
        let read_back = |text: &str| {
            fs::write(&file, text).unwrap();
            read(&file)
        };
        let code: Code = "47-otter-violin".parse().unwrap();
        for text in [
            "47-otter-violin",
            "\u{feff}\r\n47 Otter Violin \r\nmore\r\n",
        ] {
            assert_eq!(read_back(text).as_ref(), Ok(&code), "{text:?}");
        }
        for text in ["", " \n", "my dog", "47-otter-"] {
            assert!(read_back(text).is_err(), "{text:?}");
        }
        let why = read_back("47-otter-qqviolin").unwrap_err();
        assert!(!why.contains("qqviolin"), "a log is not told words: {why}");
        fs::remove_file(&file).unwrap();
    }
}

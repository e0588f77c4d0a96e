//! Connections whose admission waits for the file of pinned keys, which is read and written by the
//! thread `pins`: one that takes seconds stops no picture. It knows no file.
//!
//! ```text
//!   key is proven --> waiting --> asked --> decided --> admitted or refused
//!                        ^                     |
//!                        '-- a key to be kept --'
//! ```
//!
//! A key is trusted once it is on the disk, and not before. A handshake may take three seconds in
//! all: a disk that is slower keeps the key, and the next connection finds it pinned.

use std::sync::Arc;

use transom_net::PeerId;
use transom_proto::Side;
use transom_users::KnownPeers;
use transom_wire::PeerName;

use super::door::Caller;
use crate::notice::KeyNotKept;
use crate::parts::Workers;
use crate::pins::{PinAnswer, PinJob};

/// A connection that asks to be admitted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asker {
    pub(super) id: PeerId,
    pub(super) caller: Caller,
    pub(super) side: Side,
    /// What is to be kept before.
    pub(super) pin: Option<Pin>,
}

/// The name to which the key is to be pinned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pin {
    pub(super) name: PeerName,
    pub(super) first_use: bool,
    /// On first use: another name under which the key was known already.
    pub(super) known_as: Option<PeerName>,
}

#[derive(Default)]
pub(super) struct Pins {
    known: Arc<KnownPeers>,
    waiting: Vec<Asker>,
    /// Those for whose sake the thread works. It has one job at a time, so that however long it
    /// takes, no more wait than there are connections.
    asked: Vec<Asker>,
    is_busy: bool,
}

impl Pins {
    pub(super) fn new(known: KnownPeers) -> Self {
        Self {
            known: Arc::new(known),
            ..Self::default()
        }
    }

    /// The keys as the file had them last.
    pub(super) fn known(&self) -> &KnownPeers {
        &self.known
    }

    /// Lets it wait until the file was read, and has its key.
    pub(super) fn ask(&mut self, asker: Asker, workers: &mut Workers) {
        self.waiting.push(asker);
        self.next(workers);
    }

    /// Takes the answer; gives those that waited for it, with why their keys can't be kept.
    pub(super) fn answered(
        &mut self,
        answer: PinAnswer,
        workers: &mut Workers,
    ) -> Vec<(Asker, Option<KeyNotKept>)> {
        (self.known, self.is_busy) = (answer.known, false);
        let mut failed = answer.failed;
        let asked = self.asked.drain(..).map(|asker| {
            let at = failed.iter().position(|(id, _)| *id == asker.id);
            (asker, at.map(|at| failed.swap_remove(at).1))
        });
        let asked = asked.collect();
        self.next(workers);
        asked
    }

    /// The connection is gone.
    pub(super) fn forget(&mut self, id: PeerId) {
        self.waiting.retain(|asker| asker.id != id);
        self.asked.retain(|asker| asker.id != id);
    }

    fn next(&mut self, workers: &mut Workers) {
        if !self.is_busy && !self.waiting.is_empty() {
            self.is_busy = true;
            self.asked.append(&mut self.waiting);
            let keys = self.asked.iter();
            let job = keys.filter_map(|asker| Some((asker.id, asker.pin?.name, asker.caller.key)));
            workers.pin(job.collect::<PinJob>());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::net::TcpListener;
    use std::path::{Path, PathBuf};

    use transom_net::Departure;
    use transom_users::Book;
    use transom_wire::PublicKey;

    use super::*;
    use crate::context::Context;
    use crate::links::Links;
    use crate::links::dial::Reach;
    use crate::notice::{Notice, Obstacle};
    use crate::pins::Pinner;
    use crate::workers::Report;
    use crate::{Identity, Redial, Settings, State, parts};

    const KEY: PublicKey = PublicKey([1; 32]);
    const OF_BOOK: PublicKey = PublicKey([2; 32]);

    /// A station that has dialed a contact of whom no key is known.
    struct Dialed {
        folder: PathBuf,
        far: TcpListener,
        links: Links,
        out: Context,
        id: PeerId,
    }

    impl Dialed {
        fn new(name: &str) -> Self {
            let folder =
                std::env::temp_dir().join(format!("transom-{name}-{}", std::process::id()));
            let mut settings = Settings::new("me".parse().unwrap(), Identity::throwaway().unwrap());
            settings.book = Book::parse(&format!("ben h key={OF_BOOK}")).0;
            settings.known_peers = State::open(&folder).unwrap().known_peers().unwrap();
            let config = transom_net::Config::new(settings.identity.secret.clone(), Vec::new());
            let mut out = parts::open(config).unwrap();
            let mut links = Links::new(&mut settings, 1, out.machine.clone());
            out.workers.set_pinner(Pinner::new(settings.known_peers));
            let far = TcpListener::bind("127.0.0.1:0").unwrap();
            let contact = format!("anna {}", far.local_addr().unwrap());
            links.connect(contact.parse().unwrap(), Redial::Never, &mut out);
            let mut dials = links.dials.values();
            let id = dials.find_map(|dial| match dial.reach {
                Reach::Trying { link, .. } => link,
                _ => None,
            });
            let id = id.unwrap();
            Self {
                folder,
                far,
                links,
                out,
                id,
            }
        }

        fn decide(&mut self, id: PeerId, key: PublicKey, side: Side) {
            let caller = Caller {
                key,
                name: None,
                address: self.far.local_addr().unwrap(),
            };
            self.links.decide(id, caller, side, &mut self.out);
        }

        fn answer(&mut self) -> PinAnswer {
            loop {
                for report in self.out.workers.reports() {
                    if let Report::Pins(answer) = report {
                        return answer;
                    }
                }
                std::thread::yield_now();
            }
        }

        fn pinned(&mut self, answer: PinAnswer) {
            self.links.pinned(answer, &mut self.out);
        }

        fn is_admitted(&self) -> bool {
            self.links.link(self.id).is_some()
        }

        fn file(&self) -> PathBuf {
            self.folder.join("known_peers")
        }
    }

    impl Drop for Dialed {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }

    fn text(path: &Path) -> String {
        fs::read_to_string(path).unwrap_or_default()
    }

    #[test]
    fn a_first_key_is_trusted_once_it_is_on_the_disk_and_holds_up_no_contact_of_the_book() {
        let mut near = Dialed::new("first-key");
        near.decide(near.id, KEY, Side::Dialer);
        let read = near.answer();
        near.pinned(read);
        assert!(!near.is_admitted(), "the key is not kept");
        let ben = near.out.net.dial(near.far.local_addr().unwrap()).unwrap();
        near.decide(ben, OF_BOOK, Side::Listener);
        assert!(near.links.link(ben).is_some());
        let kept = near.answer();
        assert_eq!(text(&near.file()), format!("anna {KEY}\n"));
        assert!(!near.is_admitted());
        near.pinned(kept);
        let link = near.links.link(near.id).unwrap();
        assert!(link.first_use);
    }

    #[test]
    fn a_key_that_can_not_be_kept_is_not_trusted() {
        let mut near = Dialed::new("lost-key");
        near.decide(near.id, KEY, Side::Dialer);
        let read = near.answer();
        fs::create_dir(near.file()).unwrap();
        near.pinned(read);
        let failed = near.answer();
        near.pinned(failed);
        assert!(!near.is_admitted());
        let is_told = |notice: &Notice| {
            matches!(
                notice,
                Notice::Unreachable {
                    obstacle: Obstacle::KeyNotKept(_),
                    ..
                }
            )
        };
        assert!(near.out.notices.iter().any(is_told));
    }

    #[test]
    fn a_connection_that_ended_meanwhile_is_not_admitted_and_others_wait_for_one_job() {
        let mut near = Dialed::new("gone-asker");
        near.decide(near.id, KEY, Side::Dialer);
        near.links.left(near.id, &Departure::Closed, &mut near.out);
        for _ in 0..3 {
            near.decide(near.id, KEY, Side::Listener);
        }
        assert_eq!(near.links.pins.waiting.len(), 3);
        let read = near.answer();
        near.pinned(read);
        assert!(near.links.pins.waiting.is_empty());
        assert_eq!(near.links.pins.asked.len(), 3);
        assert!(!near.is_admitted());
        let read = near.answer();
        near.pinned(read);
        assert!(near.links.pins.asked.is_empty() && !near.links.pins.is_busy);
    }
}

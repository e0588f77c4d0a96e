//! Limits of a sender's key over all its connections: bytes of file data, and bytes of paths.

use std::collections::BTreeMap;

use transom_net::PeerId;
use transom_wire::{ByeCode, PublicKey};

use super::Transfers;
use crate::context::Context;
use crate::links::Links;

/// Bytes of the paths of entries that one key has announced and that are not settled. A connection
/// may have 256 such entries in each of 16 folders: room for that many paths of 1 KiB, where a long
/// path of real folders has 250 bytes.
const MAX_PATH_BYTES: usize = 4 << 20;

/// Entries of one key that are not settled.
#[derive(Default)]
struct Announced {
    path_bytes: usize,
    /// The connection with the most of these bytes, and how many it has.
    most: Option<(usize, PeerId)>,
}

impl Transfers {
    /// Enforces the limits, once a turn.
    pub(super) fn share(&mut self, links: &Links, out: &mut Context) {
        for (sender, announced) in self.announced() {
            if let Some((_, link)) = announced.most
                && announced.path_bytes > MAX_PATH_BYTES
            {
                let text = "too many long paths of files that do not come";
                out.net.close(link, ByeCode::TooMuch, text);
            }
            let is_lone = links.share(&PublicKey(sender), out) <= 1;
            for incoming in self.incoming.values_mut() {
                if incoming.sender() == sender {
                    incoming.recycles = is_lone;
                }
            }
        }
    }

    fn announced(&self) -> BTreeMap<[u8; 32], Announced> {
        let mut links = BTreeMap::<_, usize>::new();
        for incoming in self.incoming.values() {
            let place = (incoming.sender(), incoming.place().link);
            *links.entry(place).or_default() += incoming.path_bytes();
        }
        let mut keys = BTreeMap::<_, Announced>::new();
        for ((sender, link), bytes) in links {
            let announced = keys.entry(sender).or_default();
            announced.path_bytes += bytes;
            announced.most = announced.most.max(Some((bytes, link)));
        }
        keys
    }
}

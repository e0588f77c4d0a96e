//! From the bridge as it is to be to the station's HTTP door.

use transom::{Access, Handle, HttpSettings, HttpSource, Pass, Token};

use crate::model::OpenBridge;

/// The pass of all links.
const PASS: &str = "window";

/// Makes the door as it is to be, from what it was to be before.
pub(super) fn follow(handle: &Handle, before: Option<&OpenBridge>, now: Option<&OpenBridge>) {
    match (before, now) {
        (None, None) => {}
        (Some(_), None) => handle.close_door(),
        (Some(before), Some(now)) if before.address == now.address => {
            // Programs that look at a camera that stays go on.
            if before.token != now.token {
                handle.replace_access(access(&now.token));
            }
            if before.cameras != now.cameras {
                handle.set_door_sources(sources(now));
            }
        }
        (_, Some(now)) => open(handle, now),
    }
}

/// Opens the door, also if it was refused before.
pub(super) fn open(handle: &Handle, bridge: &OpenBridge) {
    handle.open_door(HttpSettings::new(
        vec![bridge.address],
        access(&bridge.token),
        sources(bridge),
    ));
}

fn access(token: &Token) -> Access {
    let pass = Pass::new(PASS, token);
    Access::Passes(pass.into_iter().collect())
}

fn sources(bridge: &OpenBridge) -> Vec<HttpSource> {
    let cameras = bridge.cameras.iter();
    cameras.map(|peer| HttpSource::Peer(*peer)).collect()
}

//! Where the sound server is, and the cookie that it wants to see.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

/// Bytes of a cookie.
const COOKIE_BYTES: usize = 256;

/// A sound server of this machine.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    /// Where its socket may be: the first that answers is taken.
    pub(in crate::device) sockets: Vec<PathBuf>,
    /// All zeros where the user has none; then the server goes by the user.
    pub(in crate::device) cookie: Vec<u8>,
}

impl Server {
    /// The server of this user, by the variables and files that every client goes by. `None` if
    /// the user asks for a server that is not on this machine.
    pub(crate) fn of_this_user() -> Option<Self> {
        #[cfg(test)]
        if let Some(server) = tests::OF_THIS_TEST.with_borrow(Clone::clone) {
            return Some(server);
        }
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let sockets = match variable("PULSE_SERVER") {
            Some(servers) => local_sockets(&servers.to_string_lossy()),
            None => {
                let runtime = variable("PULSE_RUNTIME_PATH").map(PathBuf::from);
                let user = rustix::process::getuid().as_raw();
                let session = variable("XDG_RUNTIME_DIR").map_or_else(
                    // A service or a remote shell may lack the variable.
                    || PathBuf::from(format!("/run/user/{user}")),
                    PathBuf::from,
                );
                let folders = runtime.into_iter().chain([
                    session.join("pulse"),
                    // A server for the whole machine.
                    PathBuf::from("/run/pulse"),
                ]);
                folders.map(|folder| folder.join("native")).collect()
            }
        };
        let home = variable("HOME").map(PathBuf::from).unwrap_or_default();
        let config = variable("XDG_CONFIG_HOME").map(PathBuf::from);
        let cookies = variable("PULSE_COOKIE")
            .map(PathBuf::from)
            .into_iter()
            .chain(config.map(|config| config.join("pulse/cookie")))
            .chain([
                home.join(".config/pulse/cookie"),
                home.join(".pulse-cookie"),
            ]);
        (!sockets.is_empty()).then(|| Self {
            sockets,
            cookie: cookies
                .filter_map(|path| cookie(&path))
                .next()
                .unwrap_or_else(|| vec![0; COOKIE_BYTES]),
        })
    }
}

/// The sockets in a list of servers, each perhaps with the id of a machine in braces before it.
fn local_sockets(servers: &str) -> Vec<PathBuf> {
    let sockets = servers.split_whitespace().filter_map(|server| {
        let server = server.rsplit_once('}').map_or(server, |(_, server)| server);
        let path = server.strip_prefix("unix:").unwrap_or(server);
        path.starts_with('/').then(|| PathBuf::from(path))
    });
    sockets.collect()
}

fn cookie(path: &Path) -> Option<Vec<u8>> {
    let mut cookie = vec![0; COOKIE_BYTES];
    match File::open(path).and_then(|mut file| file.read_exact(&mut cookie)) {
        Ok(()) => Some(cookie),
        Err(why) if why.kind() == ErrorKind::NotFound => None,
        Err(why) => {
            log::debug!("cookie={path:?} unusable why=\"{why}\"");
            None
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::RefCell;

    use super::*;

    thread_local! {
        /// The server that this thread's test takes for the user's.
        pub(crate) static OF_THIS_TEST: RefCell<Option<Server>> = const { RefCell::new(None) };
    }

    #[test]
    fn only_sockets_of_this_machine_are_taken_from_a_list_of_servers() {
        let servers = "{a1b2}unix:/run/a tcp:10.0.0.1:4713 /run/b host.example unix:c";
        assert_eq!(
            local_sockets(servers),
            [PathBuf::from("/run/a"), PathBuf::from("/run/b")]
        );
    }
}

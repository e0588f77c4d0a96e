//! The links by which browsers and other programs look at a camera.

use std::net::SocketAddr;

use crate::passes::Token;
use crate::source::source_path;

/// The links to one camera. With the token in each, whoever has the link may look.
///
/// ```
/// use transom_door::{Links, Token};
/// let token = Token::from_random([7; 20]);
/// let links = Links::new("127.0.0.1:8080".parse()?, Some("hall"), &token);
/// assert_eq!(links.page, format!("http://127.0.0.1:8080/hall/#{token}"));
/// assert_eq!(links.stream, format!("http://127.0.0.1:8080/hall/stream?token={token}"));
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Links {
    /// The page for people. A browser doesn't send the token in it, so that no proxy logs it.
    pub page: String,
    /// The stream of JPEGs.
    pub stream: String,
    /// One picture.
    pub snapshot: String,
    /// The sound, for a pass that may hear.
    pub sound: String,
}

impl Links {
    /// The links at the door with that address, to the camera of that name or to a single camera
    /// at the root.
    pub fn new(address: SocketAddr, camera: Option<&str>, token: &Token) -> Self {
        let bare = Self::bare(address, camera);
        let query = format!("?token={token}");
        Self {
            page: format!("{}#{token}", bare.page),
            stream: bare.stream + &query,
            snapshot: bare.snapshot + &query,
            sound: bare.sound + &query,
        }
    }

    /// The same links without a token, for a door that needs none or clients that send theirs
    /// apart.
    pub fn bare(address: SocketAddr, camera: Option<&str>) -> Self {
        let path = camera.map_or_else(|| "/".to_owned(), source_path);
        let page = format!("http://{address}{path}");
        Self {
            stream: format!("{page}stream"),
            snapshot: format!("{page}snapshot"),
            sound: format!("{page}sound"),
            page,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::{Route, parameter};
    use crate::source::{Source, SourceId};

    #[test]
    fn links_lead_to_their_camera_whatever_its_name() {
        let names = [
            "hall",
            "stream",
            "state",
            "a=b?c#d/e",
            "10.0.0.7:7000",
            "Zoë",
            "100%25",
        ];
        let sources: Vec<_> = names
            .iter()
            .map(|name| Source::new((*name).into()))
            .collect();
        let token = Token::from_random([7; 20]);
        let address = "[::1]:8080".parse().unwrap();
        let leads = |name: &str, sources: &[Source], id: SourceId| {
            let links = Links::new(address, Some(name), &token);
            let target = |link: &str| link.strip_prefix("http://[::1]:8080").unwrap().to_owned();
            let (stream, snapshot) = (target(&links.stream), target(&links.snapshot));
            let (path, query) = stream.split_once('?').unwrap();
            assert_eq!(Route::of(path, query, sources), Route::Stream(id), "{name}");
            assert_eq!(parameter(query, "token"), Some(token.to_string()));
            let (path, query) = snapshot.split_once('?').unwrap();
            let route = Route::of(path, query, sources);
            assert_eq!(route, Route::Snapshot(id), "{name}");
            let page = target(&links.page);
            let (path, _) = page.split_once('#').unwrap();
            assert_eq!(Route::of(path, "", sources), Route::Page, "{name}");
        };
        for (index, name) in names.iter().enumerate() {
            leads(name, &sources, SourceId(index));
            leads(name, &[Source::new((*name).into())], SourceId(0));
        }
        let root = Links::new(address, None, &token);
        assert_eq!(root.page, format!("http://[::1]:8080/#{token}"));
    }
}

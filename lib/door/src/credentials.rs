//! The tokens that a request carries: in its URL, which every client can, as Basic or as Bearer.

use crate::encoding::base64_decode;
use crate::request::Request;
use crate::route::parameter;

/// All tokens of the request. A client may send an old one in one place and a new one in another.
///
/// A browser remembers a Basic pass that its user typed and sends it with every request, also with
/// those of pages of other sites. From these it is not taken.
pub(crate) fn tokens(request: &Request) -> impl Iterator<Item = String> {
    let authorization = request.authorization.as_deref();
    let header = authorization.and_then(|value| of_header(value, request.is_cross_site));
    parameter(&request.query, "token").into_iter().chain(header)
}

fn of_header(value: &str, is_cross_site: bool) -> Option<String> {
    let (scheme, rest) = value.split_once(' ')?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("Bearer") {
        return Some(rest.into());
    }
    if !scheme.eq_ignore_ascii_case("Basic") || is_cross_site {
        return None;
    }
    let text = String::from_utf8(base64_decode(rest)?).ok()?;
    // Any user name: clients that insist on one may say what they like.
    text.split_once(':').map(|(_, password)| password.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_found_in_each_place() {
        for (value, token) in [
            ("Bearer abc", Some("abc")),
            ("bearer  abc", Some("abc")),
            ("Basic eDphYmM=", Some("abc")),
            ("basic OmE6Yg==", Some("a:b")),
            ("Basic eDphYmM", Some("abc")),
            ("Basic !", None),
            ("Basic eA==", None),
            ("Basic /w==", None),
            ("Digest abc", None),
            ("abc", None),
            ("", None),
        ] {
            assert_eq!(of_header(value, false).as_deref(), token, "{value}");
        }
    }
}

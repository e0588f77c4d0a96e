//! The page for people. It is the same for everybody and holds no secret; what it shows it asks
//! for, with the token behind the # of its link.

/// One file with its style and its script.
pub(crate) const PAGE: &str = include_str!("page.html");

/// Nothing but the page's own style and script runs, by their hashes, and it talks to its own door
/// only. Pictures are blobs that the script made.
pub(crate) const POLICY: &str = "Content-Security-Policy: default-src 'none'; \
    img-src blob: data:; connect-src 'self'; \
    style-src 'sha256-hOhvrEvOC9PYpIgatTqwsrSNgWdYobB/oPc3zaUwl2o='; \
    script-src 'sha256-MZ11WnWLWrIzSuifPZPFS6EPs2P1l3qar7d9yTd73kY='; \
    base-uri 'none'; form-action 'none'";

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    /// The text between the tags. A browser hashes just that.
    fn element(name: &str) -> &'static str {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        let mut parts = PAGE.split(&open);
        let (_, rest) = (parts.next(), parts.next().unwrap());
        assert_eq!(parts.next(), None, "one {name} only");
        rest.split_once(&close).unwrap().0
    }

    fn base64(bytes: &[u8]) -> String {
        const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut text = String::new();
        for group in bytes.chunks(3) {
            let mut wide = [0; 4];
            wide[1..=group.len()].copy_from_slice(group);
            let bits = u32::from_be_bytes(wide);
            for place in 0..4 {
                let letter = LETTERS[(bits >> (18 - 6 * place) & 63) as usize];
                text.push(if place > group.len() {
                    '='
                } else {
                    letter.into()
                });
            }
        }
        text
    }

    #[test]
    fn the_policy_allows_the_page_s_own_style_and_script() {
        assert_eq!(base64(b"fooba"), "Zm9vYmE=");
        for (element_name, directive) in [("style", "style-src"), ("script", "script-src")] {
            let hash = base64(&Sha256::digest(element(element_name)));
            let wanted = format!("{directive} 'sha256-{hash}'");
            assert!(POLICY.contains(&wanted), "the policy lacks {wanted}");
        }
    }

    #[test]
    fn the_page_has_nothing_that_the_policy_refuses() {
        assert!(!PAGE.contains("style=\"") && !PAGE.contains(" onclick"));
        assert!(!PAGE.contains("http://") && !PAGE.contains("https://"));
        assert!(PAGE.len() <= 16 * 1024, "{} bytes", PAGE.len());
    }
}

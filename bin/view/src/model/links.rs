//! Web addresses inside a text. Nothing is opened here, and nothing that could be taken for another
//! address is found.

/// Addresses of one text that can be opened; more are a trick or a list.
const MAX_LINKS: usize = 3;

/// The `http` and `https` addresses, as they stand. Those with letters that look like others are
/// left as text.
pub(crate) fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace().filter_map(link).take(MAX_LINKS)
}

fn link(word: &str) -> Option<&str> {
    let word = word.trim_matches(|c| matches!(c, '(' | ')' | '<' | '>' | '"' | '\'' | ',' | '.'));
    let rest = ["https://", "http://"]
        .iter()
        .find_map(|scheme| word.strip_prefix(scheme))?;
    let plain = word.bytes().all(|byte| byte.is_ascii_graphic());
    let host = rest.split(['/', '?', '#']).next().unwrap_or("");
    // Before an @ stands a name that looks like a host and is none. Browsers take a backslash for a
    // slash, others don't.
    let plain = plain && !host.contains('@') && !rest.contains('\\');
    (plain && rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[')).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<&str> {
        links(text).collect()
    }

    #[test]
    fn b39_web_addresses_are_found_and_nothing_else() {
        assert_eq!(
            all("see (https://example.org/a?b=c) and http://[::1]:80."),
            ["https://example.org/a?b=c", "http://[::1]:80"]
        );
        for other in [
            "file:///etc/passwd",
            "javascript:alert(1)",
            "-http://x",
            "https://",
            "https://-x",
            "https://ex\u{202e}ample.org",
            "https://exаmple.org",
            "ssh://x",
            "https://bank.example@evil.example/",
            "https://bank.example:x@evil.example",
            "https://evil.example\\@bank.example/",
        ] {
            assert!(all(other).is_empty(), "{other}");
        }
        assert_eq!(all(&"http://a ".repeat(100)).len(), MAX_LINKS);
    }
}

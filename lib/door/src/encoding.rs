//! Percent, base32 and base64 encoding, as far as requests and passes need them.

/// Text with its `%XX` decoded. What is no encoding stays as it is, and bytes that are no UTF-8 are
/// replaced.
pub(crate) fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&first, behind)) = rest.split_first() {
        let decoded = match (first, behind) {
            (b'%', [high, low, ..]) => hex_digit(*high).zip(hex_digit(*low)),
            _ => None,
        };
        match decoded {
            Some((high, low)) => {
                out.push(high << 4 | low);
                rest = &behind[2..];
            }
            None => {
                out.push(first);
                rest = behind;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into())
}

/// Text for a header or a URL: all but letters, digits and `-._~` encoded.
pub(crate) fn percent_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => out += &format!("%{byte:02X}"),
        }
    }
    out
}

/// Base64 of RFC 4648, with or without padding.
pub(crate) fn base64_decode(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=').as_bytes();
    let mut out = Vec::with_capacity(text.len() * 3 / 4);
    for group in text.chunks(4) {
        let mut bits = 0_u32;
        for letter in group {
            let value = match letter {
                b'A'..=b'Z' => letter - b'A',
                b'a'..=b'z' => letter - b'a' + 26,
                b'0'..=b'9' => letter - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                _ => return None,
            };
            bits = bits << 6 | u32::from(value);
        }
        let bytes = (bits << (6 * (4 - group.len()))).to_be_bytes();
        let count = match group.len() {
            1 => return None,
            letters => letters - 1,
        };
        out.extend(&bytes[1..=count]);
    }
    Some(out)
}

/// Base32 of RFC 4648 in lower case and without padding, of a multiple of five bytes.
pub(crate) fn base32_encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 8 / 5);
    for group in bytes.as_chunks::<5>().0 {
        let mut wide = [0; 8];
        wide[3..].copy_from_slice(group);
        let bits = u64::from_be_bytes(wide);
        for place in (0..8).rev() {
            let letter = (bits >> (5 * place) & 31) as usize;
            out.push(char::from(b"abcdefghijklmnopqrstuvwxyz234567"[letter]));
        }
    }
    out
}

fn hex_digit(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_encoding_reads_back_and_what_is_none_stays() {
        for (text, decoded) in [
            ("hall", "hall"),
            ("Z%6f%C3%AB", "Zoë"),
            ("100%", "100%"),
            ("%zz%4", "%zz%4"),
            ("%%41", "%A"),
            ("%ff", "\u{fffd}"),
        ] {
            assert_eq!(percent_decode(text), decoded, "{text}");
        }
        assert_eq!(percent_encode("a b\r\n%ë~"), "a%20b%0D%0A%25%C3%AB~");
        assert_eq!(percent_decode(&percent_encode("a b\r\n%ë~")), "a b\r\n%ë~");
    }

    #[test]
    fn base64_of_the_standard() {
        for (text, decoded) in [
            ("", Some("")),
            ("Zg==", Some("f")),
            ("Zm8=", Some("fo")),
            ("Zm9v", Some("foo")),
            ("Zm9vYg", Some("foob")),
            ("Zm9vYmE=", Some("fooba")),
            ("Zm9vYmFy", Some("foobar")),
            ("Z", None),
            ("Zm 9v", None),
            ("Zm=v", None),
        ] {
            let wanted = decoded.map(|text| text.as_bytes().to_vec());
            assert_eq!(base64_decode(text), wanted, "{text}");
        }
        assert_eq!(base64_decode("+/+/"), Some(vec![0xfb, 0xff, 0xbf]));
    }

    #[test]
    fn base32_of_the_standard() {
        assert_eq!(base32_encode(b"fooba"), "mzxw6ytb");
        assert_eq!(base32_encode(&[0xff; 20]), "7".repeat(32));
    }
}

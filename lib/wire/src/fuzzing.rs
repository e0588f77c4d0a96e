//! Properties that hold for arbitrary bytes, checked by fuzzing.

use crate::{Header, Kind, Message, limits};

/// A frame is refused, or skipped, or encodes back to the same bytes, except that extensions are
/// lost: this version knows none.
///
/// # Panics
/// When the property does not hold.
pub fn frame(bytes: &[u8]) {
    let Some((head, payload)) = bytes.split_first_chunk::<{ limits::HEADER }>() else {
        return;
    };
    let Ok(mut header) = Header::decode(*head) else {
        return;
    };
    header.len = payload.len() as u32;
    if Header::decode(header.encode()) != Ok(header) {
        return;
    }
    if let Ok(Some(message)) = Message::decode(header, payload) {
        let mut out = [0; limits::RECORD_BULK];
        let used = message
            .encode(header.stream, header.flags, &mut out)
            .expect("what was decoded fits a record");
        let (head, body) = out[..used].split_at(limits::HEADER);
        assert_eq!(Some(message.kind()), Kind::from_code(header.kind));
        if body.len() < payload.len() && may_be_extended(&message) {
            let again = Header::decode(head.try_into().expect("a header's bytes"))
                .and_then(|header| Message::decode(header, body));
            assert_eq!(again, Ok(Some(message)));
        } else {
            assert_eq!(head, header.encode());
            assert_eq!(body, payload);
        }
    }
}

fn may_be_extended(message: &Message<'_>) -> bool {
    use Message::{CameraStats, Entry, Hello, Join, Offer, Picture, Ring, SoundHead};
    matches!(
        message,
        Hello(_)
            | Join(_)
            | Ring(_)
            | CameraStats(_)
            | SoundHead(_)
            | Picture(..)
            | Offer(_)
            | Entry(_)
    )
}

/// An accepted path can't leave its folder; every character of an accepted name is visible; both
/// keep their text unchanged.
///
/// # Panics
/// When the property does not hold.
pub fn names(bytes: &[u8]) {
    let Ok(text) = core::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(path) = crate::RelativePath::new(text) {
        assert_eq!(path.as_str(), text);
        assert!(!text.starts_with('/') && text.len() <= limits::PATH);
        assert!(path.parts().count() <= limits::DEPTH);
        for part in path.parts() {
            assert!(!part.is_empty() && part != "." && part != "..");
            let raw = part
                .chars()
                .filter(|c| crate::raw_byte(*c).is_some())
                .count();
            assert!(part.len() - 3 * raw <= limits::COMPONENT);
            assert!(!part.contains(['/', '\\', '\0']));
            assert!(!part.chars().any(char::is_control));
        }
    }
    if let Ok(name) = text.parse::<crate::PeerName>() {
        assert_eq!(name.as_str(), text);
        assert!(!text.chars().any(crate::hidden::is_hidden));
    }
    if let Ok(key) = text.parse::<crate::PublicKey>() {
        let mut written = FixedText::default();
        core::fmt::write(&mut written, format_args!("{key}")).expect("a key has 63 characters");
        let again = core::str::from_utf8(&written.bytes[..written.used]);
        assert_eq!(again.map(str::parse), Ok(Ok(key)));
    }
}

struct FixedText {
    bytes: [u8; 64],
    used: usize,
}

impl Default for FixedText {
    fn default() -> Self {
        Self {
            bytes: [0; 64],
            used: 0,
        }
    }
}

impl core::fmt::Write for FixedText {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        let end = self.used + text.len();
        let room = self.bytes.get_mut(self.used..end).ok_or(core::fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.used = end;
        Ok(())
    }
}

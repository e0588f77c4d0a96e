//! One contact, and the line it is written in. Other lines are not known here.

use std::fmt;
use std::str::FromStr;

use transom_wire::{PeerName, PublicKey};

use crate::address::Address;
use crate::error::Fault;
use crate::rights::Rights;
use crate::text::quote;

/// An entry of the contact book.
///
/// Two are equal when they say the same, in whatever lines.
///
/// ```
/// use transom_users::Contact;
/// let door: Contact = "door 192.168.1.30 may=view # the camera".parse().unwrap();
/// assert_eq!(door.comment, "the camera");
/// assert_eq!(door.to_string(), "door 192.168.1.30:7447 may=view # the camera");
/// ```
#[derive(Clone, Debug, Eq)]
pub struct Contact {
    /// What the user calls them, and what their key is pinned by.
    pub name: PeerName,
    /// Where they were when the line was written.
    pub address: Address,
    /// Their key, if the user has it from them.
    pub key: Option<PublicKey>,
    /// What they may do here.
    pub may: Rights,
    /// What stands behind `#`.
    pub comment: String,
    /// Where it stands in the book, counted from 1; 0 if in none.
    pub line: usize,
}

impl PartialEq for Contact {
    fn eq(&self, other: &Self) -> bool {
        let said = |it: &Self| (it.name, it.key, it.may);
        said(self) == said(other) && self.address == other.address && self.comment == other.comment
    }
}

/// One line of the book. Field by field it is taken whole or not at all: a slip in `may=` must not
/// give a contact the default rights.
impl FromStr for Contact {
    type Err = Fault;

    fn from_str(line: &str) -> Result<Self, Fault> {
        let (fields, comment) = split_comment(line);
        let mut fields = fields.split_whitespace();
        let name = parse_name(fields.next().unwrap_or(""))?;
        let address = fields.next().ok_or(Fault::NoAddress(name))?;
        let address = address.parse().map_err(|why| Fault::Address(name, why))?;
        let (mut key, mut may) = (None, None);
        for field in fields {
            if let Some(id) = field.strip_prefix("key=") {
                let parsed = id.parse().map_err(|why| Fault::Key(name, why))?;
                set_once(&mut key, parsed, name, "key=")?;
            } else if let Some(words) = field.strip_prefix("may=") {
                let parsed = words.parse().map_err(|why| Fault::Right(name, why))?;
                set_once(&mut may, parsed, name, "may=")?;
            } else {
                return Err(Fault::Field(name, quote(field)));
            }
        }
        if comment.len() > MAX_COMMENT {
            return Err(Fault::LongComment(name, comment.len()));
        }
        Ok(Self {
            name,
            address,
            key,
            may: may.unwrap_or_default(),
            comment: comment.to_owned(),
            line: 0,
        })
    }
}

impl fmt::Display for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.address)?;
        if let Some(key) = self.key {
            write!(f, " key={key}")?;
        }
        if self.may != Rights::default() {
            write!(f, " may={}", self.may)?;
        }
        if !self.comment.is_empty() {
            write!(f, " # {}", self.comment)?;
        }
        Ok(())
    }
}

pub(crate) fn parse_name(text: &str) -> Result<PeerName, Fault> {
    text.parse().map_err(|why| Fault::Name(quote(text), why))
}

/// The fields of a line, and what stands behind the `#` that ends them.
///
/// Only a `#` after white space does: a name or a comment may have others.
pub(crate) fn split_comment(line: &str) -> (&str, &str) {
    let mut after_space = true;
    for (at, c) in line.char_indices() {
        if c == '#' && after_space {
            let (fields, comment) = line.split_at(at);
            return (fields, comment.strip_prefix('#').unwrap_or("").trim());
        }
        after_space = c.is_whitespace();
    }
    (line, "")
}

fn set_once<T>(
    slot: &mut Option<T>,
    value: T,
    name: PeerName,
    field: &'static str,
) -> Result<(), Fault> {
    match slot.replace(value) {
        Some(_) => Err(Fault::Twice(name, field)),
        None => Ok(()),
    }
}

/// Bytes of a comment: two lines of a terminal.
pub const MAX_COMMENT: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Contact, Fault> {
        line.parse()
    }

    #[test]
    fn fields_stand_in_any_order_and_any_space() {
        let key = PublicKey([7; 32]);
        let written = format!("anna\t10.0.0.2   may=call,auto  key={key}#not # so\u{3000}");
        assert!(matches!(parse(&written), Err(Fault::Key(..))));
        let written = format!("anna\t10.0.0.2:80   may=call,auto  key={key} ## so\u{3000}");
        let anna = parse(&written).unwrap();
        assert_eq!(anna.key, Some(key));
        assert!(anna.may.call && anna.may.auto && !anna.may.view);
        assert_eq!(anna.comment, "# so");
        assert_eq!(parse(&anna.to_string()), Ok(anna));
    }

    #[test]
    fn a_name_and_an_address_are_enough() {
        let old = parse("bob 192.168.1.7").unwrap();
        assert_eq!(old.may, Rights::default());
        assert_eq!((old.key, old.comment.as_str(), old.line), (None, "", 0));
        assert_eq!(old.to_string(), "bob 192.168.1.7:7447");
    }

    #[test]
    fn no_rights_at_all_can_be_said() {
        let eve = parse("eve 10.0.0.9 may=").unwrap();
        assert_eq!(eve.may, Rights::NONE);
        assert_eq!(parse(&eve.to_string()), Ok(eve));
    }

    #[test]
    fn each_slip_is_told_by_its_field() {
        let key = PublicKey([7; 32]);
        for (line, told) in [
            (
                "b\u{202e}b 1.2.3.4",
                "\"b\\u{202e}b\": a name can't hold U+202E, which shows nothing: leave it out",
            ),
            (
                "b\u{3164}b 1.2.3.4",
                "\"b\\u{3164}b\": a name can't hold U+3164, which shows nothing: leave it out",
            ),
            ("bob", "bob: no address after the name"),
            ("bob # 1.2.3.4", "bob: no address after the name"),
            ("bob 1.2.3.400", "bob: \"1.2.3.400\" is not an IPv4 address"),
            (
                "bob a:99999",
                "bob: \"99999\" is not a port from 1 to 65535",
            ),
            (
                "bob a may=veiw",
                "bob: \"veiw\" is not one of view, call, files, hear, talk, auto",
            ),
            (
                "bob a key=ABC",
                "bob: a key has 56 letters and digits, this has 3",
            ),
            (
                "bob a smith",
                "bob: \"smith\" is neither key=ID nor may=RIGHTS nor a #comment",
            ),
            ("bob a may=view may=view", "bob: may= stands twice"),
            (
                &format!("bob a key={key} key={key}"),
                "bob: key= stands twice",
            ),
        ] {
            assert_eq!(parse(line).unwrap_err().to_string(), told);
        }
        let long = format!("bob a # {}", "x".repeat(MAX_COMMENT + 1));
        let what = Fault::LongComment("bob".parse().unwrap(), MAX_COMMENT + 1);
        assert_eq!(parse(&long), Err(what));
        let long = format!("{} 1.2.3.4", "x".repeat(65));
        let told = parse(&long).unwrap_err().to_string();
        assert!(told.ends_with("a name has 1 to 64 bytes, this has 65"));
    }
}

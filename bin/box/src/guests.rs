//! The contacts that an option such as `--allow` permits: `known` or `NAME,…`.

use std::str::FromStr;

use transom::{Accept, Allow, PeerName};

/// Every contact of the book, or only the named ones.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Guests {
    Known,
    Names(Vec<PeerName>),
}

impl FromStr for Guests {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "known" {
            return Ok(Self::Known);
        }
        let name = |part: &str| part.parse::<PeerName>().map_err(|error| error.to_string());
        text.split(',')
            .map(name)
            .collect::<Result<_, _>>()
            .map(Self::Names)
    }
}

impl From<Guests> for Allow {
    fn from(guests: Guests) -> Self {
        match guests {
            Guests::Known => Self::Known,
            Guests::Names(names) => Self::Names(names),
        }
    }
}

impl From<Guests> for Accept {
    fn from(guests: Guests) -> Self {
        match guests {
            Guests::Known => Self::Known,
            Guests::Names(names) => Self::Names(names),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_between_commas() {
        assert_eq!("known".parse(), Ok(Guests::Known));
        let both = Guests::Names(vec!["anna".parse().unwrap(), "ben".parse().unwrap()]);
        assert_eq!("anna,ben".parse(), Ok(both));
        for bad in ["", "anna,", "anna, ben", "a\u{202e}b"] {
            assert!(bad.parse::<Guests>().is_err(), "{bad:?}");
        }
    }
}

//! How single settings stand in TOML, where that is not how serde would write them.

use std::num::NonZeroU16;

use serde::de::{Deserialize as _, Deserializer};

/// A port that a link can name.
pub(super) fn port<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    NonZeroU16::deserialize(deserializer).map(NonZeroU16::get)
}

/// A value that is written and read as a text.
pub(super) mod text {
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::de::{Deserialize as _, Deserializer, Error as _};
    use serde::ser::Serializer;

    pub(crate) fn serialize<T: Display, S: Serializer>(
        value: &T,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub(crate) fn deserialize<'de, T: FromStr, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<T, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = |_| D::Error::custom(format!("can't be {text:?}"));
        text.parse().map_err(wrong)
    }
}

/// A name that may be missing, as a text.
pub(super) mod name {
    use serde::de::Deserializer;
    use serde::ser::Serializer;
    use transom::PeerName;

    pub(crate) fn serialize<S: Serializer>(
        name: &Option<PeerName>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match name {
            Some(name) => serializer.collect_str(name),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<PeerName>, D::Error> {
        super::text::deserialize(deserializer).map(Some)
    }
}

/// A scale at which the window can still be used to set it back.
pub(super) mod zoom {
    use serde::de::{Deserialize as _, Deserializer, Error as _};
    use serde::ser::{Error as _, Serializer};

    use super::super::ZOOM;

    /// As short as it can be told: 1.1 and not 1.10000002384.
    pub(crate) fn serialize<S: Serializer>(zoom: &f32, serializer: S) -> Result<S::Ok, S::Error> {
        let zoom = zoom.to_string().parse().map_err(S::Error::custom)?;
        serializer.serialize_f64(zoom)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f32, D::Error> {
        let zoom = f32::deserialize(deserializer)?;
        match ZOOM.contains(&zoom) {
            true => Ok(zoom),
            false => {
                let (least, most) = (ZOOM.start(), ZOOM.end());
                Err(D::Error::custom(format!(
                    "is from {least} to {most}, not {zoom}"
                )))
            }
        }
    }
}

/// Whether motion is reduced: yes, no, or as the desktop says.
pub(super) mod motion {
    use serde::de::{Deserialize as _, Deserializer, Error as _};
    use serde::ser::Serializer;
    use toml::Value;

    use super::super::ReducedMotion;

    const AS_DESKTOP: &str = "desktop";

    pub(crate) fn serialize<S: Serializer>(
        motion: &ReducedMotion,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match motion {
            ReducedMotion::AsDesktop => serializer.serialize_str(AS_DESKTOP),
            ReducedMotion::Off => serializer.serialize_bool(false),
            ReducedMotion::On => serializer.serialize_bool(true),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<ReducedMotion, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Boolean(false) => Ok(ReducedMotion::Off),
            Value::Boolean(true) => Ok(ReducedMotion::On),
            Value::String(text) if text == AS_DESKTOP => Ok(ReducedMotion::AsDesktop),
            other => Err(D::Error::custom(format!("can't be {other}"))),
        }
    }
}

/// What is done against echo, a text for each pair of devices.
pub(super) mod echo {
    use serde::de::{Deserialize as _, Deserializer, Error as _};
    use serde::ser::Serializer;

    use super::super::Echoes;

    pub(crate) fn serialize<S: Serializer>(
        echoes: &Echoes,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(echoes.lines())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Echoes, D::Error> {
        let mut echoes = Echoes::default();
        for text in Vec::<String>::deserialize(deserializer)? {
            let wrong = |()| D::Error::custom(format!("can't be {text:?}"));
            echoes.add(text.parse().map_err(wrong)?);
        }
        Ok(echoes)
    }
}

/// What is to be done with single contacts: a table for each.
pub(super) mod contacts {
    use std::collections::BTreeMap;

    use serde::de::{Deserialize as _, Deserializer, Error as _};
    use serde::ser::Serializer;
    use transom::PeerName;

    use super::super::{MAX_PREFERRED, Preferences};

    pub(crate) fn serialize<S: Serializer>(
        contacts: &[(PeerName, Preferences)],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_map(contacts.iter().map(|(name, it)| (name.to_string(), it)))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<(PeerName, Preferences)>, D::Error> {
        let all = BTreeMap::<String, Preferences>::deserialize(deserializer)?;
        let named = all.into_iter().take(MAX_PREFERRED);
        let named = named.map(|(name, it)| Ok((name.parse().map_err(D::Error::custom)?, it)));
        named.collect()
    }
}

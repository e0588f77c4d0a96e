//! Turns facts about a station into findings: what is wrong, and how to fix it. The command
//! `doctor` gathers the facts.

pub(crate) mod cameras;
#[cfg(feature = "http")]
pub(crate) mod http;
pub(crate) mod machine;
pub(crate) mod probe;
pub(crate) mod station;

use serde_json::{Value, json};

/// How good or bad a finding is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Level {
    Good,
    /// It works, but could work better.
    Hint,
    Broken,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Hint => "hint",
            Self::Broken => "broken",
        }
    }
}

/// The result of one check.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Finding {
    /// The thing that was checked, in one word, such as `camera`.
    subject: &'static str,
    pub(crate) level: Level,
    text: String,
    /// The command or the step that fixes it.
    mend: Option<String>,
}

impl Finding {
    pub(crate) fn good(subject: &'static str, text: impl Into<String>) -> Self {
        Self {
            subject,
            level: Level::Good,
            text: text.into(),
            mend: None,
        }
    }

    pub(crate) fn hint(
        subject: &'static str,
        text: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self {
            level: Level::Hint,
            mend: Some(mend.into()),
            ..Self::good(subject, text)
        }
    }

    pub(crate) fn broken(
        subject: &'static str,
        text: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self {
            level: Level::Broken,
            ..Self::hint(subject, text, mend)
        }
    }

    /// `broken  port       7447 is taken: stop that program`.
    pub(crate) fn human(&self) -> String {
        let mend = self.mend.iter().map(|mend| format!(": {mend}"));
        let (level, subject) = (self.level.name(), self.subject);
        let mend = mend.collect::<String>();
        format!("{level:<6}  {subject:<9}  {}{mend}", self.text)
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "event": "finding",
            "subject": self.subject,
            "level": self.level.name(),
            "text": self.text,
            "mend": self.mend,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_one_line_with_its_fix() {
        let finding = Finding::broken("port", "7447 is taken", "stop that program");
        assert_eq!(
            finding.human(),
            "broken  port       7447 is taken: stop that program"
        );
        assert_eq!(finding.json()["mend"], "stop that program");
        let good = Finding::good("clock", "it is set");
        assert_eq!(good.human(), "good    clock      it is set");
        assert_eq!(good.json()["mend"], Value::Null);
        assert!(Level::Good < Level::Hint && Level::Hint < Level::Broken);
    }
}

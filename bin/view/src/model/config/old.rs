//! The settings of versions before TOML: `key = value` lines. They are only read, once.

use toml::{Table, Value};

/// Those settings as they stand in TOML. Lines that say nothing are passed over; a wrong value
/// stays a text, which the reader of the settings then names.
pub(super) fn table(text: &str) -> Table {
    let mut table = Table::new();
    let lines = text.lines().map(str::trim);
    for line in lines.filter(|line| !line.starts_with('#')) {
        if let Some(rest) = line.strip_prefix("contact ") {
            // A contact's name may have a `=` in it, but no space.
            let named = rest.trim_start().split_once(char::is_whitespace);
            let value = named.and_then(|(_, rest)| rest.trim_start().strip_prefix('='));
            if let (Some((name, _)), Some(words)) = (named, value) {
                let contacts = table.entry("contacts").or_insert_with(empty);
                let contacts = contacts.as_table_mut();
                contacts.and_then(|all| all.insert(name.to_owned(), preferences(words)));
            }
        } else if let Some((key, value)) = line.split_once('=') {
            let (key, value) = (key.trim(), value.trim());
            match key.strip_prefix("echo ") {
                Some(_) => {
                    let echoes = table.entry("echo").or_insert(Value::Array(Vec::new()));
                    if let Value::Array(echoes) = echoes {
                        echoes.push(value.into());
                    }
                }
                None => drop(table.insert(key.to_owned(), plain(key, value))),
            }
        }
    }
    table
}

fn plain(key: &str, value: &str) -> Value {
    let read = match (key, value) {
        ("history" | "bell" | "second_call" | "do_not_disturb" | "mark_packets", "yes" | "no") => {
            Some(Value::Boolean(value == "yes"))
        }
        ("zoom", value) => value.parse().ok().map(Value::Float),
        ("window", value) => window(value),
        _ => None,
    };
    read.unwrap_or_else(|| value.into())
}

/// `camera mirror turn=1 volume=50`.
fn preferences(words: &str) -> Value {
    let words = words.split_whitespace().map(|word| {
        let (key, value) = word.split_once('=').unwrap_or((word, "true"));
        let number = value.parse().map(Value::Integer);
        let value = number.unwrap_or_else(|_| match value {
            "true" => Value::Boolean(true),
            text => text.into(),
        });
        (key.to_owned(), value)
    });
    Value::Table(words.collect())
}

/// `1200x760 at 10,20 maximised`.
fn window(text: &str) -> Option<Value> {
    let mut words = text.split_whitespace();
    let (width, height) = pair(words.next()?, 'x')?;
    let mut window = Table::from_iter([
        ("width".to_owned(), width.into()),
        ("height".to_owned(), height.into()),
    ]);
    while let Some(word) = words.next() {
        let (key, value) = match word {
            "at" => {
                let (x, y) = pair(words.next()?, ',')?;
                ("corner", Value::Array(vec![x.into(), y.into()]))
            }
            "maximised" => ("maximised", true.into()),
            _ => return None,
        };
        window.insert(key.to_owned(), value);
    }
    Some(Value::Table(window))
}

fn pair(word: &str, between: char) -> Option<(i64, i64)> {
    let (a, b) = word.split_once(between)?;
    a.parse().ok().zip(b.parse().ok())
}

fn empty() -> Value {
    Value::Table(Table::new())
}

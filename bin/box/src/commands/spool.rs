//! `transom spool`, and `transom send --spool`: what is kept for contacts who are away.

use std::path::Path;
use std::time::SystemTime;

use serde_json::{Value, json};
use transom::people::pinned;
use transom::{PublicKey, Spool, SpoolError, SpoolItem, path_text};

use crate::args;
use crate::commands::send::PathFailures;
use crate::failure::Failure;
use crate::format::{age, count};
use crate::output::Output;
use crate::place::{People, Place};
use crate::report::thing;

pub(crate) fn run(arguments: &args::Spool, place: &Place, output: &Output) -> Result<(), Failure> {
    let state = place.state()?;
    let failed = |error: SpoolError| Failure::new("can't look at the spool", error.text());
    let spool = Spool::open(state.dir()).map_err(failed)?;
    match arguments.remove {
        None => list(spool.as_ref(), place, output).map_err(failed),
        Some(number) => remove(spool.as_ref(), number, output),
    }
}

fn list(spool: Option<&Spool>, place: &Place, output: &Output) -> Result<(), SpoolError> {
    let numbers = spool.map_or(Ok(Vec::new()), Spool::numbers)?;
    let mut human = match numbers.len() {
        0 => "nothing is kept; to keep something: transom send --spool CONTACT PATH…".to_owned(),
        kept => count(kept as u64, "item"),
    };
    let people = place.people();
    for number in numbers {
        let item = match spool.map(|spool| spool.item(number)) {
            Some(Ok(item)) => item,
            Some(Err(error)) => {
                output.complain(error.text());
                continue;
            }
            None => continue,
        };
        let contact = people.as_ref().and_then(|it| it.owner_of(&item.key));
        let is_contact = contact.is_some();
        let name = contact.map_or(item.contact, |contact| contact.name);
        let why = match (is_contact, &item.reason) {
            (false, _) => ", who is no contact any more".to_owned(),
            (true, Some(reason)) => format!("; {reason}"),
            (true, None) => String::new(),
        };
        human.push_str(&format!(
            "\n{number:>4}  {}, kept for {name} {} ago{why}",
            of_item(&item),
            age(item.since),
        ));
        if output.is_json() {
            let mut json = json_of("spool_item", &item);
            json["contact"] = name.as_str().into();
            json["is_contact"] = is_contact.into();
            output.answer("", json);
        }
    }
    if !output.is_json() {
        output.answer(human, Value::Null);
    }
    Ok(())
}

fn remove(spool: Option<&Spool>, number: u32, output: &Output) -> Result<(), Failure> {
    let failed = |error: SpoolError| Failure::new("can't remove it", error.text());
    let spool = spool.ok_or_else(|| failed(SpoolError::Missing(number)))?;
    spool.remove(number).map_err(failed)?;
    // It is not kept any more, even if something stays to be removed.
    match spool.tidy_some(u32::MAX) {
        Ok(_) => {}
        Err(error) => output.complain(error.text()),
    }
    output.say(
        format!("item {number} is not kept any more"),
        json!({"event": "spool_removed", "number": number}),
    );
    Ok(())
}

/// `transom send --spool`: copies the paths into the spool.
pub(super) fn keep(arguments: &args::Send, place: &Place, output: &Output) -> Result<(), Failure> {
    let book = place.book(output)?;
    let contact = place.contact(&arguments.peer(), &book)?;
    let unkept = |why: String| Failure::new(format!("can't keep files for {}", contact.name), why);
    let state = place.state()?;
    let people = People::of(book, &state)?;
    let key = pinned(&contact, &people.book, people.known.peers()).map(|(key, _)| key);
    let Some(key) = key.filter(|key| people.owner_of(key).is_some()) else {
        let why = "they are no contact whose key is known".to_owned();
        return Err(unkept(why).next("pair with them first: transom pair"));
    };
    let mut failures = PathFailures::new(arguments.paths.len(), output);
    for path in failures.existing(&arguments.paths)? {
        let spool = Spool::open_or_make(state.dir()).map_err(|error| unkept(error.text()))?;
        if let Err(failure) = keep_one(&spool, path, (key, contact.name), arguments, output) {
            failures.add(failure)?;
        }
    }
    failures.verdict("not everything was kept")
}

fn keep_one(
    spool: &Spool,
    path: &Path,
    receiver: (PublicKey, transom::PeerName),
    arguments: &args::Send,
    output: &Output,
) -> Result<(), Failure> {
    let mut left_out = 0;
    let mut tell = |path: &Path, why: &str| {
        left_out += 1;
        output.complain(format!("{} is left out: {why}", path_text(path)));
    };
    let collision = arguments.on_collision.into();
    let item = spool.add(path, receiver, collision, &mut tell);
    let item = item
        .map_err(|error| Failure::new(format!("{} is not kept", path_text(path)), error.text()))?;
    output.say(
        format!(
            "kept for {} as item {}: {}; a `transom camera` or `transom receive` that runs with \
             this key delivers it",
            item.contact,
            item.number,
            of_item(&item),
        ),
        json_of("spooled", &item),
    );
    match left_out {
        0 => Ok(()),
        left_out => Err(Failure::new(
            format!("{} is kept in part", path_text(path)),
            format!("{} left out", count(left_out, "item")),
        )),
    }
}

/// `photos/ (12 items, 3.42 GB)`.
fn of_item(item: &SpoolItem) -> String {
    thing(&item.name(), item.shape, item.entries, item.bytes, true)
}

fn json_of(event: &str, item: &SpoolItem) -> Value {
    let since = item.since.duration_since(SystemTime::UNIX_EPOCH);
    json!({
        "event": event,
        "number": item.number,
        "contact": item.contact.as_str(),
        "name": item.name(),
        "folder": item.shape == transom::Shape::Folder,
        "entries": item.entries,
        "bytes": item.bytes,
        "origin": path_text(&item.origin),
        "since": since.unwrap_or_default().as_secs(),
        "reason": item.reason,
    })
}

//! Writes the seeds of fuzz/corpus anew: small, real inputs, made by the code that makes them in
//! use. Former findings, which have names of their own, are left as they are.

mod book;
mod door;
mod films;
mod handshake;
mod journal;
mod manifest;
mod messages;
mod pairing;
mod pictures;
mod session;
mod sound;

use std::fs;
use std::io;

use transom_tests::root;
use transom_wire::PublicKey;

fn main() -> io::Result<()> {
    for (name, bytes) in films::films() {
        write("film", name, &bytes)?;
    }
    for (name, bytes) in messages::frames() {
        write("frame", name, &bytes)?;
    }
    for (name, text) in messages::NAMES {
        write("names", name, text.as_bytes())?;
    }
    let key = PublicKey([0xa5; 32]).to_string();
    write("names", "key", key.as_bytes())?;
    write("names", "path-latin", b"caf\xe9/back\\slash/C:x\x1b")?;
    for (name, text) in book::ADDRESSES {
        write("address", name, text.as_bytes())?;
    }
    for (name, text) in book::books() {
        write("book", name, text.as_bytes())?;
    }
    for (name, bytes) in handshake::handshakes() {
        write("handshake", name, &bytes)?;
    }
    for (name, bytes) in door::requests() {
        write("http", name, &bytes)?;
    }
    for (name, bytes) in journal::journals() {
        write("journal", name, &bytes)?;
    }
    for (name, bytes) in manifest::manifests() {
        write("manifest", name, &bytes)?;
    }
    for (name, bytes) in pairing::pairings() {
        write("pairing", name, &bytes)?;
    }
    for (name, bytes) in pictures::single() {
        write("repair", name, &bytes)?;
    }
    for (name, bytes) in pictures::streams() {
        write("pictures", name, &bytes)?;
    }
    for (name, bytes) in transom_tests::server_replies() {
        write("server", name, &bytes)?;
    }
    for (name, bytes) in session::sessions() {
        write("session", &name, &bytes)?;
    }
    for (name, bytes) in session::splits() {
        write("split", &name, &bytes)?;
    }
    for (name, bytes) in session::pairs() {
        write("pair", name, &bytes)?;
    }
    for (name, bytes) in sound::packets() {
        write("opus", name, &bytes)?;
    }
    for (name, bytes) in sound::PLAYOUT {
        write("playout", name, bytes)?;
    }
    for (name, bytes) in sound::files() {
        write("wav", name, &bytes)?;
    }
    Ok(())
}

fn write(target: &str, name: &str, bytes: &[u8]) -> io::Result<()> {
    let folder = root().join("fuzz/corpus").join(target);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(name), bytes)
}

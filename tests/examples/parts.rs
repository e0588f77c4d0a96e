//! The parts that a file transfer can't do without, one at a time, for `cargo xtask bench files`,
//! which counts the processor time of this process:
//! `cargo run --release -p transom-tests --example parts -- cipher|hash MIB`.
//!
//! Both run over bytes that are in the processor's cache, and in the sizes that are quickest, so
//! that the parts are never made to look slower than they are.

use std::env;
use std::error::Error;
use std::hint::black_box;

use transom_secure::fuzzing::channels;
use transom_secure::{Ciphers, MAX_PLAIN, RECORD_HEAD, RECORD_OVERHEAD};
use transom_store::hash_leaf;
use transom_wire::limits::LEAF;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [part, mebibytes] = arguments.as_slice() else {
        return Err("say cipher or hash, and how many MiB".into());
    };
    let bytes = mebibytes.parse::<u64>()? << 20;
    match part.as_str() {
        "cipher" => cipher(bytes),
        "hash" => {
            hash(bytes);
            Ok(())
        }
        _ => Err("say cipher or hash".into()),
    }
}

/// Seals so many bytes and opens them again, as the two sides do.
fn cipher(bytes: u64) -> Result<(), Box<dyn Error>> {
    let (mut near, mut far) = channels(Ciphers::detect());
    let mut record = vec![0x5a; MAX_PLAIN + RECORD_OVERHEAD];
    for _ in 0..bytes.div_ceil(MAX_PLAIN as u64) {
        near.seal_in_place(&mut record)?;
        black_box(far.open(&mut record[RECORD_HEAD..])?);
    }
    Ok(())
}

/// Hashes so many bytes twice, as the two sides do.
fn hash(bytes: u64) {
    let leaf = vec![0x5a; LEAF];
    for offset in (0..bytes).step_by(LEAF) {
        for _ in 0..2 {
            black_box(hash_leaf(black_box(&leaf), offset, bytes));
        }
    }
}

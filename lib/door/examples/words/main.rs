//! Draws what viewers of a stream see while there are no pictures, into `src/words`:
//! `cargo run -p transom-door --example words`.

mod drawing;

use std::fs;
use std::path::Path;

use drawing::{WORDS, jpeg};

fn main() -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/words");
    for (name, text) in WORDS {
        fs::write(folder.join(name).with_extension("jpg"), jpeg(text))?;
    }
    Ok(())
}

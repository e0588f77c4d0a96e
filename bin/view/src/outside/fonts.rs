//! Fonts of the system for scripts that ours don't have, looked for when a text needs them.
//! fontconfig's programs know the fonts; where they are missing, boxes are shown as before.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use egui::Shape;
use egui::epaint::ClippedShape;

/// Bytes of a font that are read: the largest, of all of CJK, have 20 MB.
const MAX_FONT_BYTES: u64 = 64 * 1024 * 1024;

/// A script: what it is called, a letter that its fonts have, and where its letters are.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Script {
    pub(crate) name: &'static str,
    pub(crate) sample: char,
    ranges: &'static [(char, char)],
}

/// A font for a script.
#[derive(Debug)]
pub(crate) struct ScriptFont {
    pub(crate) script: &'static Script,
    pub(crate) bytes: Vec<u8>,
    /// Which face of the file.
    pub(crate) index: u32,
}

const fn script(name: &'static str, sample: char, ranges: &'static [(char, char)]) -> Script {
    Script {
        name,
        sample,
        ranges,
    }
}

/// The scripts that are looked for. egui shapes all of them but the order of Hebrew and Arabic
/// words.
pub(crate) static SCRIPTS: [Script; 12] = [
    script("Hebrew", '\u{5d0}', &[('\u{590}', '\u{5ff}')]),
    script(
        "Arabic",
        '\u{628}',
        &[('\u{600}', '\u{77f}'), ('\u{fb50}', '\u{fefc}')],
    ),
    script("Devanagari", '\u{915}', &[('\u{900}', '\u{97f}')]),
    script("Bengali", '\u{995}', &[('\u{980}', '\u{9ff}')]),
    script("Tamil", '\u{b95}', &[('\u{b80}', '\u{bff}')]),
    script("Thai", '\u{e01}', &[('\u{e00}', '\u{e7f}')]),
    script("Georgian", '\u{10d0}', &[('\u{10a0}', '\u{10ff}')]),
    script("Armenian", '\u{561}', &[('\u{530}', '\u{58f}')]),
    script("kana", '\u{3042}', &[('\u{3040}', '\u{30ff}')]),
    script(
        "Han",
        '\u{4f60}',
        &[('\u{3000}', '\u{303f}'), ('\u{3400}', '\u{9fff}')],
    ),
    script(
        "Hangul",
        '\u{ac00}',
        &[('\u{1100}', '\u{11ff}'), ('\u{ac00}', '\u{d7af}')],
    ),
    script(
        "emoji",
        '\u{1f600}',
        &[('\u{2600}', '\u{27bf}'), ('\u{1f300}', '\u{1faff}')],
    ),
];

/// The scripts that a frame has letters of.
pub(crate) fn scripts(shapes: &[ClippedShape]) -> Vec<&'static Script> {
    let mut found = Vec::new();
    for clipped in shapes {
        look(&clipped.shape, &mut found);
    }
    found
}

fn look(shape: &Shape, found: &mut Vec<&'static Script>) {
    match shape {
        Shape::Text(text) => look_at(&text.galley.job.text, found),
        Shape::Vec(shapes) => shapes.iter().for_each(|shape| look(shape, found)),
        _ => {}
    }
}

fn look_at(text: &str, found: &mut Vec<&'static Script>) {
    if text.is_ascii() {
        return;
    }
    for letter in text.chars().filter(|letter| *letter >= '\u{530}') {
        let has = |script: &&Script| {
            let mut ranges = script.ranges.iter();
            ranges.any(|(first, last)| (*first..=*last).contains(&letter))
        };
        if let Some(script) = SCRIPTS.iter().find(has)
            && !found.contains(&script)
        {
            found.push(script);
        }
    }
}

/// The system's font for that script; waits for fontconfig and the disk.
pub(crate) fn find(script: &'static Script) -> Option<ScriptFont> {
    let code = format!("{:x}", u32::from(script.sample));
    // Fonts that have the letter; egui draws nothing at all of fonts in colour.
    let wanted = format!(":charset={code}:color=false:scalable=true");
    let having = said("fc-list", &wanted)?;
    let usual = said("fc-match", &wanted);
    let (path, index) = chosen(&having, usual.as_deref().unwrap_or_default())?;
    let mut bytes = Vec::new();
    let file = File::open(path).ok()?;
    file.take(MAX_FONT_BYTES + 1).read_to_end(&mut bytes).ok()?;
    let fits = bytes.len() as u64 <= MAX_FONT_BYTES;
    // egui panics at a font that it can't read, such as one in Type 1.
    let is_read = fits && skrifa::FontRef::from_index(&bytes, index).is_ok();
    is_read.then_some(ScriptFont {
        script,
        bytes,
        index,
    })
}

/// The usual font if it has the letter, else the first that has it.
fn chosen(having: &str, usual: &str) -> Option<(PathBuf, u32)> {
    let mut lines = having.lines();
    let usual = usual.lines().next().unwrap_or_default();
    let line = having
        .lines()
        .find(|line| *line == usual)
        .or_else(|| lines.next())?;
    let (path, index) = line.rsplit_once('\t')?;
    // The upper half numbers the instances of a variable font.
    let index = index.parse::<u32>().ok()? & 0xffff;
    Some((path.into(), index))
}

fn said(program: &str, pattern: &str) -> Option<String> {
    let mut command = Command::new(program);
    command.args(["-f", "%{file}\t%{index}\n", pattern]);
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output();
    String::from_utf8(output.ok()?.stdout).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scripts_of_a_text_are_found_once_each() {
        let mut found = Vec::new();
        look_at("Hello wörld, Привет", &mut found);
        assert!(found.is_empty());
        look_at("你好 שלום 你 안녕 مرحبا 😀", &mut found);
        let names: Vec<_> = found.iter().map(|script| script.name).collect();
        assert_eq!(names, ["Han", "Hebrew", "Hangul", "Arabic", "emoji"]);
        for script in &SCRIPTS {
            let mut found = Vec::new();
            look_at(&script.sample.to_string(), &mut found);
            assert_eq!(found, [script]);
        }
    }

    #[test]
    fn a_script_that_the_system_has_gets_a_font_with_its_letter() {
        let mut found = 0;
        for font in SCRIPTS.iter().filter_map(find) {
            let read = skrifa::FontRef::from_index(&font.bytes, font.index).unwrap();
            let glyph = skrifa::MetadataProvider::charmap(&read).map(font.script.sample);
            assert!(glyph.is_some(), "{}", font.script.name);
            found += 1;
        }
        if found == 0 {
            eprintln!("skipped: fontconfig has no font for any of the scripts here");
        }
    }

    #[test]
    fn the_usual_font_is_taken_if_it_has_the_letter() {
        let having = "/a.ttf\t0\n/b.ttc\t65538\n";
        assert_eq!(
            chosen(having, "/b.ttc\t65538\n"),
            Some(("/b.ttc".into(), 2))
        );
        assert_eq!(
            chosen(having, "/colour.ttf\t0\n"),
            Some(("/a.ttf".into(), 0))
        );
        assert_eq!(chosen("", "/colour.ttf\t0\n"), None);
    }
}

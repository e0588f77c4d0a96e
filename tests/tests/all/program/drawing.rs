//! What moves on a terminal: progress and statistics, each on a line that fits.

use transom_tests::{Program, Terminal};

use super::Pair;

/// Names as wide, as long and as nasty as a file may have them, 24 columns and more.
const NAMES: [&str; 4] = [
    "写真写真写真写真写真写真写真写真写真写真写真写",
    "a name with a great many letters, as people give them to their files.txt",
    "turned\u{202e}round\u{2066}twice",
    "👩\u{200d}👩\u{200d}👧👩\u{200d}👩\u{200d}👧👩\u{200d}👩\u{200d}👧e\u{301}e\u{301}e\u{301}",
];

#[test]
fn progress_fits_on_one_line_whatever_the_name() {
    let pair = Pair::new();
    let receiving = Terminal::new(80);
    let received = receiving.drawing();
    let mut receive = pair.far.command(&[
        "receive",
        "--into",
        "inbox",
        "--accept",
        "known",
        "--listen",
        "127.0.0.1:0",
    ]);
    receive.args(["--name", "far"]);
    let mut receive = Program::start(&mut receiving.command_drawing(&receive));
    let address = receive.line_with("listening on ");
    let address = address.rsplit(' ').next().unwrap();
    pair.near.knows(&pair.far, address, "files");
    for name in NAMES {
        for columns in [80, 40] {
            // Other bytes each time, or it would be there already.
            let bytes = vec![columns as u8; 200_000];
            let file = pair.scratch.file(&format!("out/{name}"), bytes);
            let terminal = Terminal::new(columns);
            let drawing = terminal.drawing();
            let file = file.to_str().unwrap();
            let arguments = ["send", "far", file, "--limit", "100k"];
            let send = pair.near.command(&arguments);
            let end = Program::start(&mut terminal.command_drawing(&send)).finish();
            assert_eq!(end.code, Some(0), "{end:?} {}", drawing.text());
            let lines = drawing.lines();
            assert!(lines.iter().any(|line| line.contains("%")), "{lines:#?}");
            assert!(
                drawing.columns() <= columns.into(),
                "{} columns: {lines:#?}",
                drawing.columns()
            );
        }
    }
    let lines = received.lines();
    assert!(lines.iter().any(|line| line.contains("%")), "{lines:#?}");
    assert!(received.columns() <= 80, "{lines:#?}");
}

#[test]
fn statistics_fit_on_one_line() {
    let pair = Pair::new();
    let _box = pair.camera(&["--source", "pattern", "--size", "320x240"]);
    let terminal = Terminal::new(80);
    let drawing = terminal.drawing();
    let watch = pair.near.command(&["watch", "far", "--seconds", "4"]);
    let end = Program::start(&mut terminal.command_drawing(&watch)).finish();
    assert_eq!(end.code, Some(0), "{end:?}");
    let lines = drawing.lines();
    let statistics = lines.iter().find(|line| line.contains("fps"));
    let statistics = statistics.unwrap_or_else(|| panic!("{lines:#?}"));
    assert!(statistics.contains("lost"), "it is whole: {statistics}");
    assert!(drawing.columns() <= 80, "{lines:#?}");
}

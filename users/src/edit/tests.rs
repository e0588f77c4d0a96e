//! Every line that is not meant stays byte for byte.

use super::*;
use crate::Rights;

const SAMPLE: &str = "\u{feff}# mine, by hand\r\n\r\n  anna\t10.0.0.2   may=view  ## old #1 \r\n\
                      bad line here\r\nbob 10.0.0.3\r\n\r\n# the end";

fn contact(line: &str) -> Contact {
    line.parse().unwrap()
}

fn name(text: &str) -> PeerName {
    text.parse().unwrap()
}

/// The lines that differ, as they were and as they are.
fn differing<'a>(before: &'a str, after: &'a str) -> Vec<(&'a str, &'a str)> {
    let (before, after) = (before.split('\n'), after.split('\n'));
    before.zip(after).filter(|(a, b)| a != b).collect()
}

#[test]
fn a_change_touches_one_line_and_keeps_its_comment_as_it_stands() {
    let changed = change_line(SAMPLE, &contact("anna 10.0.0.7 may=view,call # # old #1")).unwrap();
    let was = "  anna\t10.0.0.2   may=view  ## old #1 \r";
    let is = "  anna 10.0.0.7:7447 may=view,call  ## old #1 \r";
    assert_eq!(differing(SAMPLE, &changed), [(was, is)]);
}

#[test]
fn a_new_comment_takes_the_place_of_the_old() {
    let changed = change_line(SAMPLE, &contact("anna 10.0.0.7 # new")).unwrap();
    assert!(changed.contains("\r\n  anna 10.0.0.7:7447 # new\r\n"));
    let without = change_line(SAMPLE, &contact("anna 10.0.0.7")).unwrap();
    assert!(without.contains("\r\n  anna 10.0.0.7:7447\r\n"));
}

#[test]
fn an_addition_stands_last_with_the_line_ends_of_the_file() {
    let longer = add_line(SAMPLE, &contact("carl 10.0.0.4 may=")).unwrap();
    assert_eq!(longer, format!("{SAMPLE}\r\ncarl 10.0.0.4:7447 may=\r\n"));
    assert_eq!(add_line("", &contact("carl h")).unwrap(), "carl h:7447\n");
}

#[test]
fn a_removal_takes_its_line_and_no_other() {
    let shorter = remove_line(SAMPLE, &name("bob")).unwrap();
    assert_eq!(shorter, SAMPLE.replace("bob 10.0.0.3\r\n", ""));
    let last = "anna h\nbob h";
    assert_eq!(remove_line(last, &name("bob")).unwrap(), "anna h\n");
    let first = "\u{feff}anna h\nbob h\n";
    assert!(
        Book::parse(&remove_line(first, &name("anna")).unwrap())
            .1
            .is_empty()
    );
}

#[test]
fn the_first_line_of_a_file_with_a_byte_order_mark_keeps_the_mark() {
    let changed = change_line("\u{feff}anna h\n", &contact("anna g")).unwrap();
    assert_eq!(changed, "\u{feff}anna g:7447\n");
}

#[test]
fn what_was_added_and_removed_again_leaves_no_trace() {
    let text = "# mine\nanna h\n";
    let longer = add_line(text, &contact("bob h")).unwrap();
    assert_eq!(remove_line(&longer, &name("bob")).unwrap(), text);
}

#[test]
fn nobody_is_removed_whose_second_line_would_count_then() {
    let twice = "anna h\n\nanna g may=auto\n";
    let again = EditError::Again {
        name: name("anna"),
        line: 3,
    };
    assert_eq!(remove_line(twice, &name("anna")), Err(again));
}

#[test]
fn who_is_missing_or_there_already_is_told() {
    assert_eq!(
        remove_line(SAMPLE, &name("eve")),
        Err(EditError::Missing(name("eve")))
    );
    assert_eq!(
        change_line(SAMPLE, &contact("eve h")),
        Err(EditError::Missing(name("eve")))
    );
    let (who, first) = (name("bob"), 5);
    let there = Fault::SameName { name: who, first };
    assert_eq!(
        add_line(SAMPLE, &contact("bob h")),
        Err(EditError::Fault(there))
    );
}

#[test]
fn no_contact_becomes_a_second_line() {
    let mut evil = contact("anna h");
    evil.comment = "x\neve 6.6.6.6 may=auto".to_owned();
    let unwritable = EditError::Fault(Fault::Unwritable(evil.name));
    assert_eq!(change_line(SAMPLE, &evil), Err(unwritable.clone()));
    assert_eq!(add_line("", &evil), Err(unwritable));
}

#[test]
fn a_book_longer_than_what_is_read_is_not_edited() {
    let long = format!("anna h\n{}", "# a comment\n".repeat(100_000));
    assert!(matches!(
        add_line(&long, &contact("bob h")),
        Err(EditError::Fault(_))
    ));
}

#[test]
fn every_set_of_rights_can_be_written() {
    for may in [Rights::NONE, Rights::default()] {
        let bob = Contact {
            may,
            ..contact("bob 10.0.0.3")
        };
        let changed = change_line(SAMPLE, &bob).unwrap();
        assert_eq!(Book::parse(&changed).0.find("bob"), Some(&bob));
    }
}

#[test]
fn the_law_holds_for_the_sample_and_all_its_damages() {
    let bytes = SAMPLE.as_bytes();
    for at in 0..bytes.len() {
        let (before, after) = bytes.split_at(at);
        crate::fuzzing::book(before);
        crate::fuzzing::book(after);
        for other in [
            b"\n".as_slice(),
            b" ",
            b"#",
            b"\r\nanna x\n",
            b"\xff",
            b"\xef\xbb\xbf",
        ] {
            crate::fuzzing::book(&[before, other, after].concat());
        }
    }
}

#[test]
fn a_pairing_changes_the_line_of_its_key_and_takes_nobodys_name() {
    let (key, other) = (
        transom_wire::PublicKey([1; 32]),
        transom_wire::PublicKey([2; 32]),
    );
    let book = format!("anna h key={key} may=hear # hers\nben h key={other}\ncarl h\n");
    let paired = |line: &str| paired_line(&book, &contact(&format!("{line} key={key}")));
    // The key is anna's, whatever she is called now, and she keeps the rights that she had.
    let changed = paired("dora 10.0.0.9 may=view").unwrap();
    let line = format!("anna 10.0.0.9:7447 key={key} may=view,hear # hers");
    assert_eq!(changed.lines().next(), Some(line.as_str()));
    assert_eq!(changed.lines().count(), 3);

    let third = transom_wire::PublicKey([3; 32]);
    let paired = |name: &str| paired_line(&book, &contact(&format!("{name} 10.0.0.9 key={third}")));
    assert!(paired("ben").is_err(), "he has another key");
    let changed = paired("carl").unwrap();
    assert_eq!(
        changed,
        book.replace("carl h", &format!("carl 10.0.0.9:7447 key={third}"))
    );
    let longer = paired("dora").unwrap();
    assert_eq!(longer, format!("{book}dora 10.0.0.9:7447 key={third}\n"));
}

#[test]
fn a_contact_without_a_key_gets_the_rights_of_the_pairing_only() {
    let key = transom_wire::PublicKey([1; 32]);
    let anna = contact(&format!("anna 10.0.0.9 key={key} may=call"));
    let line = format!("anna 10.0.0.9:7447 key={key} may=call");
    // The first line has the rights of a contact whose line names none.
    for old in ["anna h", "anna h may=hear,view,talk"] {
        let changed = paired_line(old, &anna).unwrap();
        assert_eq!(changed, line, "{old}");
    }
}

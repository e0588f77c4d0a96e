//! Books good and bad.

use super::*;
use crate::{MAX_ERRORS, Rights};

const SAMPLE: &str = include_str!("../../user_list.txt");

#[test]
fn the_sample_has_no_error_and_stays_on_this_machine() {
    let (book, errors) = Book::parse(SAMPLE);
    assert_eq!(errors, []);
    assert!(book.contacts().len() >= 2);
    for contact in book.contacts() {
        let host = contact.address.ip();
        assert!(host.is_some_and(|host| host.is_loopback()));
    }
}

#[test]
fn old_lists_of_name_and_ip_work_as_they_are() {
    let old = "Alice 192.168.1.10\r\nBob\t192.168.1.11\r\n\r\n";
    let (book, errors) = Book::parse(old);
    assert_eq!(errors, []);
    let names: Vec<_> = book.contacts().iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["Alice", "Bob"]);
    assert_eq!(book.contacts()[1].line, 2);
    assert_eq!(book.find("Bob").unwrap().address.port(), 7447);
    assert_eq!(book.find("bob"), None);
    assert_eq!(book.find("two words"), None);
}

#[test]
fn bad_lines_are_told_and_the_others_load() {
    let text = "a 1.2.3.4\nb\nc 1.2.3.4 may=veiw\na 5.6.7.8\nd 1.2.3.4\n";
    let (book, errors) = Book::parse(text);
    let names: Vec<_> = book.contacts().iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["a", "d"]);
    assert_eq!(book.find("a").unwrap().address.host(), "1.2.3.4");
    let told: Vec<_> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "2: b: no address after the name",
            "3: c: \"veiw\" is not one of view, call, files, hear, talk, auto",
            "4: a: already in line 1",
        ]
    );
}

#[test]
fn ten_megabytes_of_garbage_are_bounded() {
    // Bytes of a fixed generator, as a program that replaces what is not UTF-8 would give them.
    let mut state = 1_u32;
    let garbage: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    })
    .take(10 * MAX_BYTES)
    .collect();
    let text = String::from_utf8_lossy(&garbage);
    let (book, errors) = Book::parse(&text);
    assert!(book.contacts().is_empty());
    assert!((MAX_ERRORS..=MAX_ERRORS + 2).contains(&errors.len()));
    assert!(errors.iter().all(|error| error.to_string().len() < 1_000));
    assert!(book.cut);
}

#[test]
fn one_endless_line_is_one_error() {
    let text = "x".repeat(10 * MAX_BYTES);
    let (book, errors) = Book::parse(&text);
    assert_eq!(book, Book::default());
    let what = Fault::LongText(10 * MAX_BYTES);
    assert_eq!(errors, [BookError { line: 1, what }]);
}

#[test]
fn contacts_are_bounded() {
    let text: String = (0..MAX_CONTACTS + 5)
        .map(|i| format!("n{i} h{i}.local\n"))
        .collect();
    let (mut book, errors) = Book::parse(&text);
    assert_eq!(book.contacts().len(), MAX_CONTACTS);
    let (line, what) = (MAX_CONTACTS + 1, Fault::TooMany(MAX_CONTACTS));
    assert_eq!(errors, [BookError { line, what }]);
    let one_more = "more h.local".parse().unwrap();
    assert_eq!(book.add(one_more), Err(Fault::TooMany(MAX_CONTACTS)));
}

#[test]
fn a_book_that_grows_when_written_out_stays_readable() {
    // Each line gains a port and a space, so that the whole would be longer than what is read.
    let line = |i: usize| format!("n{i} h #{}\n", "x".repeat(255));
    let text: String = (0..).map(line).take(MAX_BYTES / 268).collect();
    assert!(text.len() < MAX_BYTES);
    let (book, errors) = Book::parse(&text);
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].what, Fault::LongBook);
    assert!(book.cut && book.to_string().len() <= MAX_BYTES);
    assert_eq!(Book::parse(&book.to_string()), (book, vec![]));
}

#[test]
fn names_of_bad_lines_are_bounded() {
    let text: String = (0..MAX_CONTACTS + 5).map(|i| format!("n{i}\n")).collect();
    let (book, errors) = Book::parse(&text);
    assert_eq!(book.withheld.len(), MAX_CONTACTS);
    assert!(book.cut);
    assert_eq!(errors.len(), MAX_ERRORS + 1);
}

#[test]
fn added_contacts_are_printed_and_read_again() {
    let key = PublicKey([9; 32]);
    let mut book = Book::default();
    let anna = Contact {
        name: "anna".parse().unwrap(),
        address: "[::1]:80".parse().unwrap(),
        key: Some(key),
        may: Rights {
            auto: true,
            ..Rights::NONE
        },
        comment: "from her own hand".to_owned(),
        line: 0,
    };
    book.add(anna.clone()).unwrap();
    assert_eq!(book.owner_of(&key), Some(&anna));
    assert_eq!(Book::parse(&book.to_string()), (book.clone(), vec![]));
    let first = 0;
    let name = anna.name;
    assert_eq!(book.add(anna), Err(Fault::SameName { name, first }));
}

#[test]
fn nothing_can_be_added_that_would_be_read_as_something_else() {
    let good: Contact = "bob 10.0.0.3 # hi".parse().unwrap();
    let with = |change: fn(&mut Contact)| {
        let mut bad = good.clone();
        change(&mut bad);
        Book::default().add(bad)
    };
    assert_eq!(with(|_| ()), Ok(()));
    let bad: [fn(&mut Contact); 6] = [
        |it| it.comment = "x\nevil 6.6.6.6 may=auto".to_owned(),
        |it| it.comment = " spaces ".to_owned(),
        |it| it.comment = "\u{1b}[2J".to_owned(),
        |it| it.comment = "x".repeat(2_000),
        |it| it.address = std::net::SocketAddr::from(([1, 2, 3, 4], 0)).into(),
        |it| it.name = "#bob".parse().unwrap(),
    ];
    for change in bad {
        assert!(matches!(with(change), Err(Fault::Unwritable(_))));
    }
}

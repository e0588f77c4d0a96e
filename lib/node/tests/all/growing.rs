//! Folders that are offered before they are counted, and folders that grow meanwhile.

use std::fs;
use std::time::Duration;

use transom::{Accept, Direction, Notice, Outcome, Phase, Redial, SendOptions};

use crate::calls::{identities, name, person};
use crate::cut::Cut;
use crate::support::{Scratch, inbox};

#[test]
fn a_folder_of_many_files_is_offered_before_it_is_counted_and_then_counted_to_its_end() {
    const FILES: u32 = 30_000;
    let scratch = Scratch::new("uncounted");
    let many = scratch.0.join("many");
    for number in 0..FILES {
        let folder = many.join((number / 1000).to_string());
        if number % 1000 == 0 {
            fs::create_dir_all(&folder).unwrap();
        }
        fs::write(folder.join(number.to_string()), b"").unwrap();
    }
    let (a, b) = identities();
    let ben = person(&b, &[("anna", &a, "files")], |settings| {
        settings.inbox = Some(inbox(scratch.0.join("inbox"), Accept::Ask));
    });
    let anna = person(&a, &[("ben", &b, "call")], |_| {});
    anna.handle.connect(ben.contact("ben"), Redial::Never);
    anna.joined();
    anna.handle
        .send(&name("ben"), &many, SendOptions::default());
    let (transfer, entries, is_counted) = ben.wait(|notice| match notice {
        Notice::Offered {
            transfer,
            entries,
            is_counted,
            ..
        } => Some((transfer, entries, is_counted)),
        _ => None,
    });
    assert!(!is_counted && entries < FILES, "{entries}");
    for (peer, files) in [(&anna, FILES), (&ben, FILES + FILES / 1000)] {
        let status = peer.wait(|notice| match notice {
            Notice::Transfer(status) => status.is_counted.then_some(status),
            _ => None,
        });
        // Which of them are folders their receiver learns when they come.
        assert_eq!((status.files, status.phase), (files, Phase::Offered));
    }
    ben.handle.refuse(transfer);
    let outcome = anna.outcome(Direction::Outgoing);
    assert!(matches!(outcome, Outcome::Refused { .. }), "{outcome:?}");
}

#[test]
fn a_folder_that_gained_a_file_goes_on_without_being_asked_about_again() {
    let scratch = Scratch::new("gained");
    let (folder, into) = (scratch.0.join("films"), scratch.0.join("inbox"));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("one"), vec![7; 6_000_000]).unwrap();
    let (a, b) = identities();
    let ben = person(&b, &[("anna", &a, "files")], |settings| {
        settings.inbox = Some(inbox(into.clone(), Accept::Ask));
    });
    let anna = person(&a, &[("ben", &b, "call")], |_| {});
    let cut = Cut::to(ben.address.unwrap());
    anna.handle.connect(cut.contact("ben"), Redial::Always);
    anna.joined();
    let options = SendOptions {
        limit: Some(3_000_000),
        ..SendOptions::default()
    };
    anna.handle.send(&name("ben"), &folder, options);
    let offered = |entries| {
        ben.wait(|notice| match notice {
            Notice::Offered {
                transfer,
                entries: found,
                asks,
                ..
            } if found == entries => Some((transfer, asks)),
            _ => None,
        })
    };
    let (transfer, asks) = offered(1);
    assert!(asks);
    ben.handle.accept(transfer, None);
    anna.wait(|notice| match notice {
        Notice::Transfer(status) => (status.moved > 1_000_000).then_some(()),
        _ => None,
    });
    cut.cut();
    anna.wait(|notice| matches!(notice, Notice::Left { lost: true, .. }).then_some(()));
    fs::write(folder.join("two"), b"later").unwrap();
    cut.mend();
    let (_, asks) = offered(2);
    assert!(!asks);
    let outcome = anna.outcome(Direction::Outgoing);
    assert!(outcome.is_success(), "{outcome:?}");
    assert_eq!(fs::read(into.join("films/two")).unwrap(), b"later");
    let length = fs::metadata(into.join("films/one")).unwrap().len();
    assert_eq!(length, 6_000_000);
    assert!(
        ben.told(Duration::from_millis(100))
            .iter()
            .all(|notice| { !matches!(notice, Notice::Offered { asks: true, .. }) })
    );
}

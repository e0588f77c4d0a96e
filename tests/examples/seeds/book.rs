//! Contact books: the sample, lines of old lists, and lines as they must not be.

use transom_wire::PublicKey;

/// The book that comes with the project.
const SAMPLE: &str = include_str!("../../../users/user_list.txt");

/// Name and text.
pub(crate) fn books() -> Vec<(&'static str, String)> {
    let key = PublicKey([0xa5; 32]);
    vec![
        ("sample", SAMPLE.to_owned()),
        (
            "old-list",
            "amy 192.168.1.20\nben box.local:99\n".to_owned(),
        ),
        (
            "all-fields",
            format!("porch [fe80::1]:7448 key={key} may=view,auto #front door\n"),
        ),
        ("pinned", format!("porch {key}\nben {key}\n")),
        (
            "bad-lines",
            "amy\namy 1.2.3.4 key=x\na\u{202e}b 1.2.3.4\n\0\n1 ::1 may=all\namy ::1\namy ::1"
                .to_owned(),
        ),
        (
            "hidden-names",
            "\u{3164} ::1\namy\u{fe0f} ::1\namy ::1 # \u{3164}\n\u{61c} ::1\n".to_owned(),
        ),
    ]
}

//! Contact books: the sample, lines of old lists, and lines as they must not be.

use transom_wire::PublicKey;

/// The book that comes with the project.
const SAMPLE: &str = include_str!("../../../users/user_list.txt");

/// Addresses by name, number and zone, in spellings that are not the usual ones.
pub(crate) const ADDRESSES: &[(&str, &str)] = &[
    ("name", "Door.Local.:99"),
    ("ipv4", "192.168.1.20"),
    ("ipv4-hex", "0xc0a80114"),
    ("ipv4-in-ipv6", "[::ffff:192.168.1.20]:7447"),
    ("ipv6", "[FD00:0:0::1%eth0]:80"),
    ("link-local", "fe80::1%02"),
    ("localhost", "LocalHost"),
    ("anywhere", "0.0.0.0:7447"),
];

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
            format!("porch [fe80::1]:7448 key={key} may=view,hear,talk,auto #front door\n"),
        ),
        ("pinned", format!("porch {key}\nben {key}\n")),
        (
            "pinned-spellings",
            format!("10.0.0.2 {key}\n10.0.0.2:7447 {key}\nporch 10.0.0.2\n"),
        ),
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

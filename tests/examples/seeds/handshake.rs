//! Handshakes as strangers begin them, honest ones in pieces, and one with a changed bit. The first
//! byte says which of these the law tries.

/// Name and bytes.
pub(crate) fn handshakes() -> Vec<(&'static str, Vec<u8>)> {
    let dialer = b"TRSM\x01\x01\x03\x00";
    let listener = b"TRSM\x01\x02\x02\x00";
    vec![
        ("to-listener", joined(&[&[0], dialer, &[0, 32], &[7; 32]])),
        (
            "to-listener-long",
            joined(&[&[0], dialer, &[255, 255], &[7; 300]]),
        ),
        ("to-dialer", joined(&[&[100], listener, &[0, 96], &[7; 96]])),
        ("honest-whole", vec![200]),
        ("honest-in-pieces", vec![200, 1, 9, 30, 2]),
        ("changed-preamble", vec![228, 0, 7, 1]),
        ("changed-key", vec![228, 1, 20, 3, 16]),
    ]
}

fn joined(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

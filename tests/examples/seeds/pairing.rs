//! Pairings with a stranger that sends records of any kind, and honest ones in pieces. The first byte
//! says which of these the law tries.

/// Name and bytes.
pub(crate) fn pairings() -> Vec<(&'static str, Vec<u8>)> {
    // A length, and a record of the dialer's or the listener's side: the base point, then a proof.
    let mut dialer = vec![33, b'A', 0x58];
    dialer.resize(34, 0x66);
    let mut listener = dialer.clone();
    listener[1] = b'B';
    let proof = [&[32][..], &[7; 32]].concat();
    let proof_and_name = [&[41][..], &[7; 32], b"\x01\0\x03\x1d\x17\x03eve"].concat();
    vec![
        ("to-listener", [&[0][..], &dialer, &proof].concat()),
        (
            "to-dialer",
            [&[80][..], &listener, &proof_and_name].concat(),
        ),
        ("mirrored", [&[80][..], &dialer].concat()),
        ("empty-records", vec![0, 0, 0]),
        ("honest-whole", vec![160]),
        ("honest-in-pieces", vec![160, 1, 20, 3]),
        ("other-code", vec![200, 9]),
        ("unsealed", vec![220, 0, 49, 1, 2, 3]),
        ("unsealed-long", [&[220, 255, 255][..], &[1; 300]].concat()),
    ]
}

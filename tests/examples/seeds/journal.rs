//! Journals as a disk may leave them: how many leaves, where the damage begins, whether it is cut
//! there, the damage.

/// Name and bytes.
pub(crate) fn journals() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("untouched", vec![9, 255, 255, 0]),
        ("cut", vec![9, 100, 0, 1]),
        ("zeroed", [&[9, 60, 0, 0], &[0; 80][..]].concat()),
        ("head", vec![3, 0, 0, 0, 0x55]),
        ("flipped", vec![200, 0, 8, 0, 0xff]),
    ]
}

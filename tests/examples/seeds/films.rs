//! Films: two bytes of the cut, then three a frame: what (0x80 sound, 0x40 back in time), the root
//! of the milliseconds since the last one, the length.

const PICTURE: u8 = 0;
const WIDER: u8 = 1;
const BACK: u8 = 0x40;
const NEAR: u8 = 0x80;
const FAR: u8 = 0x81;
const FAR_OPUS: u8 = 0x83;

pub(crate) fn films() -> Vec<(&'static str, Vec<u8>)> {
    let call = [
        [PICTURE, 0, 200],
        [FAR_OPUS, 3, 80],
        [NEAR, 0, 96],
        [PICTURE, 6, 210],
        [FAR_OPUS | BACK, 2, 80],
        [FAR, 40, 96],
        [PICTURE, 5, 190],
    ];
    let pauses = [
        [PICTURE, 0, 9],
        [PICTURE, 255, 9],
        [NEAR, 255, 0],
        [PICTURE | BACK, 200, 9],
    ];
    let sizes = [
        [PICTURE, 1, 50],
        [WIDER, 1, 60],
        [FAR, 1, 10],
        [PICTURE, 1, 50],
    ];
    vec![
        ("call", film([7, 255], &call)),
        ("pauses", film([6, 100], &pauses)),
        ("sizes", film([0, 0], &sizes)),
    ]
}

fn film(cut: [u8; 2], steps: &[[u8; 3]]) -> Vec<u8> {
    [&cut[..], steps.as_flattened()].concat()
}

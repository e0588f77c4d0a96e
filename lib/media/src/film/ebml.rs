//! EBML, the elements of a Matroska file: an id, the length of the body, the body.

/// The length of a body that is not known yet, in 8 bytes: readers end the body at the first
/// element that can't be inside it.
pub(super) const UNKNOWN_SIZE: [u8; 8] = [0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];

/// Appends an element.
pub(super) fn element(out: &mut Vec<u8>, id: u32, body: &[u8]) {
    put_id(out, id);
    put_size(out, body.len() as u64);
    out.extend_from_slice(body);
}

/// Appends an element with the elements that `fill` appends.
pub(super) fn nested(out: &mut Vec<u8>, id: u32, fill: impl FnOnce(&mut Vec<u8>)) {
    let mut body = Vec::new();
    fill(&mut body);
    element(out, id, &body);
}

/// Appends a number, in 8 bytes whatever its value, so that the film's head keeps its length.
pub(super) fn number(out: &mut Vec<u8>, id: u32, value: u64) {
    element(out, id, &value.to_be_bytes());
}

/// Appends a floating point number.
pub(super) fn float(out: &mut Vec<u8>, id: u32, value: f64) {
    element(out, id, &value.to_be_bytes());
}

/// Appends an element that readers skip and that takes `total` bytes, at least 9, with its head.
pub(super) fn void(out: &mut Vec<u8>, total: usize) {
    const VOID: u8 = 0xec;
    out.push(VOID);
    out.extend_from_slice(&long_size(total as u64 - 9));
    out.resize(out.len() + total - 9, 0);
}

/// Appends an id. Its first bits state its length, so leading zero bytes are left out.
pub(super) fn put_id(out: &mut Vec<u8>, id: u32) {
    let bytes = id.to_be_bytes();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    out.extend_from_slice(&bytes[zeros..]);
}

/// A length in the fewest bytes. All ones means *unknown* and is left out.
fn put_size(out: &mut Vec<u8>, size: u64) {
    let length = (1..8)
        .find(|length| size < (1 << (7 * length)) - 1)
        .unwrap_or(8);
    let marked = size | 1 << (7 * length);
    out.extend_from_slice(&marked.to_be_bytes()[8 - length..]);
}

/// A length in 8 bytes, to be written over [`UNKNOWN_SIZE`].
pub(super) fn long_size(size: u64) -> [u8; 8] {
    (size | 1 << 56).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_take_the_fewest_bytes_and_are_never_the_unknown_one() {
        for (size, wanted) in [
            (0, &[0x80][..]),
            (126, &[0xfe]),
            (127, &[0x40, 127]),
            (16_382, &[0x7f, 0xfe]),
            (16_383, &[0x20, 0x3f, 0xff]),
        ] {
            let mut out = Vec::new();
            put_size(&mut out, size);
            assert_eq!(out, wanted, "{size}");
        }
        let mut out = Vec::new();
        void(&mut out, 300);
        assert_eq!(out.len(), 300);
        assert_eq!(long_size(291), out[1..9]);
    }
}

//! The record of a transfer: which peer and which transfer, so that it is found again after a
//! crash. A record that doesn't check is no record.

use transom_wire::TransferKey;

use crate::journal::sum;

/// Names a transfer: the peer's key and the transfer's.
pub(crate) type Claim = ([u8; 32], TransferKey);

/// Bytes of a record.
pub(crate) const RECORD: usize = 8 + 32 + 16 + 8;

/// The record of a peer's transfer: magic, peer, transfer, check.
pub(crate) fn of((peer, transfer): &Claim) -> [u8; RECORD] {
    let mut record = [0; RECORD];
    record[..8].copy_from_slice(&MAGIC);
    record[8..40].copy_from_slice(peer);
    record[40..56].copy_from_slice(&transfer.0);
    let check = sum(&[&record[..56]]);
    record[56..].copy_from_slice(&check);
    record
}

/// Whose transfer a record is of.
pub(crate) fn read(record: &[u8]) -> Option<Claim> {
    let peer = record.get(8..40)?.try_into().ok()?;
    let claim = (peer, TransferKey(record.get(40..56)?.try_into().ok()?));
    (of(&claim) == record).then_some(claim)
}

const MAGIC: [u8; 8] = *b"transomU";

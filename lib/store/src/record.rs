//! The record of a transfer: whose it is and what was offered, so that it can be found again after
//! anything. A record that doesn't check is no record.

use transom_wire::{Shape, TransferKey};

use crate::journal::sum;

/// Names a transfer: the peer's key and the transfer's.
pub(crate) type Claim = ([u8; 32], TransferKey);

/// Bytes of a record.
pub(crate) const RECORD: usize = 8 + 32 + 16 + 1 + 8;

/// The record of a peer's transfer.
pub(crate) fn of(peer: &[u8; 32], transfer: TransferKey, shape: Shape) -> [u8; RECORD] {
    let mut record = [0; RECORD];
    record[..8].copy_from_slice(&MAGIC);
    record[8..40].copy_from_slice(peer);
    record[40..56].copy_from_slice(&transfer.0);
    record[56] = shape.code();
    let check = sum(&[&record[..57]]);
    record[57..].copy_from_slice(&check);
    record
}

/// Whose transfer a record is of.
pub(crate) fn read(record: &[u8]) -> Option<(Claim, Shape)> {
    let (magic, rest) = record.split_first_chunk::<8>()?;
    let (peer, rest) = rest.split_first_chunk::<32>()?;
    let (transfer, rest) = rest.split_first_chunk::<16>()?;
    let ([shape], check) = rest.split_first_chunk::<1>()?;
    let fits = *magic == MAGIC && check == sum(&[record.get(..57)?]);
    let shape = Shape::ALL.iter().find(|known| known.code() == *shape)?;
    fits.then_some(((*peer, TransferKey(*transfer)), *shape))
}

const MAGIC: [u8; 8] = *b"transomT";

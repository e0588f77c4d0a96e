//! How much of a long piece of work is done before other transfers have their turn.

/// What a step costs, in leaves: a leaf is read, hashed or compared in a third of a millisecond. A
/// name that is opened, moved or removed costs no more.
pub(crate) const STEP: u32 = 1;
/// A file or folder that is synced by itself: some milliseconds of an ordinary disk.
pub(crate) const SYNC: u32 = 16;

/// Takes the cost of a step from what is left of a slice; `false` if nothing is left. So each slice
/// makes at least one step.
pub(crate) fn take(left: &mut u32, cost: u32) -> bool {
    let is_left = *left > 0;
    *left = left.saturating_sub(cost);
    is_left
}

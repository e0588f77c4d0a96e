//! Cross-crate tests and what they share: Pair, Link, FakeCamera, Scratch, evil peers.

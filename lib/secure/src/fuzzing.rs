//! Laws for fuzzing.

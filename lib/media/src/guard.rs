//! A panic of the code that decodes, scales and encodes pictures of others costs that one picture.
//! Everything else may end the program when it panics.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::ImageError;

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Runs work on one picture; a panic in it becomes [`ImageError::Panicked`].
///
/// A JPEG codec is a parser of thousands of lines that strangers feed. What `work` writes to must
/// be nothing but a buffer of pixels or bytes: it is used again as the panic left it.
///
/// A program that is built with `panic = "abort"` ends all the same.
pub fn guard<T>(work: impl FnOnce() -> Result<T, ImageError>) -> Result<T, ImageError> {
    let before = GUARDED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(before);
    result.unwrap_or(Err(ImageError::Panicked))
}

/// Whether a panic of this thread would be caught by [`guard`], for panic hooks.
pub fn is_guarded() -> bool {
    GUARDED.get()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_costs_one_picture() {
        let poisoned = || -> Result<(), ImageError> {
            assert!(is_guarded());
            panic!("poison");
        };
        assert_eq!(guard(poisoned), Err(ImageError::Panicked));
        assert!(!is_guarded());
        assert_eq!(guard(|| Ok(7)), Ok(7));
        let nested = guard(|| {
            assert_eq!(guard(poisoned), Err(ImageError::Panicked));
            Ok(is_guarded())
        });
        assert_eq!(nested, Ok(true));
    }
}

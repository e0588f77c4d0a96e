//! Limits a panic of the code that decodes, scales and encodes pictures to the picture at hand. A
//! panic of any other code may end the program.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::ImageError;

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Runs work on one picture; a panic in it becomes [`ImageError::Panicked`].
///
/// A JPEG codec is thousands of lines that parse untrusted bytes. `work` may write to nothing but
/// buffers of pixels or bytes: they are reused in the state in which the panic left them.
///
/// With `panic = "abort"` the program still ends.
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

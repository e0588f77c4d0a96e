//! Whole stations on a virtual clock, over modelled links.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

//! People: the contact book and the pinned keys, parsed, checked and printed. No IO.

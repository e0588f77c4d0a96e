//! Without D-Bus nothing is known of the desktop's wish for reduced motion.

pub(crate) fn watch_motion(_: impl Fn(bool) + Send + 'static) {}

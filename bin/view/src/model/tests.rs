//! The model's behaviour, notice by notice.

use std::time::Duration;

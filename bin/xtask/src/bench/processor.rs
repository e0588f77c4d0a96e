//! Processor time as Linux counts it: of a running process or of all ended children in ticks of
//! 10 ms, of running threads in nanoseconds.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::failure::{Context, Failure, Outcome};
use crate::machine;

/// The processor time of a running process.
pub(super) fn used_by(process: u32) -> Outcome<Duration> {
    read(&process.to_string(), USER)
}

/// The processor time of all children of this process that were waited for.
pub(super) fn used_by_children() -> Outcome<Duration> {
    read("self", USER_OF_CHILDREN)
}

/// The processor time of the threads that a process has now.
pub(super) fn used_by_threads(process: u32) -> Outcome<Duration> {
    let folder = format!("/proc/{process}/task");
    let mut used = Duration::ZERO;
    for thread in machine::names_in(Path::new(&folder)) {
        // A thread may end meanwhile.
        let path = format!("{folder}/{thread}/schedstat");
        let text = fs::read_to_string(path).unwrap_or_default();
        let ran = text.split(' ').next().and_then(|ran| ran.parse().ok());
        used += Duration::from_nanos(ran.unwrap_or(0));
    }
    match used.is_zero() {
        true => Err(Failure::new(format!("{folder}: no processor time"))),
        false => Ok(used),
    }
}

fn read(process: &str, first: usize) -> Outcome<Duration> {
    let path = format!("/proc/{process}/stat");
    let stat = fs::read_to_string(&path).context(&path)?;
    let (_, ticks) =
        name_and_ticks(&stat, first).ok_or_else(|| Failure::new(format!("{path}: {stat}")))?;
    Ok(Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND))
}

/// From a line of proc(5)'s stat: the name in brackets, and the sum of user and system ticks, which
/// are field `first` and the next one.
pub(super) fn name_and_ticks(stat: &str, first: usize) -> Option<(&str, u64)> {
    let (head, rest) = stat.rsplit_once(')')?;
    let (_, name) = head.split_once('(')?;
    // The name was field 2, so the rest begins with field 3.
    let mut fields = rest.split_whitespace().skip(first - 3);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some((name, user + system))
}

/// Field numbers of user ticks in proc(5)'s stat; system ticks are in the next field.
pub(super) const USER: usize = 14;
const USER_OF_CHILDREN: usize = 16;

/// The unit of Linux for user space (USER_HZ), independent of the kernel's own tick.
pub(super) const TICKS_PER_SECOND: u64 = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_stat_is_read_whatever_the_name() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 100 0 0 0 42 8 5 3 20 0 1 0 5 6 7";
        assert_eq!(name_and_ticks(stat, USER), Some(("a) b (c", 50)));
        assert_eq!(name_and_ticks(stat, USER_OF_CHILDREN), Some(("a) b (c", 8)));
        assert_eq!(name_and_ticks("7 (cut", USER), None);
    }
}

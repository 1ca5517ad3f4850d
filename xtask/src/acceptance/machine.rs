//! What a record says about where it was made.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::shell::{self, Outcome};

/// The commit of the checkout; with a remark where files differ from it.
pub(crate) fn commit() -> Outcome<String> {
    let hash = shell::read(&mut shell::command("git", &["rev-parse", "HEAD"]))?;
    let status = ["status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs/acceptance"];
    let changed = shell::read(&mut shell::command("git", &status))?;
    let remark = if changed.trim().is_empty() { "" } else { " with changes" };
    Ok(format!("{}{remark}", hash.trim()))
}

/// Name of the processor, where the system says it.
pub(crate) fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("model name"));
    line.and_then(|line| line.split_once(": "))
        .map_or_else(|| "unknown".to_owned(), |(_, name)| name.to_owned())
}

/// Processor cores that programs may use.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// The adapter that the engine chooses, as `ibq info` names it; none where no `ibq` is built.
pub(crate) fn adapter() -> Option<String> {
    let program = shell::built("debug", "ibq");
    if !program.is_file() {
        return None;
    }
    let output = shell::read(&mut shell::command(program, &["info", "assets/models/scenes-f4"])).ok()?;
    let line = output.lines().find_map(|line| line.strip_prefix("memory needed on "))?;
    Some(line.trim_end_matches(", f32").to_owned())
}

/// Today's date (UTC) as `2026-11-27`.
pub(crate) fn today() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    date(seconds / 86_400)
}

/// The date so many days after 1970-01-01.
fn date(mut days: u64) -> String {
    let is_leap =
        |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970;
    while days >= 365 + u64::from(is_leap(year)) {
        days -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let lengths = [31, 28 + u64::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while days >= lengths[month] {
        days -= lengths[month];
        month += 1;
    }
    format!("{year}-{:02}-{:02}", month + 1, days + 1)
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn days_become_dates() {
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(11_016), "2000-02-29");
        assert_eq!(date(20_784), "2026-11-27");
    }
}

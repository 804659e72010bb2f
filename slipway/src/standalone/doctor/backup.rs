//! How old the last good backup is.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Finding, ok, warn};
use crate::standalone::{backup::LastBackup, paths::Paths};

/// A daily backup may have failed once, and somebody has seen it.
const OLD: TimeDelta = TimeDelta::hours(50);
const NEXT: &str = "slipway backup DIR --keys DIR, and daily from then on: docs/operations.md tells how.";

/// Looks, where there is something to lose.
pub fn look(paths: &Paths) -> Option<Finding> {
    if !paths.data.exists() {
        return None;
    }
    Some(match LastBackup::read(paths) {
        Ok(last) => judge(last.as_ref(), Utc::now()),
        Err(error) => warn("backup", format!("cannot tell when the last one was made: {error:#}"), NEXT),
    })
}

fn judge(last: Option<&LastBackup>, now: DateTime<Utc>) -> Finding {
    let Some(last) = last else { return warn("backup", "none was made on this machine", NEXT) };
    let age = now - last.made_at;
    let ago = match age.num_hours() {
        ..=1 => "within the last two hours".to_owned(),
        hours @ ..48 => format!("{hours} hours ago"),
        _ => format!("{} days ago", age.num_days()),
    };
    let text = format!("the last good one was made {ago}: {}", last.file.display());
    if age > OLD { warn("backup", text, NEXT) } else { ok("backup", text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backups_of_every_age() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let paths = Paths { config: at("etc"), data: at("data"), run: at("run") };
        assert_eq!(look(&paths), None);
        std::fs::create_dir(&paths.data).unwrap();
        assert_eq!(look(&paths).unwrap(), judge(None, Utc::now()));
        let now = Utc::now();
        let made = |hours| LastBackup { made_at: now - TimeDelta::hours(hours), file: "/mnt/backups/a.tar".into() };
        let shown: String = [0, 26, 49, 51].map(|hours| judge(Some(&made(hours)), now).to_string()).concat();
        insta::assert_snapshot!(shown + &judge(None, now).to_string(), @r"
        ok    backup      the last good one was made within the last two hours: /mnt/backups/a.tar
        ok    backup      the last good one was made 26 hours ago: /mnt/backups/a.tar
        ok    backup      the last good one was made 2 days ago: /mnt/backups/a.tar
        warn  backup      the last good one was made 2 days ago: /mnt/backups/a.tar
                          slipway backup DIR --keys DIR, and daily from then on: docs/operations.md tells how.
        warn  backup      none was made on this machine
                          slipway backup DIR --keys DIR, and daily from then on: docs/operations.md tells how.
        ");
        std::fs::write(paths.last_backup(), "no JSON").unwrap();
        assert!(look(&paths).unwrap().text.starts_with("cannot tell"));
    }
}

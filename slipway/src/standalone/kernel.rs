//! Limits of the kernel that a machine full of apps meets long before its memory ends. They are raised where they are lower, and
//! never lowered: others on the machine may have wanted more.

use std::{fs, io, path::Path};

/// What is raised, and to how much.
///
/// Neighbours: every instance and its bridge know each other, which makes two entries in a table that all network namespaces
/// share. Of the 1024 that there are by default, 500 instances fill all; then the next ones answer nobody, and nothing says why.
/// The kernel clears the table above the first threshold, in earnest above the second, and takes none above the third.
///
/// Watches: the engine waits for lines of each instance with one of its own. Above 128 it looks each quarter of a second instead.
const LIMITS: [(&str, u32); 4] = [
    ("/proc/sys/net/ipv4/neigh/default/gc_thresh3", 65_536),
    ("/proc/sys/net/ipv4/neigh/default/gc_thresh2", 32_768),
    ("/proc/sys/net/ipv4/neigh/default/gc_thresh1", 8_192),
    ("/proc/sys/fs/inotify/max_user_instances", 8_192),
];

/// Raises what is too low. What cannot be raised is told in the log: few apps run without it.
pub fn raise_limits() {
    for (limit, wanted) in LIMITS {
        match raise(Path::new(limit), wanted) {
            Ok(Some(before)) => tracing::info!(limit, before, now = wanted, "raised a limit of the kernel"),
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, limit, wanted, "cannot raise a limit of the kernel"),
        }
    }
}

/// Answers what it was, if it was lower.
fn raise(path: &Path, wanted: u32) -> io::Result<Option<u32>> {
    let text = fs::read_to_string(path)?;
    let before = text.trim().parse::<u32>().map_err(io::Error::other)?;
    if before >= wanted {
        return Ok(None);
    }
    fs::write(path, wanted.to_string())?;
    Ok(Some(before))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::raise;

    #[test]
    fn limits_are_raised_and_never_lowered() {
        let folder = tempfile::tempdir().unwrap();
        let limit = folder.path().join("limit");
        fs::write(&limit, "1024\n").unwrap();
        assert_eq!(raise(&limit, 4096).unwrap(), Some(1024));
        assert_eq!(raise(&limit, 4096).unwrap(), None);
        assert_eq!(raise(&limit, 512).unwrap(), None);
        assert_eq!(fs::read_to_string(&limit).unwrap(), "4096");
        assert!(raise(&folder.path().join("none"), 1).is_err());
    }
}

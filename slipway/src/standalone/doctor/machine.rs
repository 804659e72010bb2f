//! The machine: room on its disks, and what builds ask of its kernel.

use std::{fs, path::Path};

use super::{
    super::{builds::disk, paths::Paths},
    Finding, fail, ok, warn,
};

const GIB: u64 = 1 << 30;
/// What the largest build may take (docs/install.md tells of it).
const ENOUGH: u64 = 10 * GIB;
/// Less than this ends in a full disk within a build or two.
const LEAST: u64 = 2 * GIB;
const NAMESPACES: &str = "/proc/sys/user/max_user_namespaces";
const FILE_SYSTEMS: &str = "/proc/filesystems";

/// Looks at it. `engine` is where the engine keeps its images, where that is known.
pub fn look(paths: &Paths, engine: Option<&Path>) -> Vec<Finding> {
    let mut findings = vec![room(&paths.data)];
    findings.extend(engine.map(room));
    findings.push(kernel());
    findings
}

/// Free room where `folder` is, or will be.
fn room(folder: &Path) -> Finding {
    let there = folder.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("/"));
    match disk::free(there) {
        Ok(free) => judge(folder, free),
        Err(error) => {
            warn("disk", format!("cannot tell how much is free at {}: {error}", folder.display()), "df tells more.")
        }
    }
}

fn judge(folder: &Path, free: u64) -> Finding {
    #[allow(clippy::cast_precision_loss, reason = "people read one digit behind the point")]
    let text = format!("{}: {:.1} GiB free", folder.display(), free as f64 / GIB as f64);
    let next = "Make room: docker image prune, or a larger disk. Builds and deploys fail on a full one.";
    match free {
        ..LEAST => fail("disk", text, next),
        LEAST..ENOUGH => warn("disk", text, next),
        _ => ok("disk", text),
    }
}

/// Builds run in user namespaces, above layers of overlay.
fn kernel() -> Finding {
    let most = fs::read_to_string(NAMESPACES).ok().and_then(|text| text.trim().parse::<u64>().ok());
    if most == Some(0) {
        return fail(
            "kernel",
            "user namespaces are off, so that nothing can be built",
            "sysctl user.max_user_namespaces=15000",
        );
    }
    let has_overlay =
        fs::read_to_string(FILE_SYSTEMS).is_ok_and(|text| text.lines().any(|line| line.ends_with("\toverlay")));
    if has_overlay {
        return ok("kernel", "has what builds need: user namespaces, overlay");
    }
    warn("kernel", "overlay is not loaded, of which builds make their layers", "modprobe overlay")
}

#[cfg(test)]
mod tests {
    use super::{GIB, judge, room};
    use std::path::Path;

    #[test]
    fn how_much_is_little() {
        let shown = [50, 9, 1].map(|free| judge(Path::new("/var/lib/slipway"), free * GIB).to_string()).concat();
        insta::assert_snapshot!(shown, @r"
        ok    disk        /var/lib/slipway: 50.0 GiB free
        warn  disk        /var/lib/slipway: 9.0 GiB free
                          Make room: docker image prune, or a larger disk. Builds and deploys fail on a full one.
        fail  disk        /var/lib/slipway: 1.0 GiB free
                          Make room: docker image prune, or a larger disk. Builds and deploys fail on a full one.
        ");
    }

    #[test]
    fn a_folder_that_is_still_to_be_made_is_on_a_disk() {
        assert_ne!(room(Path::new("/nowhere/at/all")).text, "");
    }
}

//! What is mounted below a folder. To remove a folder with a mount in it would remove what is mounted, too.

use std::{
    ffi::OsString,
    os::unix::ffi::OsStringExt,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use super::tool;

/// Takes away every mount at or below `folder`.
pub fn remove(folder: &Path) -> Result<()> {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").context("cannot read the table of mounts")?;
    for place in below(&mounts, folder) {
        // One that is still in use goes with its last user; it is out of the folder's way at once.
        tool::run(Command::new("umount").args(["--lazy", "--"]).arg(&place))
            .with_context(|| format!("cannot take away the mount at {}", place.display()))?;
    }
    Ok(())
}

/// The places at or below `folder` in the text of /proc/self/mountinfo, the innermost first.
fn below(text: &str, folder: &Path) -> Vec<PathBuf> {
    let places = text.lines().filter_map(|line| Some(unescape(line.split(' ').nth(4)?)));
    let mut places: Vec<_> = places.filter(|place| place.starts_with(folder)).collect();
    places.reverse();
    places
}

/// The kernel writes what would break the line as `\` and three octal digits.
fn unescape(text: &str) -> PathBuf {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let octal = after.get(..3).filter(|_| first == b'\\').and_then(|digits| std::str::from_utf8(digits).ok());
        let decoded = octal.and_then(|digits| u8::from_str_radix(digits, 8).ok());
        bytes.push(decoded.unwrap_or(first));
        rest = if decoded.is_some() { &after[3..] } else { after };
    }
    PathBuf::from(OsString::from_vec(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_below_and_the_innermost_first() {
        let text = "\
22 1 0:20 / / rw - ext4 /dev/sda rw
30 22 0:31 / /srv/data rw - tmpfs none rw
31 30 0:32 / /srv/data/a\\040b rw - overlay none rw
32 22 0:33 / /srv/database rw - tmpfs none rw
";
        let below = below(text, Path::new("/srv/data"));
        assert_eq!(below, [Path::new("/srv/data/a b"), Path::new("/srv/data")]);
    }
}

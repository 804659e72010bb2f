//! Whether a running process is what would be started now.

use std::{
    ffi::{OsStr, OsString},
    os::unix::{
        ffi::{OsStrExt, OsStringExt},
        fs::MetadataExt,
    },
    path::Path,
};

use super::Launch;

/// True when the process runs the program that lies on disk now, with the arguments and the environment of `launch`.
pub fn is_current(pid: u32, launch: &Launch) -> bool {
    let proc = Path::new("/proc").join(pid.to_string());
    runs(pid, &launch.program)
        && words(&proc.join("cmdline")).is_some_and(|line| line.get(1..) == Some(&launch.args[..]))
        && environment(&proc).is_some_and(|found| found == sorted(launch.environment()))
}

/// True when the process runs this file. By what name it was started says nothing: the program of an upgrade gets its
/// own only when it has proved good.
pub fn runs(pid: u32, program: &Path) -> bool {
    same_file(&Path::new("/proc").join(pid.to_string()).join("exe"), program)
}

/// True when both names lead to one file.
pub fn same_file(a: &Path, b: &Path) -> bool {
    let identity = |path: &Path| std::fs::metadata(path).map(|metadata| (metadata.dev(), metadata.ino())).ok();
    identity(a).is_some() && identity(a) == identity(b)
}

fn environment(proc: &Path) -> Option<Vec<OsString>> {
    Some(sorted(words(&proc.join("environ"))?))
}

fn sorted(mut words: Vec<OsString>) -> Vec<OsString> {
    words.sort();
    words
}

/// The words of a file in which a zero byte ends each.
fn words(path: &Path) -> Option<Vec<OsString>> {
    let bytes = std::fs::read(path).ok()?;
    let text = bytes.strip_suffix(b"\0").unwrap_or(&bytes);
    Some(text.split(|byte| *byte == 0).map(|word| OsString::from_vec(word.to_vec())).collect())
}

/// `key=value`, as in an environment.
pub fn pair(key: &str, value: &OsStr) -> OsString {
    OsString::from_vec([key.as_bytes(), b"=", value.as_bytes()].concat())
}

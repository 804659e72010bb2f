//! Running `buildah`: always an argument list, never a shell.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

use super::{job::BuildJob, layout};

/// `buildah` with a closed environment.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new("buildah");
    command.args(arguments).stdin(Stdio::null()).env_clear().envs([
        ("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
        ("HOME", layout::WORK),
        ("TMPDIR", "/work/tmp"),
        ("BUILDAH_ISOLATION", "chroot"),
        // The sandbox is a user namespace already; another one inside is neither needed nor possible.
        ("_CONTAINERS_USERNS_CONFIGURED", ""),
    ]);
    command
}

/// As [`command`], with the way to the outside: proxies for itself and for what it runs.
pub fn connected(arguments: &[&str], job: &BuildJob) -> Command {
    let mut command = command(arguments);
    command.envs(&job.proxy);
    command
}

/// Runs it and hands on every line of both its outputs; bytes that are no text are replaced. True when it succeeded.
pub fn follow(mut command: Command, mut line: impl FnMut(&str)) -> Result<Option<i32>> {
    let (reader, writer) = std::io::pipe().context("cannot make a pipe")?;
    command.stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn().with_context(|| format!("cannot run {}", command.get_program().display()))?;
    // It holds ends of the pipe, which would never be at its end.
    drop(command);
    let mut reader = BufReader::new(reader);
    let mut bytes = Vec::new();
    while read_line(&mut reader, &mut bytes)? {
        line(String::from_utf8_lossy(&bytes).trim_end_matches(['\n', '\r']));
        bytes.clear();
    }
    Ok(child.wait().context("cannot wait")?.code())
}

/// Longest line that is kept in one piece.
const LONGEST: u64 = 64 * 1024;

fn read_line(reader: &mut impl BufRead, bytes: &mut Vec<u8>) -> std::io::Result<bool> {
    std::io::Read::take(reader, LONGEST).read_until(b'\n', bytes).map(|count| count > 0)
}

/// Runs it quietly and answers what it wrote; a failure says what it said.
pub fn ask(arguments: &[&str]) -> Result<String> {
    let output = command(arguments).output().context("cannot run buildah; is its package installed?")?;
    if !output.status.success() {
        bail!("{}", said(&output.stderr));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The last line of an output, which has the reason.
pub fn said(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    let last = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("buildah failed and said nothing");
    last.trim_start_matches("Error: ").to_owned()
}

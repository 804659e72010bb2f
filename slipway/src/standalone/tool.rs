//! Running the machine's own tools (`useradd`, `iptables`, `initdb`, `docker`).

use std::{
    io::{self, Read, Write},
    process::{Command, Stdio},
    thread,
};

use anyhow::{Context, Result, bail, ensure};

/// Most that is kept of a tool's complaints.
const COMPLAINT: u64 = 16 * 1024;

/// Runs a tool to its end and returns what it wrote; a failure says what the tool said.
pub fn run(command: &mut Command) -> Result<String> {
    feed(command, "")
}

/// As [`run`], with `input` on its standard input.
pub fn feed(command: &mut Command, input: &str) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run `{name}`; is its package installed?"))?;
    // The tools read all their input before they write more than a pipe holds.
    if let Some(mut stdin) = child.stdin.take()
        && let Err(error) = stdin.write_all(input.as_bytes())
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        return Err(error).with_context(|| format!("cannot write to `{name}`"));
    }
    let output = child.wait_with_output().with_context(|| format!("cannot run `{name}`"))?;
    if !output.status.success() {
        bail!("`{name}` failed ({}): {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a tool and copies what it writes to `out`; a failure says what the tool said.
pub fn stream(command: &mut Command, out: &mut impl Write) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run `{name}`; is its package installed?"))?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    // Read beside the rest, so that the tool never waits for somebody to hear its complaints.
    let complaints = thread::spawn(move || {
        let mut text = Vec::new();
        let read = stderr.map(|stderr| stderr.take(COMPLAINT).read_to_end(&mut text));
        read.transpose().map(|_| String::from_utf8_lossy(&text).trim().to_owned())
    });
    let copied = stdout.map(|mut stdout| io::copy(&mut stdout, out)).transpose();
    if copied.is_err() {
        // It may have ended by itself meanwhile.
        let _ = child.kill();
    }
    let status = child.wait().with_context(|| format!("cannot run `{name}`"))?;
    let complaint = complaints.join().ok().and_then(Result::ok).unwrap_or_default();
    copied.with_context(|| format!("cannot take what `{name}` writes"))?;
    ensure!(status.success(), "`{name}` failed ({status}): {complaint}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_the_answer_or_the_reason() {
        assert_eq!(feed(&mut Command::new("cat"), "hello").unwrap(), "hello");
        let error = run(Command::new("ls").arg("/nowhere")).unwrap_err().to_string();
        assert!(error.contains("`ls` failed") && error.contains("/nowhere"), "{error}");
        let error = run(&mut Command::new("no-such-tool")).unwrap_err().to_string();
        assert_eq!(error, "cannot run `no-such-tool`; is its package installed?");
        let mut out = Vec::new();
        stream(Command::new("printf").arg("hello"), &mut out).unwrap();
        assert_eq!(out, b"hello");
        let error = stream(Command::new("ls").arg("/nowhere"), &mut out).unwrap_err().to_string();
        assert!(error.contains("`ls` failed") && error.contains("/nowhere"), "{error}");
    }
}

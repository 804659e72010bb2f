//! Running the machine's own tools (`useradd`, `iptables`, `initdb`, `docker`).

use std::{
    io::Write,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

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
        && error.kind() != std::io::ErrorKind::BrokenPipe
    {
        return Err(error).with_context(|| format!("cannot write to `{name}`"));
    }
    let output = child.wait_with_output().with_context(|| format!("cannot run `{name}`"))?;
    if !output.status.success() {
        bail!("`{name}` failed ({}): {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
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
    }
}

//! Transcripts in our documentation, replayed on a real platform: what a page shows is what happens.
//!
//! In a page, a block that begins with three backquotes and `console` is a transcript: lines that begin with `$ ` are commands,
//! what follows is what they print, and a line `[...]` stands for any lines. A block of another language with `file=<path>`
//! beside it is a file that the reader is to write. All of a page happens in one folder; `cd` moves within it.
//!
//! `SLIPWAY_WRITE_GUIDE=1` puts what was printed into the page, for its author to read.

use std::{
    fmt::Write,
    fs::{self, File},
    io::{Read, Seek},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::{git, program, snapshot, standalone::Standalone, user::User};

/// Stands for any lines.
const ELLIPSIS: &str = "[...]";
/// How soon visitors see what was changed.
const MOMENT: Duration = Duration::from_secs(5);
/// Where the reader is at home.
const HOME: &str = "/home/ana";

/// Somebody who does what pages say.
pub struct Reader<'a> {
    platform: &'a Standalone,
    user: &'a User,
    folder: TempDir,
    /// Where `cd` has led.
    at: PathBuf,
}

impl<'a> Reader<'a> {
    /// One in an empty folder.
    pub fn new(platform: &'a Standalone, user: &'a User) -> Result<Self> {
        let folder = TempDir::new()?;
        let at = folder.path().to_owned();
        Ok(Self { platform, user, folder, at })
    }

    /// Does what the page says; what happens otherwise than it says is an error.
    pub fn follow(mut self, page: &Path) -> Result<()> {
        let old = fs::read_to_string(page)?;
        let (mut new, mut differences) = (String::new(), String::new());
        let mut lines = old.lines();
        while let Some(line) = lines.next() {
            new.push_str(line);
            new.push('\n');
            let Some(info) = line.strip_prefix("```").filter(|info| !info.is_empty()) else { continue };
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            if let Some(file) = info.split_once(" file=").map(|(_, file)| file) {
                self.write(file, &block)?;
                new.push_str(&text(&block));
            } else if info == "console" {
                new.push_str(&self.replay(&block, &mut differences)?);
            } else {
                new.push_str(&text(&block));
            }
            new.push_str("```\n");
        }
        if std::env::var_os("SLIPWAY_WRITE_GUIDE").is_some() {
            return Ok(fs::write(page, new)?);
        }
        ensure!(differences.is_empty(), "{} tells otherwise:\n{differences}", page.display());
        Ok(())
    }

    fn write(&self, file: &str, block: &[&str]) -> Result<()> {
        let path = self.at.join(file);
        fs::create_dir_all(path.parent().context("no folder")?)?;
        Ok(fs::write(path, text(block))?)
    }

    /// Runs the commands of a transcript, notes what they print otherwise, and answers the transcript as it is now.
    fn replay(&mut self, block: &[&str], differences: &mut String) -> Result<String> {
        let mut new = String::new();
        let steps = block.chunk_by(|_, next| !next.starts_with("$ "));
        for step in steps {
            let command = step[0].strip_prefix("$ ").with_context(|| format!("no command: {}", step[0]))?;
            let told = text(&step[1..]);
            let expected = snapshot::settled(told.trim_end())?;
            let began = Instant::now();
            let (printed, same) = loop {
                let printed = self.run(command).with_context(|| format!("$ {command}"))?;
                let same = matches(&expected, &snapshot::settled(printed.trim_end())?);
                // Routers heed a change within a moment.
                if same || !command.starts_with("curl ") || began.elapsed() > MOMENT {
                    break (printed, same);
                }
            };
            new.push_str(step[0]);
            new.push('\n');
            crate::tell(&format!("{:>6.1} s  {command}", began.elapsed().as_secs_f32()));
            if same {
                new.push_str(&told);
                continue;
            }
            writeln!(differences, "$ {command}\n--- told\n{told}--- printed\n{printed}")?;
            new.push_str(&printed);
            // An empty line before the next command is for the eye.
            new.push_str(if told.ends_with("\n\n") || told == "\n" { "\n" } else { "" });
        }
        Ok(new)
    }

    /// What a command prints on a screen, as a reader at home in [`HOME`] sees it.
    fn run(&mut self, command: &str) -> Result<String> {
        let (command, input) =
            command.split_once(" < ").map_or((command, None), |(command, file)| (command, Some(file)));
        let words = shell_words::split(command)?;
        let (name, words) = words.split_first().context("no words")?;
        if name == "cd" {
            self.at.push(words.first().context("cd where?")?);
            ensure!(self.at.is_dir() && self.at.starts_with(self.folder.path()), "no such folder");
            return Ok(String::new());
        }
        let mut program = match name.as_str() {
            "mycli" => Command::new(program::ours("mycli")?),
            "curl" => {
                let mut curl = Command::new("curl");
                // The platform of a test listens elsewhere.
                curl.arg("-sS").arg("--connect-to").arg(format!("::127.0.0.1:{}", self.platform.port()));
                curl
            }
            name => Command::new(name),
        };
        let mut screen = tempfile::tempfile()?;
        git::surround(&mut program, self.user.home());
        program.args(words).current_dir(&self.at);
        program.stdout(screen.try_clone()?).stderr(screen.try_clone()?);
        program.stdin(match input {
            Some(file) => Stdio::from(File::open(self.at.join(file))?),
            None => Stdio::null(),
        });
        program.status()?;
        screen.rewind()?;
        let mut text = String::new();
        screen.read_to_string(&mut text)?;
        // As on a platform that has its usual ports.
        let text = git::on_screen(&text).replace(&format!(":{}", self.platform.port()), "");
        let text = text.replace(&format!(":{}", self.platform.ssh_port()), ":2222");
        let text = text.replace(&self.user.home().display().to_string(), HOME);
        Ok(if text.is_empty() { text } else { text + "\n" })
    }
}

/// Lines as they are in a file.
fn text(lines: &[&str]) -> String {
    lines.iter().flat_map(|line| [line, "\n"]).collect()
}

/// Whether the lines that were printed are those that are told, of which some stand for any.
fn matches(told: &str, printed: &str) -> bool {
    fn lines(told: &[&str], printed: &[&str]) -> bool {
        match (told.split_first(), printed.split_first()) {
            (None, None) => true,
            (Some((&ELLIPSIS, rest)), _) => (0..=printed.len()).any(|skipped| lines(rest, &printed[skipped..])),
            (Some((line, told)), Some((next, printed))) => line == next && lines(told, printed),
            _ => false,
        }
    }
    let words = |text: &str| text.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>();
    let (told, printed) = (words(told), words(printed));
    lines(&told.iter().map(String::as_str).collect::<Vec<_>>(), &printed.iter().map(String::as_str).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn dots_stand_for_any_lines() {
        assert!(matches("one\n[...]\nfour", "one\ntwo\nthree\nfour"));
        assert!(matches("one\n[...]\ntwo", "one\ntwo"));
        assert!(matches("", ""));
        assert!(!matches("one\n[...]\nfour", "one\ntwo"));
        assert!(!matches("one", "one\ntwo"));
    }
}

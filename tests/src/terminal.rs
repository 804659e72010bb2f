//! A user at a terminal of their own: keys are typed, and the screen is read.

use std::{
    fs::File,
    io::{Read, Write},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize},
};

use crate::{program, user::User};

/// A program that does nothing for so long has hung.
const PATIENCE: Duration = Duration::from_secs(30);

/// A terminal with `mycli` in it.
pub struct Terminal {
    end: File,
    /// Everything that was shown.
    pub shown: String,
    /// How much of it was waited for.
    seen: usize,
    child: Child,
}

impl Terminal {
    /// Runs `mycli` with these words in one of that size.
    pub fn run(user: &User, words: &[&str], (rows, columns): (u16, u16)) -> Result<Self> {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
        grantpt(&ours)?;
        unlockpt(&ours)?;
        let theirs = ptsname(&ours, Vec::new())?.into_string()?;
        let end = || Ok(Stdio::from(File::options().read(true).write(true).open(&theirs)?));
        let streams: Result<Vec<Stdio>> = (0..3).map(|_| end()).collect();
        let [stdin, stdout, stderr] = <[Stdio; 3]>::try_from(streams?).ok().context("three streams")?;
        tcsetwinsize(&ours, size(rows, columns))?;
        // Signals of the terminal go to its session, which has to be a new one.
        let mut command = Command::new("setsid");
        command.args(["--ctty", "--wait"]).arg(program::ours("mycli")?).args(words);
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", user.home()).env("TERM", "xterm-slipway");
        let child = command.current_dir(user.home()).stdin(stdin).stdout(stdout).stderr(stderr).spawn()?;
        Ok(Self { end: File::from(ours), shown: String::new(), seen: 0, child })
    }

    /// Types.
    pub fn types(&mut self, keys: &str) -> Result<()> {
        Ok(self.end.write_all(keys.as_bytes())?)
    }

    /// Waits until the screen shows `text`, behind what was waited for before.
    pub fn shows(&mut self, text: &str) -> Result<()> {
        loop {
            if let Some(at) = self.shown[self.seen..].find(text) {
                self.seen += at + text.len();
                return Ok(());
            }
            ensure!(self.read()?, "it ended without {text:?}: {:?}", self.shown);
        }
    }

    /// Makes it larger or smaller.
    pub fn resize(&self, rows: u16, columns: u16) -> Result<()> {
        Ok(tcsetwinsize(&self.end, size(rows, columns))?)
    }

    /// The process of `mycli`'s session leader.
    #[must_use]
    pub fn child(&self) -> &Child {
        &self.child
    }

    /// Waits for its end. Whatever that was, who types afterwards sees it again.
    pub fn ends(&mut self) -> Result<ExitStatus> {
        while self.read()? {}
        let status = self.child.wait()?;
        let modes = tcgetattr(&self.end)?.local_modes;
        let usual = LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
        ensure!(modes.contains(usual), "the terminal is left behind with {modes:?}");
        Ok(status)
    }

    /// Reads what there is; false when the program has closed the terminal.
    fn read(&mut self) -> Result<bool> {
        let ready = poll(&mut [PollFd::new(&self.end, PollFlags::IN)], Some(&Timespec::try_from(PATIENCE)?))?;
        ensure!(ready == 1, "nothing happens after {:?}", self.shown);
        let mut buffer = [0; 4096];
        let count = self.end.read(&mut buffer).unwrap_or(0);
        self.shown.push_str(&String::from_utf8_lossy(&buffer[..count]));
        Ok(count > 0)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // One that has ended already is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn size(rows: u16, columns: u16) -> Winsize {
    Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}

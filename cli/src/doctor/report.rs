//! What the checks find, told as it is found.

use std::io;

use anyhow::Result;
use serde::Serialize;

use crate::{report::Failure, ui::Ui};

/// Width of the name of a check.
const WIDTH: usize = 12;
const GREEN: u8 = 32;
const YELLOW: u8 = 33;
const RED: u8 = 31;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Ok,
    Warn,
    Fail,
}

/// One finding.
#[derive(Serialize)]
struct Finding {
    check: &'static str,
    verdict: Verdict,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// All findings. People read each as soon as it is there, programs all of them at the end.
pub struct Report<'a> {
    ui: &'a Ui,
    json: bool,
    findings: Vec<Finding>,
}

impl<'a> Report<'a> {
    /// An empty one.
    pub fn new(ui: &'a Ui, json: bool) -> Self {
        Self { ui, json, findings: Vec::new() }
    }

    /// All is well.
    pub fn ok(&mut self, check: &'static str, text: impl Into<String>) -> io::Result<()> {
        self.add(Finding { check, verdict: Verdict::Ok, text: text.into(), next: None })
    }

    /// Something may be wrong, or will be.
    pub fn warn(&mut self, check: &'static str, text: impl Into<String>, next: impl Into<String>) -> io::Result<()> {
        self.add(Finding { check, verdict: Verdict::Warn, text: text.into(), next: Some(next.into()) })
    }

    /// Something is wrong.
    pub fn fail(&mut self, check: &'static str, text: impl Into<String>, next: impl Into<String>) -> io::Result<()> {
        self.add(Finding { check, verdict: Verdict::Fail, text: text.into(), next: Some(next.into()) })
    }

    /// The last line, or all of the JSON. Fails where a check did.
    pub fn end(self) -> Result<()> {
        if self.json {
            self.ui.json(&self.findings)?;
        }
        let failed = self.findings.iter().filter(|finding| finding.verdict == Verdict::Fail).count();
        match failed {
            0 => Ok(()),
            1 => Err(Failure::new("one check failed").into()),
            _ => Err(Failure::new(format!("{failed} checks failed")).into()),
        }
    }

    fn add(&mut self, finding: Finding) -> io::Result<()> {
        if !self.json {
            self.print(&finding)?;
        }
        self.findings.push(finding);
        Ok(())
    }

    fn print(&self, finding: &Finding) -> io::Result<()> {
        let (mark, colour) = match finding.verdict {
            Verdict::Ok => ("ok", GREEN),
            Verdict::Warn => ("warn", YELLOW),
            Verdict::Fail => ("fail", RED),
        };
        self.ui.coloured(colour, &format!("{mark:<6}{:<WIDTH$}{}", finding.check, finding.text))?;
        let next = finding.next.as_deref().unwrap_or_default();
        next.lines().try_for_each(|line| self.ui.say(format!("{:width$}{line}", "", width = 6 + WIDTH)))
    }
}

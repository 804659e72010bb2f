//! Commands that somebody is attached to: with input, a terminal perhaps, and signals.

use std::collections::BTreeMap;

use api::{
    names::ConfigKey,
    types::{SessionSignal, Size},
};
use async_trait::async_trait;
use tokio::io::AsyncWrite;

use super::{Error, RunStream};

/// A command that runs, and the three ways to it.
pub struct Attached {
    /// What it writes and how it ends. With a terminal all of it is standard output.
    pub output: RunStream,
    /// Its standard input. Shutting it down is the end of the input.
    pub input: Box<dyn AsyncWrite + Send + Unpin>,
    /// The rest.
    pub control: Box<dyn Control>,
}

/// What can be done to a command beside reading and writing.
#[async_trait]
pub trait Control: Send {
    /// Its terminal has that size from now on. Nothing to whom has none.
    async fn resize(&mut self, size: Size) -> Result<(), Error>;

    /// Sends a signal. Nothing to whom has ended.
    async fn signal(&mut self, signal: SessionSignal) -> Result<(), Error>;
}

/// A command for an instance that runs.
#[derive(Clone, Debug, PartialEq)]
pub struct ExecSpec {
    /// The shells to look for, in this order. The image has to have one of them.
    pub shells: &'static [&'static str],
    /// What is started.
    pub start: Started,
    /// What its environment has beside the instance's own.
    pub env: BTreeMap<ConfigKey, String>,
    /// It gets a terminal of that size.
    pub terminal: Option<Size>,
}

/// What is started in an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Started {
    /// The shell that was found.
    Shell,
    /// This line, by that shell.
    Line(String),
    /// This program, found in the image.
    Program(Vec<String>),
}

impl Started {
    /// The words of the command, given the shell that was found.
    #[must_use]
    pub fn words(&self, shell: &str) -> Vec<String> {
        match self {
            Self::Shell => vec![shell.to_owned()],
            Self::Line(line) => vec![shell.to_owned(), "-c".to_owned(), line.clone()],
            Self::Program(words) => words.clone(),
        }
    }
}

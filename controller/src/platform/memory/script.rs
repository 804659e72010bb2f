//! What instances of an image do.

use std::{collections::BTreeMap, ops::Range, time::Duration};

/// The behaviour of an image. By default it exposes no port, prints nothing, never listens, and runs until it is told
/// to stop.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "they are habits, and go together in any way")]
pub struct Script {
    /// Ports that the image exposes.
    pub exposes: Vec<u16>,
    /// When it listens, counted from its start. It accepts connections on every port then.
    pub listens: Option<Range<Duration>>,
    /// What it answers to `GET`, by path; 404 for others.
    pub answers: BTreeMap<String, u16>,
    /// The commands that can be executed in it, and their exit codes.
    pub commands: BTreeMap<String, i64>,
    /// Lines that it writes to standard output at its start.
    pub prints: Vec<String>,
    /// Lines that it writes to standard error after that.
    pub complains: Vec<String>,
    /// How often it writes `line 0`, `line 1` and so on.
    pub talks: Option<Duration>,
    /// When it ends by itself, and with which code.
    pub ends: Option<(Duration, i64)>,
    /// It is the memory limit that ends it.
    pub out_of_memory: bool,
    /// SIGTERM does nothing to it.
    pub ignores_term: bool,
    /// It uses a whole processor.
    pub works: bool,
    /// Whoever is attached to something of it talks to a program that repeats what it reads.
    pub repeats: bool,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            exposes: Vec::new(),
            listens: None,
            answers: BTreeMap::new(),
            commands: [("/bin/bash", 0), ("true", 0), ("false", 1)].map(|(name, code)| (name.to_owned(), code)).into(),
            prints: Vec::new(),
            complains: Vec::new(),
            talks: None,
            ends: None,
            out_of_memory: false,
            ignores_term: false,
            works: false,
            repeats: false,
        }
    }
}

impl Script {
    /// A web server that exposes `port`, listens at once and answers `GET /`.
    #[must_use]
    pub fn serves(port: u16) -> Self {
        Self {
            exposes: vec![port],
            listens: Some(Duration::ZERO..Duration::MAX),
            answers: [("/".to_owned(), 200)].into(),
            ..Self::default()
        }
    }

    /// Prints `lines` and ends at once with `code`.
    #[must_use]
    pub fn exits(code: i64, lines: &[&str]) -> Self {
        Self {
            prints: lines.iter().map(|&line| line.to_owned()).collect(),
            ends: Some((Duration::ZERO, code)),
            ..Self::default()
        }
    }
}

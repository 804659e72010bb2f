//! The parts of an installation that run as processes of their own.

use std::{fmt, time::Duration};

use clap::ValueEnum;
use rustix::process::Signal;
use serde::{Deserialize, Serialize};

/// One part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// The private PostgreSQL.
    Postgres,
    /// API, operations and reconciler.
    Controller,
    /// The proxy.
    Router,
}

impl Part {
    /// In the order in which they are started; they are stopped in the opposite one.
    pub const ALL: [Self; 3] = [Self::Postgres, Self::Controller, Self::Router];

    /// As in file names and in what people read.
    pub fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Controller => "controller",
            Self::Router => "router",
        }
    }

    /// What asks it to stop in order. SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait for every client.
    pub fn stop_signal(self) -> Signal {
        match self {
            Self::Postgres => Signal::INT,
            Self::Controller | Self::Router => Signal::TERM,
        }
    }

    /// How long it may take to stop: somewhat longer than what it grants to what is under way.
    pub fn grace(self) -> Duration {
        match self {
            Self::Postgres => Duration::from_mins(1),
            Self::Controller | Self::Router => Duration::from_secs(40),
        }
    }

    /// Whether two of it may run at once, so that a new one takes over before the old one stops.
    pub fn overlaps(self) -> bool {
        self != Self::Postgres
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

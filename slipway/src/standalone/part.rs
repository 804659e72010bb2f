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
    /// The private registry of images that pushes make.
    Registry,
    /// API, operations and reconciler.
    Controller,
    /// SSH and git.
    Builder,
    /// The proxy.
    Router,
}

impl Part {
    /// In the order in which they are started; they are stopped in the opposite one.
    pub const ALL: [Self; 5] = [Self::Postgres, Self::Registry, Self::Controller, Self::Builder, Self::Router];

    /// As in file names and in what people read.
    pub fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Registry => "registry",
            Self::Controller => "controller",
            Self::Builder => "builder",
            Self::Router => "router",
        }
    }

    /// What asks it to stop in order. SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait for every client.
    pub fn stop_signal(self) -> Signal {
        match self {
            Self::Postgres => Signal::INT,
            Self::Registry | Self::Controller | Self::Builder | Self::Router => Signal::TERM,
        }
    }

    /// How long it may take to stop: somewhat longer than what it grants to what is under way.
    pub fn grace(self, occasion: Occasion) -> Duration {
        match (self, occasion) {
            (Self::Postgres, _) => Duration::from_mins(1),
            // Longer than a push may take, which nobody waits for but the pusher.
            (Self::Builder, Occasion::Succession) => Duration::from_mins(20),
            // The platform goes on with the pushes; only their clients see the end of it.
            (Self::Builder, Occasion::Stop) => Duration::from_secs(30),
            (Self::Registry, _) => Duration::from_secs(10),
            (Self::Controller | Self::Router, _) => Duration::from_secs(40),
        }
    }

    /// Whether two of it may run at once, so that a new one takes over before the old one stops.
    pub fn overlaps(self) -> bool {
        !matches!(self, Self::Postgres | Self::Registry)
    }

    /// Whether it is this program.
    pub fn is_ours(self) -> bool {
        matches!(self, Self::Controller | Self::Builder | Self::Router)
    }

    /// Whether its children are worth nothing without it. Those of PostgreSQL end by themselves, after some tidying.
    pub fn takes_children_along(self) -> bool {
        self == Self::Builder
    }
}

/// Why a process is asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// Its successor serves already.
    Succession,
    /// The platform is stopped.
    Stop,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

//! The log of an app, as those who write and read it see it.

mod collect;
mod cursor;
mod store;

use api::names::ProcessType;
use chrono::{DateTime, Utc};

use super::{Line, Source};

fn at(nanos: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_nanos(1_714_557_600_000_000_000 + nanos)
}

fn source(instance: &str) -> Source {
    Source { instance: instance.to_owned(), process_type: ProcessType::web(), version: 3 }
}

fn line(instance: &str, nanos: i64, text: &str) -> Line {
    Line { at: at(nanos), source: source(instance), text: text.to_owned() }
}

fn texts(lines: &[Line]) -> Vec<&str> {
    lines.iter().map(|line| line.text.as_str()).collect()
}

//! The log of an app as Deis showed it.

use std::fmt::{self, Display};

use api::names::AppName;
use chrono::{DateTime, Utc};

use super::{Line, Source};
use crate::db::event::Event;

/// RFC 3339 without a fraction, the offset in digits.
const TIME: &str = "%Y-%m-%dT%H:%M:%S%:z";

/// The last `count` lines of an app and its events together, oldest first, each with its end of line:
///
/// ```text
/// 2024-05-01T10:00:00+00:00 deis[controller]: INFO ana deployed example-go
/// 2024-05-01T10:00:01+00:00 blog[web.v3.1vxqg]: listening on 5000
/// ```
///
/// `lines` and `events` are the last ones of each, in any order. A text of several lines becomes as many, so that nobody
/// can write a line that seems to be another's.
#[must_use]
pub fn render(app: &AppName, lines: &[Line], events: &[Event], count: usize) -> String {
    let mut entries: Vec<Entry> = Vec::with_capacity(lines.len() + events.len());
    entries.extend(events.iter().map(|event| Entry {
        at: event.at,
        writer: Writer::Controller(event),
        text: &event.text,
    }));
    entries.extend(lines.iter().map(|line| Entry {
        at: line.at,
        writer: Writer::Instance(app, &line.source),
        text: &line.text,
    }));
    // Stable: what bears the same time stays as it came, the controller first.
    entries.sort_by_key(|entry| entry.at);
    let rendered: Vec<String> = entries.iter().flat_map(Entry::lines).collect();
    rendered[rendered.len().saturating_sub(count)..].concat()
}

struct Entry<'a> {
    at: DateTime<Utc>,
    writer: Writer<'a>,
    text: &'a str,
}

impl Entry<'_> {
    fn lines(&self) -> impl Iterator<Item = String> {
        self.text.split('\n').map(|text| format!("{} {} {text}\n", self.at.format(TIME), self.writer))
    }
}

enum Writer<'a> {
    Controller(&'a Event),
    Instance(&'a AppName, &'a Source),
}

impl Display for Writer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Controller(event) => write!(f, "deis[controller]: {}", event.level),
            Self::Instance(app, Source { instance, process_type, version }) => {
                let last = instance.rsplit('-').next().unwrap_or(instance);
                write!(f, "{}[{}.v{version}.{last}]:", app.as_str(), process_type.as_str())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::names::ProcessType;
    use insta::assert_snapshot;

    fn at(nanos: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_nanos(1_714_557_600_000_000_000 + nanos)
    }

    fn line(nanos: i64, text: &str) -> Line {
        let source =
            Source { instance: "blog-web-3f9a1c07-1vxqg".to_owned(), process_type: ProcessType::web(), version: 3 };
        Line { at: at(nanos), source, text: text.to_owned() }
    }

    fn event(nanos: i64, level: &str, text: &str) -> Event {
        Event { at: at(nanos), level: level.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn lines_and_events_in_the_order_of_time() {
        let app = AppName::parse("blog").unwrap();
        let lines = [line(5, "listening on 5000"), line(2_000_000_000, "GET / 200"), line(1, "booting")];
        let events = [event(0, "INFO", "ana deployed example-go"), event(1_000_000_000, "ERROR", "one\ntwo")];
        assert_snapshot!(render(&app, &lines, &events, 100), @r"
        2024-05-01T10:00:00+00:00 deis[controller]: INFO ana deployed example-go
        2024-05-01T10:00:00+00:00 blog[web.v3.1vxqg]: booting
        2024-05-01T10:00:00+00:00 blog[web.v3.1vxqg]: listening on 5000
        2024-05-01T10:00:01+00:00 deis[controller]: ERROR one
        2024-05-01T10:00:01+00:00 deis[controller]: ERROR two
        2024-05-01T10:00:02+00:00 blog[web.v3.1vxqg]: GET / 200
        ");
        assert_snapshot!(render(&app, &lines, &events, 1), @"2024-05-01T10:00:02+00:00 blog[web.v3.1vxqg]: GET / 200");
        assert_eq!(render(&app, &[], &[], 100), "");
    }
}

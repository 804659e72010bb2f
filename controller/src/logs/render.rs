//! The log of an app as Deis showed it.

use std::fmt::Write;

use api::{names::AppName, types::LogLine};

use super::{Line, Source};
use crate::db::event::Event;

/// Lines of instances and events together, in the order of time. A text of several lines becomes as many, so that nobody can
/// write a line that seems to be another's.
#[must_use]
pub fn merge(app: &AppName, lines: &[Line], events: &[Event]) -> Vec<LogLine> {
    let mut merged: Vec<_> = events.iter().flat_map(of_event).collect();
    merged.extend(lines.iter().flat_map(|line| of_instance(app, line)));
    // Stable: what bears the same time stays as it came, the controller first.
    merged.sort_by_key(|line| line.at);
    merged
}

/// The last `count` of them as text, each with its end of line:
///
/// ```text
/// 2024-05-01T10:00:00+00:00 deis[controller]: INFO ana deployed example-go
/// 2024-05-01T10:00:01+00:00 blog[web.v3.1vxqg]: listening on 5000
/// ```
#[must_use]
pub fn render(lines: &[LogLine], count: usize) -> String {
    lines[lines.len().saturating_sub(count)..].iter().fold(String::new(), |mut text, line| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{line}");
        text
    })
}

fn of_event(event: &Event) -> impl Iterator<Item = LogLine> {
    event.text.split('\n').map(|text| LogLine {
        at: event.at,
        source: "deis[controller]".to_owned(),
        process_type: None,
        instance: None,
        release: None,
        level: Some(event.level.clone()),
        text: text.to_owned(),
    })
}

fn of_instance(app: &AppName, line: &Line) -> impl Iterator<Item = LogLine> {
    let Source { instance, process_type, version } = &line.source;
    let last = instance.rsplit('-').next().unwrap_or(instance);
    let source = format!("{app}[{process_type}.v{version}.{last}]");
    line.text.split('\n').map(move |text| LogLine {
        at: line.at,
        source: source.clone(),
        process_type: Some(process_type.to_string()),
        instance: Some(instance.clone()),
        release: Some(*version),
        level: None,
        text: text.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::names::ProcessType;
    use chrono::{DateTime, Utc};
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
        Event { id: nanos, at: at(nanos), level: level.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn lines_and_events_in_the_order_of_time() {
        let app = AppName::parse("blog").unwrap();
        let lines = [line(5, "listening on 5000"), line(2_000_000_000, "GET / 200"), line(1, "booting")];
        let events = [event(0, "INFO", "ana deployed example-go"), event(1_000_000_000, "ERROR", "one\ntwo")];
        assert_snapshot!(render(&merge(&app, &lines, &events), 100), @r"
        2024-05-01T10:00:00+00:00 deis[controller]: INFO ana deployed example-go
        2024-05-01T10:00:00+00:00 blog[web.v3.1vxqg]: booting
        2024-05-01T10:00:00+00:00 blog[web.v3.1vxqg]: listening on 5000
        2024-05-01T10:00:01+00:00 deis[controller]: ERROR one
        2024-05-01T10:00:01+00:00 deis[controller]: ERROR two
        2024-05-01T10:00:02+00:00 blog[web.v3.1vxqg]: GET / 200
        ");
        assert_snapshot!(render(&merge(&app, &lines, &events), 1), @"2024-05-01T10:00:02+00:00 blog[web.v3.1vxqg]: GET / 200");
        assert_eq!(render(&[], 100), "");
    }
}

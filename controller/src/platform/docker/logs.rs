//! What containers write, with the engine's own time at each line.

use std::{sync::Arc, time::Duration};

use bollard::query_parameters::{LogsOptions, LogsOptionsBuilder};
use chrono::{DateTime, Utc};
use futures_util::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};
use tokio::time::sleep;

use super::{Shared, connect::call, errors, observe};
use crate::platform::{Error, InstanceId, InstanceState, LogLine, LogStream};

/// Between two looks at a container that is about to be started again.
const PAUSE: Duration = Duration::from_millis(200);

/// Follows a container through all its lives, until it has ended for good and everything was read.
pub(super) async fn follow(
    shared: &Arc<Shared>,
    id: &InstanceId,
    since: Option<DateTime<Utc>>,
) -> Result<LogStream, Error> {
    let mut reader = Reader { shared: shared.clone(), id: id.clone(), place: Place::new(since), life: None };
    // Opened here, so that a caller learns at once when there is nothing to follow.
    reader.life = Some(reader.open().await?);
    let lines = stream::try_unfold(reader, async |mut reader| {
        let line = reader.next().await?;
        Ok(line.map(|line| (line, reader)))
    });
    Ok(lines.boxed())
}

/// The last `lines` lines.
pub(super) async fn tail(shared: &Shared, id: &InstanceId, lines: usize) -> Result<Vec<String>, Error> {
    let options = LogsOptionsBuilder::new().stdout(true).stderr(true).tail(&lines.to_string()).build();
    let log = shared.engine.client()?.logs(&id.0, Some(options));
    call(log.map_ok(|line| text(line.as_ref())).try_collect()).await
}

/// Reads one container. The engine ends a log with each life, so this opens it again for the next one.
struct Reader {
    shared: Arc<Shared>,
    id: InstanceId,
    place: Place,
    life: Option<Life>,
}

/// The log of one life, as far as it is read.
struct Life {
    lines: BoxStream<'static, Result<LogLine, Error>>,
    state: InstanceState,
    start: Place,
}

impl Reader {
    async fn next(&mut self) -> Result<Option<LogLine>, Error> {
        loop {
            let mut log = match self.life.take() {
                Some(log) => log,
                None => self.open().await?,
            };
            match log.lines.next().await.transpose()? {
                Some(line) => {
                    let new = log.start.passes(&line);
                    self.life = Some(log);
                    if new {
                        self.place.advance(&line);
                        return Ok(Some(line));
                    }
                }
                None if log.state == InstanceState::Ended => return Ok(None),
                None if log.state == InstanceState::Running => {}
                None => sleep(PAUSE).await,
            }
        }
    }

    /// Opens the log where it was left. The state is taken first: what has ended before is read to the end after.
    async fn open(&mut self) -> Result<Life, Error> {
        let client = self.shared.engine.client()?;
        let state = observe::state(&call(client.inspect_container(&self.id.0, None)).await?);
        let lines = client.logs(&self.id.0, Some(self.options(state)));
        let lines = lines.map_err(errors::from_engine).try_filter_map(async |line| Ok(parse(line.as_ref()))).boxed();
        Ok(Life { lines, state, start: self.place.clone() })
    }

    fn options(&self, state: InstanceState) -> LogsOptions {
        // The engine takes whole seconds; what comes too early is left out here.
        let since = self.place.since.map_or(0, |since| since.timestamp());
        LogsOptionsBuilder::new()
            .follow(state == InstanceState::Running)
            .stdout(true)
            .stderr(true)
            .timestamps(true)
            .since(i32::try_from(since).unwrap_or_default())
            .build()
    }
}

/// How far a log was read: the last time seen, and how many lines of exactly that time were passed on.
#[derive(Clone, Debug)]
struct Place {
    since: Option<DateTime<Utc>>,
    passed: usize,
}

impl Place {
    fn new(since: Option<DateTime<Utc>>) -> Self {
        Self { since, passed: 0 }
    }

    /// True when `line`, the next one of a log that is read again from here, was not passed on before.
    fn passes(&mut self, line: &LogLine) -> bool {
        match self.since {
            Some(since) if line.at < since => false,
            Some(since) if line.at == since && self.passed > 0 => {
                self.passed -= 1;
                false
            }
            _ => true,
        }
    }

    fn advance(&mut self, line: &LogLine) {
        if self.since == Some(line.at) {
            self.passed += 1;
        } else if self.since.is_none_or(|since| since < line.at) {
            *self = Self { since: Some(line.at), passed: 1 };
        }
    }
}

/// `<RFC 3339 time> <text>`; the engine puts one at the beginning of every line and of every 16 KiB of a long one.
fn parse(line: &[u8]) -> Option<LogLine> {
    let space = line.iter().position(|&byte| byte == b' ')?;
    let at = DateTime::parse_from_rfc3339(str::from_utf8(&line[..space]).ok()?).ok()?;
    Some(LogLine { at: at.to_utc(), text: text(&line[space + 1..]) })
}

fn text(line: &[u8]) -> String {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    String::from_utf8_lossy(line).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{Place, parse};

    #[test]
    fn lines_are_read_leniently() {
        let line = parse(b"2026-11-20T01:02:03.000000004Z caf\xe9 \xe2\x9c\x93\r\n").unwrap();
        assert_eq!(line.text, "caf\u{fffd} \u{2713}");
        assert_eq!(line.at.timestamp_subsec_nanos(), 4);
        assert!(parse(b"no time").is_none());
    }

    #[test]
    fn reading_again_passes_each_line_once() {
        let log: Vec<_> = ["01Z a", "02Z b", "02Z c", "02Z d", "03Z e"]
            .map(|line| parse(format!("2026-11-20T00:00:{line}\n").as_bytes()).unwrap())
            .into();
        for read in 0..=log.len() {
            let mut place = Place::new(None);
            log[..read].iter().for_each(|line| place.advance(line));
            let rest: Vec<_> = log.iter().filter(|line| place.passes(line)).cloned().collect();
            assert_eq!(rest, log[read..]);
        }
    }
}

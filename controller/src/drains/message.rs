//! A line as receivers of logs know it: RFC 5424, framed by counting (RFC 6587); or as Heroku's logplex posts it, whose one
//! difference is that it has no structured data, not even the hyphen in its place.

use std::fmt::Write;

use api::{names::AppName, types::LogLine};
use chrono::{DateTime, SecondsFormat, Utc};

use crate::logs::cut;

/// Longest text, so that a whole message stays below the 8,192 bytes that receivers should take (RFC 5425); a longer
/// one goes in pieces.
const MAX_TEXT: usize = 7680;
/// Longest PROCID.
const MAX_PROCESS: usize = 128;

/// What apps write: local7, informational, as Heroku has it.
const APP: u8 = 23 * 8 + 6;
/// What the platform says of an app: local3 and its severity.
const PLATFORM: u8 = 19 * 8;
const ERROR: u8 = 3;
const WARNING: u8 = 4;
const INFORMATIONAL: u8 = 6;

/// How a message is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// RFC 5424.
    Syslog,
    /// `application/logplex-1`.
    Logplex,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    priority: u8,
    at: DateTime<Utc>,
    host: AppName,
    app_name: &'static str,
    process: String,
    text: String,
}

impl Message {
    /// The messages that a line becomes: one, unless it is very long.
    pub fn of(app: &AppName, line: &LogLine) -> Vec<Self> {
        let (priority, app_name) = match line.level.as_deref() {
            None => (APP, "app"),
            Some("ERROR") => (PLATFORM + ERROR, "slipway"),
            Some("WARN") => (PLATFORM + WARNING, "slipway"),
            Some(_) => (PLATFORM + INFORMATIONAL, "slipway"),
        };
        let process = process(&line.source);
        let message =
            |text| Self { priority, at: line.at, host: app.clone(), app_name, process: process.clone(), text };
        cut(&harmless(&line.text), MAX_TEXT).into_iter().map(|piece| message(piece.to_owned())).collect()
    }

    /// What a drain is told of lines that were gone before it could have them, in Heroku's words.
    pub fn dropped(app: &AppName, at: DateTime<Utc>, count: u64, since: DateTime<Utc>) -> Self {
        let since = since.to_rfc3339_opts(SecondsFormat::Secs, false);
        Self {
            priority: PLATFORM + WARNING,
            at,
            host: app.clone(),
            app_name: "slipway",
            process: "drain".to_owned(),
            text: format!("Error L10 (output buffer overflow): {count} messages dropped since {since}."),
        }
    }

    /// Writes it with its length in front.
    pub fn frame(&self, dialect: Dialect, out: &mut Vec<u8>) {
        let Self { priority, at, host, app_name, process, text } = self;
        let at = at.to_rfc3339_opts(SecondsFormat::Micros, false);
        let data = if dialect == Dialect::Syslog { "- " } else { "" };
        let message = format!("<{priority}>1 {at} {host} {app_name} {process} - {data}{text}");
        out.extend(format!("{} {message}", message.len()).into_bytes());
    }
}

/// `blog[web.v3.1vxqg]` is `web.v3.1vxqg` of `blog`.
fn process(source: &str) -> String {
    let inner = source.split_once('[').and_then(|(_, rest)| rest.strip_suffix(']')).unwrap_or(source);
    let process: String = inner.chars().filter(char::is_ascii_graphic).take(MAX_PROCESS).collect();
    if process.is_empty() { "-".to_owned() } else { process }
}

/// Control characters as rsyslog escapes them, but for the tab: a receiver that ends messages at the end of a line must not
/// take one for two, nor a terminal obey one.
fn harmless(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut harmless, letter| {
        if letter.is_control() && letter != '\t' {
            // Writing to a string does not fail.
            let _ = write!(harmless, "#{:03o}", u32::from(letter));
        } else {
            harmless.push(letter);
        }
        harmless
    })
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;

    fn line(text: &str, level: Option<&str>) -> LogLine {
        let source = if level.is_some() { "deis[controller]" } else { "blog[web.v3.1vxqg]" };
        LogLine {
            at: DateTime::from_timestamp_nanos(1_714_557_600_123_456_789),
            source: source.to_owned(),
            process_type: None,
            instance: None,
            release: None,
            level: level.map(str::to_owned),
            text: text.to_owned(),
        }
    }

    fn framed(messages: &[Message], dialect: Dialect) -> String {
        let mut bytes = Vec::new();
        for message in messages {
            message.frame(dialect, &mut bytes);
            bytes.push(b'\n');
        }
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn messages_as_they_are_sent() {
        let app = AppName::parse("blog").unwrap();
        let at = DateTime::from_timestamp_nanos(1_714_557_600_000_000_000);
        let mut messages = Message::of(&app, &line("listening on 5000", None));
        messages.extend(Message::of(&app, &line("ana deployed example-go", Some("INFO"))));
        messages.extend(Message::of(&app, &line("web crashed", Some("ERROR"))));
        messages.extend(Message::of(&app, &line("\u{1b}[31mred\tgrün\r\0", None)));
        messages.push(Message::dropped(&app, at, 500, at));
        assert_snapshot!(framed(&messages, Dialect::Syslog), @r"
        83 <190>1 2024-05-01T10:00:00.123456+00:00 blog app web.v3.1vxqg - - listening on 5000
        91 <158>1 2024-05-01T10:00:00.123456+00:00 blog slipway controller - - ana deployed example-go
        79 <155>1 2024-05-01T10:00:00.123456+00:00 blog slipway controller - - web crashed
        91 <190>1 2024-05-01T10:00:00.123456+00:00 blog app web.v3.1vxqg - - #033[31mred	grün#015#000
        152 <156>1 2024-05-01T10:00:00.000000+00:00 blog slipway drain - - Error L10 (output buffer overflow): 500 messages dropped since 2024-05-01T10:00:00+00:00.
        ");
        assert_snapshot!(framed(&messages[..1], Dialect::Logplex), @"81 <190>1 2024-05-01T10:00:00.123456+00:00 blog app web.v3.1vxqg - listening on 5000");
    }

    proptest! {
        #[test]
        fn receivers_read_what_was_written(text in any::<String>(), times in 1_usize..4000) {
            let app = AppName::parse("blog").unwrap();
            let text = text.repeat(times.min(40_000 / (text.len() + 1)) + 1);
            let messages = Message::of(&app, &line(&text, None));
            let mut read = String::new();
            for message in messages {
                let mut frame = Vec::new();
                message.frame(Dialect::Syslog, &mut frame);
                let frame = String::from_utf8(frame).unwrap();
                let (length, message) = frame.split_once(' ').unwrap();
                prop_assert_eq!(length.parse::<usize>().unwrap(), message.len());
                prop_assert!(message.len() < 8192 && !message.chars().any(|letter| letter.is_control() && letter != '\t'));
                let parsed = syslog_loose::parse_message(message, syslog_loose::Variant::RFC5424);
                prop_assert_eq!(parsed.hostname, Some("blog"));
                prop_assert_eq!(parsed.appname, Some("app"));
                prop_assert_eq!(parsed.procid, Some(syslog_loose::ProcId::Name("web.v3.1vxqg")));
                prop_assert_eq!(parsed.severity, Some(syslog_loose::SyslogSeverity::SEV_INFO));
                prop_assert_eq!(parsed.timestamp.unwrap().to_utc(), DateTime::from_timestamp_micros(1_714_557_600_123_456).unwrap());
                read.push_str(message.splitn(8, ' ').nth(7).unwrap());
            }
            prop_assert_eq!(read, harmless(&text));
        }
    }
}

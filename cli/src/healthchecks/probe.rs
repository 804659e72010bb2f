//! A probe from the words of `healthchecks:set`.

use std::str::FromStr;

use anyhow::Result;
use api::types::{ExecAction, HttpGetAction, HttpHeader, Probe, TcpSocketAction};

use super::set::Args;
use crate::report::Failure;

/// Which of the two probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A process that fails it is replaced.
    Liveness,
    /// A process gets requests only while it passes it.
    Readiness,
}

impl Kind {
    /// The API's name for it.
    pub fn field(self) -> &'static str {
        match self {
            Self::Liveness => "livenessProbe",
            Self::Readiness => "readinessProbe",
        }
    }
}

impl FromStr for Kind {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        match text {
            "liveness" => Ok(Self::Liveness),
            "readiness" => Ok(Self::Readiness),
            _ => Err(Failure::new(format!("probe type {text} is invalid. Must be one of [liveness readiness]"))),
        }
    }
}

/// The probe that the arguments describe.
pub fn from_args(args: &Args) -> Result<Probe> {
    let mut probe = Probe {
        initial_delay_seconds: args.initial_delay_timeout,
        timeout_seconds: args.timeout_seconds,
        period_seconds: args.period_seconds,
        success_threshold: args.success_threshold,
        failure_threshold: args.failure_threshold,
        exec: None,
        http_get: None,
        tcp_socket: None,
    };
    match args.probe_type.as_str() {
        "httpGet" => probe.http_get = Some(http_get(args)?),
        "tcpSocket" => probe.tcp_socket = Some(TcpSocketAction { port: port(&args.words)? }),
        "exec" => probe.exec = Some(ExecAction { command: args.words.clone() }),
        _ => {
            return Err(Failure::new("Invalid probe type. Must be one of: \"httpGet\", \"exec\"")
                .hint("\"tcpSocket\" is the third.")
                .into());
        }
    }
    Ok(probe)
}

fn http_get(args: &Args) -> Result<HttpGetAction> {
    let headers = args.headers.as_deref().map_or_else(|| Ok(Vec::new()), headers)?;
    let path = Some(args.path.clone());
    Ok(HttpGetAction { port: port(&args.words)?, path, host: None, scheme: None, http_headers: headers })
}

fn port(words: &[String]) -> Result<u16, Failure> {
    let text = words.first().map_or("", String::as_str);
    text.parse().map_err(|error| Failure::new(format!("could not parse port: {text}: {error}")))
}

fn headers(text: &str) -> Result<Vec<HttpHeader>, Failure> {
    let header = |item: &str| {
        let (name, value) = item.split_once(':').ok_or_else(|| {
            Failure::new(format!("could not parse headers: could not find separator in header ({item})"))
        })?;
        Ok(HttpHeader { name: name.trim().to_owned(), value: value.trim().to_owned() })
    };
    text.split(',').map(header).collect()
}

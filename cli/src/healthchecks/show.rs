//! Health checks as people read them.

use std::collections::BTreeMap;

use anyhow::Result;
use api::types::{ExecAction, Healthcheck, HttpGetAction, Probe, TcpSocketAction};

use crate::ui::Ui;

const NONE: &str = "N/A";

/// Prints all, or those of one process type.
pub fn print(ui: &Ui, app: &str, checks: &BTreeMap<String, Healthcheck>, only: Option<&str>) -> Result<()> {
    ui.heading(format!("{app} Healthchecks"))?;
    if let Some(process_type) = only {
        return one(ui, process_type, &checks.get(process_type).cloned().unwrap_or_default());
    }
    if checks.is_empty() {
        return Ok(ui.say("No health checks configured.")?);
    }
    checks.iter().try_for_each(|(process_type, check)| one(ui, process_type, check))
}

fn one(ui: &Ui, process_type: &str, check: &Healthcheck) -> Result<()> {
    ui.say(format!("\n{process_type}:"))?;
    ui.say("--- Liveness")?;
    ui.say(check.liveness_probe.as_ref().map_or_else(|| "No liveness probe configured.".to_owned(), probe))?;
    ui.say("\n--- Readiness")?;
    Ok(ui.say(check.readiness_probe.as_ref().map_or_else(|| "No readiness probe configured.".to_owned(), probe))?)
}

fn probe(probe: &Probe) -> String {
    format!(
        "Initial Delay (seconds): {}\nTimeout (seconds): {}\nPeriod (seconds): {}\nSuccess Threshold: {}\n\
         Failure Threshold: {}\nExec Probe: {}\nHTTP GET Probe: {}\nTCP Socket Probe: {}",
        probe.initial_delay_seconds,
        probe.timeout_seconds,
        probe.period_seconds,
        probe.success_threshold,
        probe.failure_threshold,
        probe.exec.as_ref().map_or_else(|| NONE.to_owned(), exec),
        probe.http_get.as_ref().map_or_else(|| NONE.to_owned(), http_get),
        probe.tcp_socket.as_ref().map_or_else(|| NONE.to_owned(), tcp_socket),
    )
}

fn exec(action: &ExecAction) -> String {
    format!("Command=[{}]", action.command.join(" "))
}

fn http_get(action: &HttpGetAction) -> String {
    let headers = action.http_headers.iter().map(|header| format!("{}={}", header.name, header.value));
    let headers: Vec<_> = headers.collect();
    let path = action.path.as_deref().unwrap_or("/");
    format!("Path=\"{path}\" Port={} HTTPHeaders=[{}]", action.port, headers.join(" "))
}

fn tcp_socket(action: &TcpSocketAction) -> String {
    format!("Port={}", action.port)
}

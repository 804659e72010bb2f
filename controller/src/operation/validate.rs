//! What can be said of a config change without knowing what it changes (reference 2.4, with its texts).

use std::collections::BTreeMap;

use api::{
    names::{ConfigKey, InvalidName, ProcessType},
    types::{ConfigPatch, Healthcheck, Patch, Probe},
};
use serde_json::Value;

use super::merge::text_of;
use crate::{error::Error, quantity};

/// Longest value: what Linux takes as one environment entry, less the key.
const MAX_VALUE: usize = 120 * 1024;
const NO_PATH: &str =
    "HEALTHCHECK_URL is missing a URI path (such as /healthz). Without it no health check can be done";
const MORE_THAN_PATH: &str = "HEALTHCHECK_URL can only be a URI path (such as /healthz) that does not contain other \
                              things such as query params";

type Check = Result<(), String>;

/// Checks every map and answers all that is wrong, field by field.
pub fn config(patch: &ConfigPatch) -> Result<(), Error> {
    let mut wrong = BTreeMap::new();
    let mut check = |field: &str, map: &Patch, rule: fn(&str, &Value) -> Check, key_rule: fn(&str) -> Check| {
        let errors: Vec<String> = map.iter().filter_map(|entry| check_entry(entry, rule, key_rule).err()).collect();
        if !errors.is_empty() {
            wrong.insert(field.to_owned(), errors);
        }
    };
    check("values", &patch.values, value, config_key);
    check("memory", &patch.memory, memory, process_type);
    check("cpu", &patch.cpu, cpu, process_type);
    check("tags", &patch.tags, tag_value, tag_key);
    check("registry", &patch.registry, any_text, config_key);
    check("healthcheck", &patch.healthcheck, healthcheck, healthcheck_key);
    check("lifecycle_post_start", &patch.lifecycle_post_start, any_text, process_type);
    check("lifecycle_pre_stop", &patch.lifecycle_pre_stop, any_text, process_type);
    check("termination_grace_period", &patch.termination_grace_period, grace, process_type);
    if wrong.is_empty() { Ok(()) } else { Err(Error::Fields(wrong)) }
}

fn check_entry(
    (key, value): (&String, &Option<Value>),
    rule: fn(&str, &Value) -> Check,
    key_rule: fn(&str) -> Check,
) -> Check {
    key_rule(key)?;
    value.as_ref().map_or(Ok(()), |value| rule(key, value))
}

fn config_key(key: &str) -> Check {
    ConfigKey::parse(key).map(drop).map_err(said)
}

fn process_type(key: &str) -> Check {
    ProcessType::parse(key).map(drop).map_err(said)
}

fn said(error: InvalidName) -> String {
    error.0
}

fn any_text(key: &str, value: &Value) -> Check {
    let text = text_of(value);
    if text.contains('\0') {
        return Err(format!("{key} contains a NUL character, which no environment can hold"));
    }
    if text.len() > MAX_VALUE {
        return Err(format!("{key} is longer than {} KiB", MAX_VALUE / 1024));
    }
    Ok(())
}

fn value(key: &str, value: &Value) -> Check {
    any_text(key, value)?;
    let text = text_of(value);
    match key {
        "PORT" => port(&text),
        "HEALTHCHECK_URL" => health_path(&text),
        _ if key.starts_with("HEALTHCHECK_") => number(key, &text),
        _ => Ok(()),
    }
}

fn port(text: &str) -> Check {
    let port: i64 = text.parse().map_err(|_| "PORT can only be a numeric value".to_owned())?;
    if (1..=65535).contains(&port) { Ok(()) } else { Err("PORT needs to be between 1 and 65535".to_owned()) }
}

fn health_path(text: &str) -> Check {
    if !text.starts_with('/') {
        return Err(if text.contains("://") { MORE_THAN_PATH } else { NO_PATH }.to_owned());
    }
    if text.contains(['?', '#']) { Err(MORE_THAN_PATH.to_owned()) } else { Ok(()) }
}

fn number(key: &str, text: &str) -> Check {
    text.parse::<u32>().map(drop).map_err(|_| format!("{key} can only be a numeric value"))
}

fn memory(_: &str, value: &Value) -> Check {
    let text = text_of(value);
    quantity::memory_limit(&text).ok_or_else(|| {
        "Memory limit format: <number><unit> or <number><unit>/<number><unit>, where unit = B, K, M or G".to_owned()
    })?;
    not_upside_down("Memory", &text, quantity::memory_limit)
}

/// Kubernetes refuses what requests more than it may use, in such words.
fn not_upside_down(what: &str, text: &str, read: fn(&str) -> Option<u64>) -> Check {
    if quantity::is_upside_down(text, read) {
        return Err(format!("{what} request must be less than or equal to the limit: {text}"));
    }
    Ok(())
}

fn cpu(_: &str, value: &Value) -> Check {
    let text = text_of(value);
    quantity::cpu_limit(&text)
        .ok_or_else(|| "CPU limit format: <value> or <value>/<value>, where value must be a numeric".to_owned())?;
    not_upside_down("CPU", &text, quantity::cpu_limit)
}

fn grace(_: &str, value: &Value) -> Check {
    text_of(value)
        .parse::<u32>()
        .map(drop)
        .map_err(|_| "Termination Grace Period format: <value>, where value must be a numeric".to_owned())
}

fn tag_key(key: &str) -> Check {
    let (prefix, name) = key.rsplit_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    if prefix.is_some_and(|prefix| prefix.len() > 253) {
        return Err("Tag key prefixes must 253 characters or less.".to_owned());
    }
    if prefix.is_some_and(|prefix| !prefix.split('.').all(is_tag_word)) {
        return Err("Tag key prefixes must be DNS subdomains.".to_owned());
    }
    is_tag_word(name)
        .then_some(())
        .ok_or_else(|| "Tag keys must be alphanumeric or \"-_.\", and 1-63 characters.".to_owned())
}

fn tag_value(_: &str, value: &Value) -> Check {
    is_tag_word(&text_of(value))
        .then_some(())
        .ok_or_else(|| "Tag values must be alphanumeric or \"-_.\", and 1-63 characters.".to_owned())
}

fn is_tag_word(text: &str) -> bool {
    let edge = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_alphanumeric());
    let inner = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    text.len() <= 63 && edge(text.bytes().next()) && edge(text.bytes().next_back()) && text.bytes().all(inner)
}

fn healthcheck_key(key: &str) -> Check {
    if key == "web/cmd" { Ok(()) } else { process_type(key) }
}

fn healthcheck(_: &str, value: &Value) -> Check {
    let known = |name: &String| matches!(name.as_str(), "livenessProbe" | "readinessProbe");
    if value.as_object().is_some_and(|object| !object.keys().all(known)) {
        return Err("Healthcheck keys must be either livenessProbe or readinessProbe".to_owned());
    }
    let invalid = |error: &dyn std::fmt::Display| format!("could not validate {value}: {error}");
    let check: Healthcheck = serde_json::from_value(value.clone()).map_err(|error| invalid(&error))?;
    if check.liveness_probe.as_ref().is_some_and(|probe| probe.success_threshold != 1) {
        return Err("livenessProbe successThreshold can only be 1".to_owned());
    }
    let probes = [&check.liveness_probe, &check.readiness_probe];
    probes.into_iter().flatten().try_for_each(|probe_| probe(probe_).map_err(|error| invalid(&error)))
}

/// Deis did not check that there is exactly one way to probe; Kubernetes then refused the deploy in its own words.
fn probe(probe: &Probe) -> Result<(), &'static str> {
    let ways = usize::from(probe.exec.is_some())
        + usize::from(probe.http_get.is_some())
        + usize::from(probe.tcp_socket.is_some());
    if ways != 1 {
        return Err("a probe needs exactly one of exec, httpGet and tcpSocket");
    }
    if probe.exec.as_ref().is_some_and(|exec| exec.command.is_empty()) {
        return Err("exec needs a command");
    }
    if probe.period_seconds == 0 || probe.timeout_seconds == 0 {
        return Err("periodSeconds and timeoutSeconds begin at 1");
    }
    if probe.success_threshold == 0 || probe.failure_threshold == 0 {
        return Err("successThreshold and failureThreshold begin at 1");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use insta::assert_json_snapshot;
    use serde_json::json;

    use crate::error::Error;

    fn errors(patch: serde_json::Value) -> serde_json::Value {
        match super::config(&serde_json::from_value(patch).unwrap()) {
            Ok(()) => json!("fine"),
            Err(Error::Fields(fields)) => json!(fields),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn says_all_that_is_wrong_at_once() {
        let patch = json!({
            "values": {"1A": "x", "PORT": "http", "HEALTHCHECK_URL": "/a?b=c", "HEALTHCHECK_TIMEOUT": "soon", "NUL": "a\u{0}b"},
            "memory": {"web": "lots", "Web": "1G"},
            "cpu": {"web": "fast"},
            "tags": {"a b": "c", "ok": "-"},
            "termination_grace_period": {"web": "1m"},
        });
        assert_json_snapshot!(errors(patch), @r#"
        {
          "cpu": [
            "CPU limit format: <value> or <value>/<value>, where value must be a numeric"
          ],
          "memory": [
            "Process types can only contain lowercase alphanumeric characters",
            "Memory limit format: <number><unit> or <number><unit>/<number><unit>, where unit = B, K, M or G"
          ],
          "tags": [
            "Tag keys must be alphanumeric or \"-_.\", and 1-63 characters.",
            "Tag values must be alphanumeric or \"-_.\", and 1-63 characters."
          ],
          "termination_grace_period": [
            "Termination Grace Period format: <value>, where value must be a numeric"
          ],
          "values": [
            "Config keys must start with a letter or underscore and only contain [A-z0-9_]",
            "HEALTHCHECK_TIMEOUT can only be a numeric value",
            "HEALTHCHECK_URL can only be a URI path (such as /healthz) that does not contain other things such as query params",
            "NUL contains a NUL character, which no environment can hold",
            "PORT can only be a numeric value"
          ]
        }
        "#);
    }

    #[test]
    fn probes() {
        let with = |probe: serde_json::Value| errors(json!({"healthcheck": {"web/cmd": {"livenessProbe": probe}}}));
        assert_eq!(with(json!({"httpGet": {"port": 80, "path": "/"}})), json!("fine"));
        assert_json_snapshot!(with(json!({"httpGet": {"port": 80}, "tcpSocket": {"port": 80}})), @r#"
        {
          "healthcheck": [
            "could not validate {\"livenessProbe\":{\"httpGet\":{\"port\":80},\"tcpSocket\":{\"port\":80}}}: a probe needs exactly one of exec, httpGet and tcpSocket"
          ]
        }
        "#);
        assert_json_snapshot!(with(json!({"tcpSocket": {"port": 80}, "successThreshold": 2})), @r#"
        {
          "healthcheck": [
            "livenessProbe successThreshold can only be 1"
          ]
        }
        "#);
    }

    #[test]
    fn nothing_requests_more_than_it_may_use() {
        let limits = json!({"memory": {"web": "1G/512M", "db": "512M/1G"}, "cpu": {"web": "2/1500m", "db": "1/1"}});
        assert_json_snapshot!(errors(limits), @r#"
        {
          "cpu": [
            "CPU request must be less than or equal to the limit: 2/1500m"
          ],
          "memory": [
            "Memory request must be less than or equal to the limit: 1G/512M"
          ]
        }
        "#);
    }

    #[test]
    fn null_is_always_fine_for_a_good_key() {
        assert_eq!(errors(json!({"values": {"A": null}, "memory": {"web": null}, "tags": {"a": null}})), json!("fine"));
    }
}

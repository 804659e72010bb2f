//! A config change applied to the config of the latest good release (reference 3.3). Pure.

use std::collections::BTreeMap;

use api::{
    names::ProcessType,
    types::{ConfigPatch, Healthcheck, HttpGetAction, Patch, Probe},
};
use serde_json::Value;

use crate::{db::config::Document, error::Error};

/// What the changed config says. The patch has passed [`super::validate::config`].
pub fn merge(base: &Document, patch: &ConfigPatch) -> Result<Document, Error> {
    let mut document = base.clone();
    merge_named(&mut document.values, &patch.values, "values")?;
    merge_named(&mut document.memory, &patch.memory, "memory")?;
    merge_named(&mut document.cpu, &patch.cpu, "cpu")?;
    merge_named(&mut document.tags, &patch.tags, "tags")?;
    merge_named(&mut document.registry, &lower_case(&patch.registry), "registry")?;
    merge_named(&mut document.lifecycle_post_start, &patch.lifecycle_post_start, "lifecycle_post_start")?;
    merge_named(&mut document.lifecycle_pre_stop, &patch.lifecycle_pre_stop, "lifecycle_pre_stop")?;
    merge_named(&mut document.termination_grace_period, &patch.termination_grace_period, "termination_grace_period")?;
    merge_healthchecks(&mut document.healthcheck, &patch.healthcheck)?;
    migrate_healthcheck_values(&mut document);
    check_registry(&document)?;
    Ok(document)
}

/// The text that a JSON value becomes (Deis stored what Python's `str` made of it).
pub fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        other => other.to_string(),
    }
}

fn merge_named<K>(map: &mut BTreeMap<K, String>, patch: &Patch, field: &str) -> Result<(), Error>
where
    K: Ord + TryFrom<String>,
{
    for (name, value) in patch {
        let bad_name = || Error::field(field, format!("{name} is not a valid key"));
        let key = K::try_from(name.clone()).map_err(|_| bad_name())?;
        match value {
            Some(value) => drop(map.insert(key, text_of(value))),
            None => drop(map.remove(&key).ok_or_else(|| not_set(name, field))?),
        }
    }
    Ok(())
}

fn not_set(name: &str, field: &str) -> Error {
    Error::Unprocessable(format!("{name} does not exist under {field}"))
}

fn lower_case(patch: &Patch) -> Patch {
    patch.iter().map(|(key, value)| (key.to_lowercase(), value.clone())).collect()
}

fn merge_healthchecks(map: &mut BTreeMap<String, Healthcheck>, patch: &Patch) -> Result<(), Error> {
    for (name, value) in patch {
        let Some(value) = value else {
            map.remove(name).ok_or_else(|| not_set(name, "healthcheck"))?;
            continue;
        };
        let check = map.entry(name.clone()).or_default();
        merge_probe(&mut check.liveness_probe, value, "livenessProbe")?;
        merge_probe(&mut check.readiness_probe, value, "readinessProbe")?;
        if *check == Healthcheck::default() {
            map.remove(name);
        }
    }
    Ok(())
}

fn merge_probe(probe: &mut Option<Probe>, patch: &Value, name: &str) -> Result<(), Error> {
    match patch.get(name) {
        None => Ok(()),
        Some(Value::Null) => probe.take().map(drop).ok_or_else(|| not_set(name, "healthcheck")),
        Some(value) => {
            let parsed = serde_json::from_value(value.clone());
            *probe = Some(parsed.map_err(|error| Error::field("healthcheck", error.to_string()))?);
            Ok(())
        }
    }
}

/// Deis's old way to ask for probes: `HEALTHCHECK_URL` and its kin among the values become probes of `web/cmd`.
fn migrate_healthcheck_values(document: &mut Document) {
    let Some(path) = document.value("HEALTHCHECK_URL").map(str::to_owned) else { return };
    let number = |key: &str, default: u32| document.value(key).and_then(|text| text.parse().ok()).unwrap_or(default);
    let probe = Probe {
        initial_delay_seconds: number("HEALTHCHECK_INITIAL_DELAY", 50),
        timeout_seconds: number("HEALTHCHECK_TIMEOUT", 50).max(1),
        period_seconds: number("HEALTHCHECK_PERIOD_SECONDS", 10).max(1),
        success_threshold: 1,
        failure_threshold: number("HEALTHCHECK_FAILURE_THRESHOLD", 3).max(1),
        exec: None,
        // Port 0 stands for the app's own, known when it is deployed.
        http_get: Some(HttpGetAction { port: 0, path: Some(path), host: None, scheme: None, http_headers: vec![] }),
        tcp_socket: None,
    };
    let readiness = Probe { success_threshold: number("HEALTHCHECK_SUCCESS_THRESHOLD", 1).max(1), ..probe.clone() };
    let check = Healthcheck { liveness_probe: Some(probe), readiness_probe: Some(readiness) };
    document.healthcheck.insert("web/cmd".to_owned(), check);
    document.values.retain(|key, _| !key.as_str().starts_with("HEALTHCHECK_"));
}

fn check_registry(document: &Document) -> Result<(), Error> {
    if !document.registry.is_empty() && document.value("PORT").is_none() {
        return Err(Error::BadRequest("PORT needs to be set in the config when using a private registry".to_owned()));
    }
    Ok(())
}

/// The probes that a type has; `web` and `cmd` fall back to `web/cmd`.
#[must_use]
pub fn healthcheck_of<'a>(document: &'a Document, process_type: &ProcessType) -> Option<&'a Healthcheck> {
    let common = || process_type.is_routable().then(|| document.healthcheck.get("web/cmd")).flatten();
    document.healthcheck.get(process_type.as_str()).or_else(common)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Document, merge};

    fn document(value: serde_json::Value) -> Document {
        serde_json::from_value(value).unwrap()
    }

    fn merged(base: serde_json::Value, patch: serde_json::Value) -> Result<Document, String> {
        merge(&document(base), &serde_json::from_value(patch).unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn sets_keeps_and_unsets() {
        let after = merged(json!({"values": {"A": "1", "B": "2"}}), json!({"values": {"B": null, "C": 3, "D": true}}));
        assert!(after.unwrap() == document(json!({"values": {"A": "1", "C": "3", "D": "True"}})));
    }

    #[test]
    fn unsetting_what_is_not_set_is_told() {
        assert_eq!(merged(json!({}), json!({"values": {"B": null}})).err().unwrap(), "B does not exist under values");
        let probe = json!({"healthcheck": {"web": {"livenessProbe": null}}});
        assert_eq!(merged(json!({}), probe).err().unwrap(), "livenessProbe does not exist under healthcheck");
    }

    #[test]
    fn probes_merge_one_by_one() {
        let liveness = json!({"tcpSocket": {"port": 1}});
        let base = json!({"healthcheck": {"web": {"livenessProbe": liveness}}});
        let patch = json!({"healthcheck": {"web": {"readinessProbe": {"exec": {"command": ["true"]}}}}});
        let check = merged(base.clone(), patch).unwrap().healthcheck.remove("web").unwrap();
        assert!(check.liveness_probe.is_some() && check.readiness_probe.is_some());
        let patch = json!({"healthcheck": {"web": {"livenessProbe": null}}});
        assert!(merged(base, patch).unwrap().healthcheck.is_empty());
    }

    #[test]
    fn old_health_check_values_become_probes() {
        let after =
            merged(json!({}), json!({"values": {"HEALTHCHECK_URL": "/up", "HEALTHCHECK_TIMEOUT": "7", "A": "1"}}))
                .unwrap();
        assert_eq!(after.values.len(), 1);
        let probe = after.healthcheck["web/cmd"].readiness_probe.clone().unwrap();
        assert_eq!((probe.timeout_seconds, probe.initial_delay_seconds), (7, 50));
        assert_eq!(probe.http_get.unwrap().path.as_deref(), Some("/up"));
    }

    #[test]
    fn a_private_registry_needs_a_port() {
        let patch = json!({"registry": {"USERNAME": "bob"}});
        assert_eq!(
            merged(json!({}), patch.clone()).err().unwrap(),
            "PORT needs to be set in the config when using a private registry"
        );
        let after = merged(json!({"values": {"PORT": "80"}}), patch).unwrap();
        assert_eq!(after.registry.get("username").map(String::as_str), Some("bob"));
    }
}

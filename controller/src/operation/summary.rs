//! What a release changed, in one line (reference 3.2). Pure.

use std::{collections::BTreeMap, fmt::Display};

use crate::db::config::Document;

/// The summary of a config change by `user`; none when nothing changed.
#[must_use]
pub fn of_config(user: &str, old: &Document, new: &Document) -> Option<String> {
    let parts = [
        values(old, new),
        limits(old, new),
        changed_maps(
            "timeouts",
            &[("termination_grace_period", old.termination_grace_period != new.termination_grace_period)],
        ),
        named("tag", &old.tags, &new.tags),
        named("registry info", &old.registry, &new.registry),
        named("healthcheck info for proc type", &old.healthcheck, &new.healthcheck),
        named("lifecycle_post_start", &old.lifecycle_post_start, &new.lifecycle_post_start),
        named("lifecycle_pre_stop", &old.lifecycle_pre_stop, &new.lifecycle_pre_stop),
    ];
    let parts: Vec<_> = parts.into_iter().flatten().map(|part| format!("{user} {part}")).collect();
    (!parts.is_empty()).then(|| parts.join(" and "))
}

fn values(old: &Document, new: &Document) -> Option<String> {
    let (added, changed, deleted) = difference(&old.values, &new.values);
    let part = |verb: &str, keys: Vec<String>| (!keys.is_empty()).then(|| format!("{verb} {}", keys.join(", ")));
    let parts = [part("added", added), part("changed", changed), part("deleted", deleted)];
    join(&parts.into_iter().flatten().collect::<Vec<_>>())
}

fn limits(old: &Document, new: &Document) -> Option<String> {
    changed_maps("limits", &[("memory", old.memory != new.memory), ("cpu", old.cpu != new.cpu)])
}

fn changed_maps(what: &str, maps: &[(&str, bool)]) -> Option<String> {
    let changed: Vec<_> = maps.iter().filter(|(_, changed)| *changed).map(|(name, _)| *name).collect();
    (!changed.is_empty()).then(|| format!("changed {what} for {}", changed.join(", ")))
}

fn named<K: Ord + Display, V: PartialEq>(what: &str, old: &BTreeMap<K, V>, new: &BTreeMap<K, V>) -> Option<String> {
    let (added, changed, deleted) = difference(old, new);
    let say = |verb: &'static str, keys: Vec<String>| keys.into_iter().map(move |key| format!("{verb} {what} {key}"));
    join(&say("added", added).chain(say("changed", changed)).chain(say("deleted", deleted)).collect::<Vec<_>>())
}

fn join(parts: &[String]) -> Option<String> {
    (!parts.is_empty()).then(|| parts.join(", "))
}

type Keys = Vec<String>;

fn difference<K: Ord + Display, V: PartialEq>(old: &BTreeMap<K, V>, new: &BTreeMap<K, V>) -> (Keys, Keys, Keys) {
    let keys = |map: &BTreeMap<K, V>, pick: &dyn Fn(&K, &V) -> bool| -> Keys {
        map.iter().filter(|(key, value)| pick(key, value)).map(|(key, _)| key.to_string()).collect()
    };
    let added = keys(new, &|key, _| !old.contains_key(key));
    let changed = keys(new, &|key, value| old.get(key).is_some_and(|before| before != value));
    let deleted = keys(old, &|key, _| !new.contains_key(key));
    (added, changed, deleted)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Document, of_config};

    fn summary(old: serde_json::Value, new: serde_json::Value) -> Option<String> {
        let document = |value| serde_json::from_value::<Document>(value).unwrap();
        of_config("ana", &document(old), &document(new))
    }

    #[test]
    fn of_values() {
        let old = json!({"values": {"B": "1", "C": "1", "D": "1"}});
        let new = json!({"values": {"A": "1", "B": "2", "D": "1"}});
        assert_eq!(summary(old.clone(), new).unwrap(), "ana added A, changed B, deleted C");
        assert_eq!(summary(old.clone(), old), None);
    }

    #[test]
    fn parts_are_joined() {
        let new = json!({
            "values": {"A": "1"}, "memory": {"web": "1G"}, "cpu": {"web": "1"}, "tags": {"rack": "1"},
            "termination_grace_period": {"web": "3"}, "lifecycle_pre_stop": {"web": "true"},
        });
        assert_eq!(
            summary(json!({}), new).unwrap(),
            "ana added A and ana changed limits for memory, cpu and ana changed timeouts for termination_grace_period \
             and ana added tag rack and ana added lifecycle_pre_stop web"
        );
    }
}

//! What our objects in the engine are known by, and all that is remembered of them.

use std::collections::HashMap;

use api::names::ProcessType;
use uuid::Uuid;

use crate::platform::{AppRef, InstanceSpec, health::Checks};

const INSTALLATION: &str = "io.slipway.installation";
pub(super) const APP: &str = "io.slipway.app";
const KIND: &str = "io.slipway.kind";
const TYPE: &str = "io.slipway.type";
const RELEASE: &str = "io.slipway.release";
const CHECKS: &str = "io.slipway.checks";

const INSTANCE: &str = "instance";
const RUN: &str = "run";

/// What a container is, read from its labels.
#[derive(Debug, PartialEq)]
pub(super) enum Kind {
    Instance(Box<OfInstance>),
    Run,
}

/// What is remembered of an instance.
#[derive(Debug, PartialEq)]
pub(super) struct OfInstance {
    pub(super) process_type: ProcessType,
    pub(super) release: Uuid,
    pub(super) checks: Checks,
}

/// Writes and reads the labels of one installation.
#[derive(Debug)]
pub(super) struct Labels {
    installation: Uuid,
}

impl Labels {
    pub(super) fn new(installation: Uuid) -> Self {
        Self { installation }
    }

    /// Labels of whatever belongs to `app`.
    pub(super) fn of_app(&self, app: &AppRef) -> HashMap<String, String> {
        [(INSTALLATION, self.installation), (APP, app.uuid)]
            .map(|(key, value)| (key.to_owned(), value.to_string()))
            .into()
    }

    pub(super) fn of_instance(&self, app: &AppRef, spec: &InstanceSpec) -> HashMap<String, String> {
        let mut labels = self.of_app(app);
        // Plain numbers and strings always become JSON; an empty label would read as "no checks".
        let checks = serde_json::to_string(&Checks::of(spec)).unwrap_or_default();
        labels.extend(
            [
                (KIND, INSTANCE.to_owned()),
                (TYPE, spec.process_type.to_string()),
                (RELEASE, spec.release.to_string()),
                (CHECKS, checks),
            ]
            .map(|(key, value)| (key.to_owned(), value)),
        );
        labels
    }

    pub(super) fn of_run(&self, app: &AppRef) -> HashMap<String, String> {
        let mut labels = self.of_app(app);
        labels.insert(KIND.to_owned(), RUN.to_owned());
        labels
    }

    /// The engine's filter for everything of this installation.
    pub(super) fn filter_all(&self) -> HashMap<String, Vec<String>> {
        [("label".to_owned(), vec![format!("{INSTALLATION}={}", self.installation)])].into()
    }

    /// The engine's filter for everything of `app`.
    pub(super) fn filter(&self, app: &AppRef) -> HashMap<String, Vec<String>> {
        let mut filter = self.filter_all();
        filter.entry("label".to_owned()).or_default().push(format!("{APP}={}", app.uuid));
        filter
    }

    /// True when both labels say so: only then may an object be changed.
    pub(super) fn belongs(&self, labels: Option<&HashMap<String, String>>, app: &AppRef) -> bool {
        let has = |key, value: Uuid| labels.and_then(|labels| labels.get(key)).is_some_and(|v| *v == value.to_string());
        has(INSTALLATION, self.installation) && has(APP, app.uuid)
    }
}

/// What a container with `labels` is; nothing when it is none of ours or its labels cannot be read.
pub(super) fn kind(labels: &HashMap<String, String>) -> Option<Kind> {
    match labels.get(KIND)?.as_str() {
        INSTANCE => Some(Kind::Instance(Box::new(OfInstance {
            process_type: labels.get(TYPE)?.parse().ok()?,
            release: labels.get(RELEASE)?.parse().ok()?,
            checks: serde_json::from_str(labels.get(CHECKS)?).ok()?,
        }))),
        RUN => Some(Kind::Run),
        _ => None,
    }
}

/// The app that an object's labels name.
pub(super) fn app(labels: &HashMap<String, String>) -> Option<Uuid> {
    labels.get(APP)?.parse().ok()
}

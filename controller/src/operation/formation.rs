//! What a new build does to the formation (reference 3.5). Pure.

use api::names::ProcessType;

use crate::{
    db::{
        app::Structure,
        build::{Build, Kind, Procfile},
    },
    error::Error,
};

/// Instances of a process type that may be wanted: more than any machine runs, and few enough to be counted out.
pub const MAX_INSTANCES: u32 = 1000;

/// A build, as far as the formation is concerned.
#[derive(Clone, Copy)]
pub struct Shape<'a> {
    /// How the image came to be.
    pub kind: Kind,
    /// Its process types.
    pub procfile: &'a Procfile,
}

impl<'a> From<&'a Build> for Shape<'a> {
    fn from(build: &'a Build) -> Self {
        Self { kind: build.kind(), procfile: &build.procfile }
    }
}

/// The formation after `new` took the place of `old`.
#[must_use]
pub fn after_build(structure: &Structure, old: Option<Shape<'_>>, new: Shape<'_>) -> Structure {
    let mut structure = structure.clone();
    if let Some(old) = old {
        for gone in old.procfile.keys().filter(|name| !new.procfile.contains_key(*name)) {
            if *gone != ProcessType::cmd() {
                structure.remove(gone);
            }
        }
        if old.kind != new.kind {
            structure.remove(&ProcessType::web());
            structure.remove(&ProcessType::cmd());
        }
    }
    let anew = structure.is_empty() || old.is_some_and(|old| old.kind != new.kind);
    if let Some(first) = first_type(new).filter(|_| anew) {
        structure.insert(first, 1);
    }
    structure.into_iter().filter(|(name, count)| *count == 0 || can_run(new, name)).collect()
}

/// The type that a first deploy starts one of.
fn first_type(shape: Shape<'_>) -> Option<ProcessType> {
    if shape.procfile.contains_key(&ProcessType::web()) {
        return Some(ProcessType::web());
    }
    match shape.kind {
        Kind::Image | Kind::Dockerfile => Some(ProcessType::cmd()),
        Kind::Buildpack => shape.procfile.is_empty().then(ProcessType::web),
    }
}

/// True when the build can run that type: its Procfile has it, or it is the image's own command.
#[must_use]
pub fn can_run(shape: Shape<'_>, process_type: &ProcessType) -> bool {
    shape.procfile.contains_key(process_type)
        || *process_type == ProcessType::cmd()
        || (shape.kind == Kind::Buildpack && shape.procfile.is_empty() && *process_type == ProcessType::web())
}

/// Which type is routed: `web` when the formation has it, else `cmd`.
#[must_use]
pub fn routed_type(structure: &Structure) -> ProcessType {
    if structure.contains_key(&ProcessType::web()) { ProcessType::web() } else { ProcessType::cmd() }
}

/// The formation after `wanted` was asked for.
pub fn scaled(structure: &Structure, wanted: &Structure, shape: Shape<'_>) -> Result<Structure, Error> {
    if let Some(unknown) = wanted.keys().find(|name| !can_run(shape, name)) {
        return Err(Error::NotFound(format!("Container type {unknown} does not exist in application")));
    }
    if wanted.values().any(|count| *count > MAX_INSTANCES) {
        return Err(Error::BadRequest(format!("A process type has at most {MAX_INSTANCES} instances.")));
    }
    let mut structure = structure.clone();
    structure.extend(wanted.iter().map(|(name, count)| (name.clone(), *count)));
    Ok(structure)
}

#[cfg(test)]
mod tests {
    use super::{Kind, Procfile, Shape, Structure, after_build, routed_type, scaled};
    use api::names::ProcessType;

    fn types(names: &[&str]) -> Procfile {
        names.iter().map(|name| (ProcessType::parse(name).unwrap(), "run".to_owned())).collect()
    }

    fn structure(counts: &[(&str, u32)]) -> Structure {
        counts.iter().map(|(name, count)| (ProcessType::parse(name).unwrap(), *count)).collect()
    }

    fn after(counts: &[(&str, u32)], old: Option<(Kind, &[&str])>, new: (Kind, &[&str])) -> Structure {
        let old = old.map(|(kind, names)| (kind, types(names)));
        let new_types = types(new.1);
        let old = old.as_ref().map(|(kind, procfile)| Shape { kind: *kind, procfile });
        after_build(&structure(counts), old, Shape { kind: new.0, procfile: &new_types })
    }

    #[test]
    fn a_first_deploy_starts_one_of_the_main_type() {
        assert_eq!(after(&[], None, (Kind::Image, &[])), structure(&[("cmd", 1)]));
        assert_eq!(after(&[], None, (Kind::Image, &["web", "worker"])), structure(&[("web", 1)]));
        assert_eq!(after(&[], None, (Kind::Buildpack, &["worker"])), structure(&[]));
        assert_eq!(after(&[], None, (Kind::Buildpack, &[])), structure(&[("web", 1)]));
    }

    #[test]
    fn counts_survive_and_types_that_are_gone_do_not() {
        let old = Some((Kind::Image, &["web", "worker"][..]));
        let counts = [("web", 3), ("worker", 2)];
        assert_eq!(after(&counts, old, (Kind::Image, &["web", "clock"])), structure(&[("web", 3)]));
        assert_eq!(after(&[("web", 0)], old, (Kind::Image, &["web"])), structure(&[("web", 0)]));
    }

    #[test]
    fn another_kind_of_build_begins_anew() {
        let old = Some((Kind::Image, &[][..]));
        assert_eq!(after(&[("cmd", 4)], old, (Kind::Buildpack, &["web"])), structure(&[("web", 1)]));
    }

    #[test]
    fn web_is_routed_before_cmd() {
        assert_eq!(routed_type(&structure(&[("cmd", 1), ("web", 0)])), ProcessType::web());
        assert_eq!(routed_type(&structure(&[("worker", 1)])), ProcessType::cmd());
    }

    #[test]
    fn only_known_types_scale() {
        let procfile = types(&["web"]);
        let shape = Shape { kind: Kind::Image, procfile: &procfile };
        let error = scaled(&structure(&[]), &structure(&[("job", 1)]), shape).unwrap_err();
        assert_eq!(error.to_string(), "Container type job does not exist in application");
        assert_eq!(scaled(&structure(&[("web", 1)]), &structure(&[("cmd", 2)]), shape).unwrap().len(), 2);
        let error = scaled(&structure(&[]), &structure(&[("web", 1001)]), shape).unwrap_err();
        assert_eq!(error.to_string(), "A process type has at most 1000 instances.");
    }
}

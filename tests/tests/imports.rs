//! Who may import whom: the rules of ARCHITECTURE.md, between crates and inside the controller.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{Metadata, MetadataCommand};
use tests::sources::{self, CRATES};

/// Which of our crates a crate may depend on.
const CRATE_RULES: [(&str, &[&str]); 7] = [
    ("api", &[]),
    ("builder", &["api"]),
    ("cli", &["api"]),
    ("controller", &["api"]),
    ("router", &["api"]),
    ("slipway", &["api", "builder", "controller", "router"]),
    ("tests", &["api"]),
];

/// Which modules of the controller a module may use. `error` is everybody's, the crate's root composes them all.
const MODULE_RULES: [(&str, &[&str]); 20] = [
    ("auth", &["db", "state"]),
    ("certificate", &[]),
    ("db", &["certificate", "failpoint", "vault"]),
    ("error", &[]),
    ("failpoint", &[]),
    ("hook", &[]),
    (
        "http",
        &[
            "auth",
            "certificate",
            "db",
            "drains",
            "instances",
            "logs",
            "operation",
            "outage",
            "platform",
            "pulse",
            "pushes",
            "runs",
            "signals",
            "state",
        ],
    ),
    ("internal", &["db", "pushes", "routes", "state"]),
    ("logs", &["db", "platform"]),
    ("operation", &["db", "hook", "quantity", "signals", "state", "vault"]),
    ("outage", &["platform", "state"]),
    ("platform", &["failpoint"]),
    ("pulse", &[]),
    ("quantity", &[]),
    ("reconcile", &["db", "lease", "logs", "operation", "platform", "state", "workload"]),
    ("routes", &["db", "signals", "state"]),
    ("serve", &[]),
    ("signals", &["db"]),
    ("state", &["db", "hook", "logs", "platform", "pulse", "signals", "vault"]),
    ("vault", &[]),
];

/// Modules that tie others together: they may use all but `http`.
const COMPOSING: [&str; 12] = [
    "autoscale",
    "backup",
    "delivery",
    "drains",
    "housekeeping",
    "instances",
    "lease",
    "purge",
    "pushes",
    "runs",
    "worker",
    "workload",
];

/// What only one room may name.
const ROOMS: [(&str, &str); 5] = [
    ("bollard", "controller/src/platform/"),
    ("query!(", "controller/src/db/"),
    ("query_as!(", "controller/src/db/"),
    ("pool.begin", "controller/src/db/transaction.rs"),
    ("tx.commit()", "controller/src/db/transaction.rs"),
];

#[test]
fn crates_depend_only_on_those_below_them() {
    let metadata = MetadataCommand::new().no_deps().exec().expect("cargo metadata");
    let allowed = BTreeMap::from(CRATE_RULES);
    for (name, used) in dependencies(&metadata) {
        let rule = allowed.get(name).unwrap_or_else(|| panic!("the crate {name} has no import rule; add it here"));
        for other in used {
            assert!(rule.contains(&other), "{name} must not depend on {other}");
        }
    }
}

fn dependencies(metadata: &Metadata) -> BTreeMap<&str, BTreeSet<&str>> {
    metadata.packages.iter().map(|package| (package.name.as_str(), ours(package))).collect()
}

/// Those of our crates that a crate uses. Itself does not count: its tests may ask it for more than it ships.
fn ours(package: &cargo_metadata::Package) -> BTreeSet<&str> {
    names(package).filter(|name| CRATES.contains(name) && *name != package.name.as_str()).collect()
}

fn names(package: &cargo_metadata::Package) -> impl Iterator<Item = &str> {
    package.dependencies.iter().map(|dependency| dependency.name.as_str())
}

#[test]
fn modules_of_the_controller_use_only_those_below_them() {
    let mut wrong = Vec::new();
    for source in sources::all().expect("sources") {
        let Some(module) = controller_module(&source.path) else { continue };
        let code = source.code();
        let used = imports(&code);
        let strangers = used.iter().filter(|used| !may_use(module, used));
        wrong.extend(strangers.map(|used| format!("{}: {module} must not use {used}", source.path)));
    }
    assert_eq!(wrong, Vec::<String>::new());
}

fn may_use(module: &str, used: &str) -> bool {
    let rule = MODULE_RULES.iter().find(|(name, _)| *name == module);
    let allowed = match rule {
        Some((_, rule)) => rule.contains(&used),
        None => COMPOSING.contains(&module) && used != "http",
    };
    allowed || used == module || used == "error"
}

/// The module right under the controller's root that a file belongs to; none for the root itself.
fn controller_module(path: &str) -> Option<&str> {
    let inner = path.strip_prefix("controller/src/")?;
    let module = inner.split('/').next()?.trim_end_matches(".rs");
    (!["lib", "start"].contains(&module)).then_some(module)
}

/// The modules named by paths that begin with `crate::`, one by one or in braces.
fn imports(code: &str) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    for (start, root) in code.match_indices("crate::") {
        let rest = &code[start + root.len()..];
        match rest.strip_prefix('{') {
            Some(group) => found.extend(heads(group)),
            None => found.extend(word(rest)),
        }
    }
    found
}

/// The first word of each item of a brace group.
fn heads(group: &str) -> Vec<&str> {
    let mut depth = 1;
    let mut expecting = true;
    let mut found = Vec::new();
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => expecting = true,
            _ if expecting && !letter.is_whitespace() => {
                found.extend(word(&group[at..]));
                expecting = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    found
}

/// The lower-case word at the beginning: a module, not a type.
fn word(text: &str) -> Option<&str> {
    let end = text.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(text.len());
    text[..end].starts_with(|letter: char| letter.is_ascii_lowercase()).then_some(&text[..end])
}

#[test]
fn every_module_of_the_controller_has_a_rule() {
    for source in sources::all().expect("sources") {
        let Some(module) = controller_module(&source.path) else { continue };
        let known = MODULE_RULES.iter().any(|(name, _)| *name == module) || COMPOSING.contains(&module);
        assert!(known, "{}: the module {module} has no import rule; add it here and to ARCHITECTURE.md", source.path);
    }
}

#[test]
fn only_the_platform_talks_to_the_engine_and_only_db_writes_sql() {
    let mut wrong = Vec::new();
    for source in sources::all().expect("sources") {
        for (line, code) in source.production() {
            let strays = ROOMS.iter().filter(|(what, room)| code.contains(what) && !source.path.starts_with(room));
            wrong.extend(strays.map(|(what, room)| format!("{}:{line}: {what} belongs in {room}", source.path)));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn a_climb_to_the_root_is_written_as_crate() {
    let tops: BTreeSet<_> = MODULE_RULES.iter().map(|(module, _)| *module).chain(COMPOSING).collect();
    for source in sources::all().expect("sources") {
        let Some(module) = controller_module(&source.path) else { continue };
        // From one folder down, `super::super` is the root; a file's own tests climb once more.
        let climbs =
            source.text.match_indices("super::super::").filter_map(|(at, up)| word(&source.text[at + up.len()..]));
        for climb in climbs {
            let sideways = tops.contains(climb) && climb != module;
            assert!(!sideways, "{}: write crate::{climb}, so that the rules see it", source.path);
        }
    }
}

#[test]
fn imports_are_found_in_every_form() {
    let text = "use crate::{\n    db::{app, user},\n    error::Error,\n};\nuse crate::vault;\nuse crate::Thing;\n\
                fn f() { crate::http::x() }\n";
    assert_eq!(imports(text), BTreeSet::from(["db", "error", "http", "vault"]));
    assert!(!may_use("operation", "http") && may_use("worker", "reconcile") && !may_use("worker", "http"));
}

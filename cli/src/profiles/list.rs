//! `profiles:list`.

use std::path::PathBuf;

use anyhow::Result;
use serde::Serialize;

use crate::{
    context::Context,
    items::JsonArg,
    settings::{Profiles, Store},
    ui::clean,
};

/// Between the columns.
const GAP: usize = 3;

/// Lists the profiles: platforms that you are logged in to.
///
/// A star marks the one that this command line uses: the one that --config names, else the environment variable, else
/// `profiles:use`, else `client`.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    mycli profiles\n  \
    mycli -c staging profiles --json")]
pub struct Args {
    #[command(flatten)]
    json: JsonArg,
}

/// A profile, without its token.
#[derive(Serialize)]
struct Line {
    profile: String,
    file: PathBuf,
    current: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    controller: Option<String>,
    /// Why there is nothing to tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

/// Lists them by name.
pub fn run(args: &Args, context: &Context) -> Result<()> {
    let all = all(context)?;
    let ui = &context.ui;
    if args.json.json {
        return Ok(ui.json(&all)?);
    }
    ui.heading("Profiles")?;
    let rows: Vec<_> = all.iter().map(|one| (one.marked(), one.where_to(), one.file.display().to_string())).collect();
    let width = rows.iter().map(|(_, to, _)| to.chars().count()).max().unwrap_or_default() + GAP;
    let rows: Vec<_> = rows.into_iter().map(|(name, to, file)| (name, format!("{to:width$}{file}"))).collect();
    Ok(ui.pairs(rows.iter().map(|(name, rest)| (name.as_str(), rest.as_str())), GAP)?)
}

/// Every one that has a file, and the current one, which may have none or lie elsewhere.
fn all(context: &Context) -> Result<Vec<Line>> {
    let current = context.choice()?;
    let profiles = Profiles::of(&context.name);
    let mut all = Vec::new();
    if let Ok(profiles) = &profiles {
        for name in profiles.names()? {
            let store = profiles.store(&name)?;
            let is_current = store.path() == current.store.path();
            all.push(Line::read(name, &store, is_current));
        }
    }
    if !all.iter().any(|one| one.current) {
        all.push(Line::read(current.profile, &current.store, true));
    }
    all.sort_by(|a, b| a.profile.cmp(&b.profile));
    Ok(all)
}

impl Line {
    fn read(profile: String, store: &Store, current: bool) -> Self {
        let (settings, problem) = match store.find() {
            Ok(Some(settings)) => (Some(settings), None),
            Ok(None) => (None, Some("not logged in".to_owned())),
            // The path stands beside it.
            Err(_) => (None, Some("not a settings file".to_owned())),
        };
        let (username, controller) = settings.map(|it| (it.username, it.controller)).unzip();
        Self { profile, file: store.path().to_owned(), current, username, controller, problem }
    }

    fn marked(&self) -> String {
        format!("{} {}", if self.current { "*" } else { " " }, self.profile)
    }

    fn where_to(&self) -> String {
        match (&self.username, &self.controller) {
            (Some(username), Some(controller)) => clean(&format!("{username} at {controller}")),
            _ => self.problem.clone().unwrap_or_default(),
        }
    }
}

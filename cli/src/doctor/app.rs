//! The app: is it this user's, and does as much of it run as is wanted.

use anyhow::Result;
use api::{
    client::{apps, pods},
    names::AppName,
    types::{App, Pod},
};

use super::report::Report;
use crate::{
    context::{Context, Session},
    report,
};

const CHECK: &str = "app";
const UP: &str = "up";

/// Looks at the app that is meant, if one is.
pub async fn check(app: Option<String>, session: &Session, context: &Context, report: &mut Report<'_>) -> Result<()> {
    let Some(text) = app else { return Ok(()) };
    let name = match AppName::parse(&text) {
        Ok(name) => name,
        Err(error) => {
            let next = format!("`{} apps` lists yours.", context.name);
            return Ok(report.fail(CHECK, format!("{text:?} is not the name of an app: {error}"), next)?);
        }
    };
    match look(&name, session).await {
        Ok((app, pods)) => processes(&app, &pods, context, report),
        Err(error) => {
            let (text, next) = report::describe(&error.into(), &context.name);
            Ok(report.fail(CHECK, format!("{name}: {text}"), next.unwrap_or_else(|| "Try again later.".to_owned()))?)
        }
    }
}

async fn look(name: &AppName, session: &Session) -> api::client::Result<(App, Vec<Pod>)> {
    let app = apps::get(&session.client, name).await?;
    let pods = pods::list(&session.client, name, Some(session.settings.page(None))).await?;
    Ok((app, pods.results))
}

fn processes(app: &App, pods: &[Pod], context: &Context, report: &mut Report) -> Result<()> {
    let (id, name) = (&app.id, &context.name);
    let counts = app.structure.iter().map(|(process_type, wanted)| {
        let is_up = |pod: &&Pod| pod.process_type == process_type.as_str() && pod.state == UP;
        (process_type, *wanted as usize, pods.iter().filter(is_up).count())
    });
    let counts: Vec<_> = counts.collect();
    let text: Vec<_> = counts.iter().map(|(it, wanted, up)| format!("{it} {up} of {wanted} up")).collect();
    let text = format!("{id}: {}", text.join(", "));
    let next = format!("{name} ps -a {id}, {name} logs -a {id}");
    if counts.is_empty() {
        report.warn(
            CHECK,
            format!("{id}: nothing is deployed"),
            format!("git push {} main, or {name} pull", name.remote()),
        )?;
    } else if counts.iter().any(|(_, wanted, up)| *up == 0 && *wanted > 0) {
        report.fail(CHECK, text, next)?;
    } else if counts.iter().any(|(_, wanted, up)| up < wanted) {
        report.warn(CHECK, text, next)?;
    } else {
        report.ok(CHECK, text)?;
    }
    Ok(())
}

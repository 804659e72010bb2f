//! git: is it there, and where does the repository around the user lead.

use anyhow::Result;

use super::report::Report;
use crate::{
    builder::Builder,
    context::{Context, Session},
    repository,
};

const CHECK: &str = "git";

/// The app that a remote of this folder leads to.
pub async fn check(session: &Session, context: &Context, report: &mut Report<'_>) -> Result<Option<String>> {
    let name = &context.name;
    let Ok(version) = repository::version() else {
        report.warn(CHECK, "git is not installed", "Only `git push` needs it; images are deployed without.")?;
        return Ok(None);
    };
    let Ok(remote) = repository::remote_to(&session.settings.controller) else {
        report.ok(CHECK, format!("{version}; this folder is in no repository"))?;
        return Ok(None);
    };
    let Some(remote) = remote else {
        let next = format!("If one is to be pushed from here: {name} git:remote -a <app>");
        report.warn(CHECK, format!("no remote of this repository leads to {}", session.client.origin()), next)?;
        return Ok(None);
    };
    let (label, url, app) = (remote.name(), remote.url(), remote.app());
    // A controller that cannot tell now is another check's.
    let wanted = Builder::find(&session.client, &session.settings.controller).await.map(|it| it.remote(app)).ok();
    match wanted {
        Some(wanted) if wanted != url => {
            let next = format!("{name} git:remote -a {app} -r {label} --force   makes it {wanted}");
            report.warn(
                CHECK,
                format!("remote {label} leads to {url}, which the platform does not call itself"),
                next,
            )?;
        }
        _ => report.ok(CHECK, format!("{version}; remote {label} leads to app {app}"))?,
    }
    Ok(Some(app.to_owned()))
}

//! Many pushes at once: all get there, and nobody waits for ever behind somebody else.

use anyhow::{Context, Result, ensure};

use tests::git::Repository;

use super::{SMALL, Stage};

#[test]
fn apps_pushed_at_once_are_all_done() -> Result<()> {
    let stage = Stage::set()?;
    let count = if tests::prove() { 20 } else { 5 };
    let apps: Vec<_> = (0..count).map(|number| format!("app-{number}")).collect();
    let repositories = apps.iter().map(|app| stage.app(app, &[("Dockerfile", &SMALL.replace("Slipway", app))]));
    let repositories = repositories.collect::<Result<Vec<_>>>()?;
    let pushes = repositories.iter().map(Repository::begin_push).collect::<Result<Vec<_>>>()?;
    for (app, push) in apps.iter().zip(pushes) {
        let output = push.wait_with_output().with_context(|| app.clone())?;
        ensure!(output.status.success(), "{app}: {}", String::from_utf8_lossy(&output.stderr));
        stage.is_served(app, &format!("Powered by {app}"))?;
    }
    Ok(())
}

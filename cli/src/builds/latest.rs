//! The build that is meant when none is named.

use anyhow::Result;
use api::client::builds;
use uuid::Uuid;

use crate::{
    context::{AppSession, Context},
    report::Failure,
};

/// The build named, or the newest one.
pub async fn build(named: Option<Uuid>, session: &AppSession, context: &Context) -> Result<Uuid> {
    if let Some(named) = named {
        return Ok(named);
    }
    let page = builds::list_all(&session.client, &session.app, Some(1)).await?;
    let newest = page.results.first().map(|build| build.uuid);
    newest.ok_or_else(|| {
        let name = &context.name;
        Failure::new(format!("Nothing was deployed to {} yet", session.app))
            .hint(format!("Push a commit, or deploy an image: {name} pull <image>"))
            .into()
    })
}

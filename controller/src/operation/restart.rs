//! New instances in place of those that run; no release.

use api::names::ProcessType;
use sqlx::PgConnection;

use crate::{
    db::{
        self,
        app::App,
        signal::{Signal, notify},
    },
    error::Error,
};

/// Which instances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// All of the app.
    All,
    /// All of a type.
    Type(ProcessType),
    /// One by name, with or without the app's part of it.
    Instance(ProcessType, String),
}

/// Asks for new instances when the transaction commits, and answers the names of those to be replaced. One by one, as in a deploy: a new one serves
/// before its predecessor leaves.
pub async fn restart(tx: &mut PgConnection, app: &App, selection: &Selection) -> Result<Vec<String>, Error> {
    let instances = db::instance::list(&mut *tx, app.id).await?;
    let names: Vec<String> = instances
        .into_iter()
        .filter(|instance| match selection {
            Selection::All => true,
            Selection::Type(wanted) => instance.process_type == *wanted,
            Selection::Instance(wanted, name) => {
                instance.process_type == *wanted
                    && (instance.name == *name || instance.name == format!("{}-{name}", app.platform_name))
            }
        })
        .map(|instance| instance.name)
        .collect();
    let replaced = db::instance::replace(&mut *tx, app.id, Some(&names)).await?;
    notify(tx, Signal::App(app.id)).await?;
    Ok(replaced)
}

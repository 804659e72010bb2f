//! New instances in place of those that run; no release.

use std::fmt;

use sqlx::PgConnection;

use crate::{
    db::{
        self,
        app::App,
        instance::Instance,
        signal::{Signal, notify},
    },
    error::Error,
};

/// Which instances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// All of the app.
    All,
    /// All of a type; an app has none of a type that it does not know.
    Type(String),
    /// One by name, with or without the app's part of it.
    Instance(String),
}

/// In a word, for the audit row.
impl fmt::Display for Selection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => formatter.write_str("all"),
            Self::Type(name) | Self::Instance(name) => formatter.write_str(name),
        }
    }
}

/// Asks for new instances when the transaction commits, and answers those to be replaced. One by one, as in a deploy: a
/// new one serves before its predecessor leaves.
pub async fn restart(tx: &mut PgConnection, app: &App, selection: &Selection) -> Result<Vec<Instance>, Error> {
    let mut instances = db::instance::list(&mut *tx, app.id).await?;
    instances.retain(|instance| match selection {
        Selection::All => true,
        Selection::Type(wanted) => instance.process_type.as_str() == wanted,
        Selection::Instance(name) => instance.name == *name || instance.name == format!("{}-{name}", app.platform_name),
    });
    let names: Vec<String> = instances.iter().map(|instance| instance.name.clone()).collect();
    let replaced = db::instance::replace(&mut *tx, app.id, Some(&names)).await?;
    notify(tx, Signal::App(app.id)).await?;
    instances.retain(|instance| replaced.contains(&instance.name));
    Ok(instances)
}

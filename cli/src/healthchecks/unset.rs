//! `healthchecks:unset`.

use anyhow::Result;
use serde_json::{Map, Value};

use super::{probe::Kind, set};
use crate::{context::Context, items::AppArg};

/// Unsets healthchecks for an application.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    mycli healthchecks:unset liveness -a blog\n  \
    mycli healthchecks:unset liveness readiness --type worker -a blog")]
pub struct Args {
    /// `liveness`, `readiness` or both
    #[arg(required = true, value_name = "HEALTH_TYPE")]
    health_types: Vec<String>,
    #[command(flatten)]
    app: AppArg,
    /// Process type
    #[arg(long = "type", value_name = "TYPE", default_value = "web/cmd")]
    process_type: String,
}

/// Removes them and shows what is left of their type.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let mut change = Map::new();
    for text in &args.health_types {
        change.insert(text.parse::<Kind>()?.field().to_owned(), Value::Null);
    }
    set::apply("Removing healthchecks... ", &args.process_type, change.into(), &args.app, context).await
}

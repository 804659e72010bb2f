//! `limits:set`.

use anyhow::Result;
use api::{client, names::ProcessType, types::ConfigPatch};

use super::list;
use crate::{
    context::Context,
    items::{self, AppArg},
    report::Failure,
};

/// Sets resource limits for an application.
///
/// A limit holds for each process of a type. `<request>/<limit>` also says how much is set aside for it. The type
/// `run` stands for one-off commands.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    mycli limits:set web=512M worker=1G -a blog\n  \
    mycli limits:set --cpu web=500m -a blog\n  \
    mycli limits:set db=1G/2G -a blog")]
pub struct Args {
    /// The limits
    #[arg(required = true, value_name = "TYPE=LIMIT")]
    limits: Vec<String>,
    #[command(flatten)]
    app: AppArg,
    /// Limit CPU: cores, or thousandths of one (`500m`)
    #[arg(long, conflicts_with = "memory")]
    cpu: bool,
    /// Limit memory (the default): a number and B, K, M or G
    #[arg(short, long)]
    memory: bool,
}

/// Sets them and shows what came of it.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let pairs = args.limits.iter().map(|item| parse(item).ok_or_else(|| invalid(item)));
    let limits = items::set(pairs.collect::<Result<Vec<_>, _>>()?);
    let patch = if args.cpu {
        ConfigPatch { cpu: limits, ..ConfigPatch::default() }
    } else {
        ConfigPatch { memory: limits, ..ConfigPatch::default() }
    };
    apply(&patch, &args.app, context).await
}

/// Changes limits and shows what came of it.
pub async fn apply(patch: &ConfigPatch, app: &AppArg, context: &Context) -> Result<()> {
    let session = context.app(app)?;
    let progress = context.ui.begin("Applying limits... ")?;
    let config = client::config::patch(&session.client, &session.app, patch).await?;
    progress.done("done")?;
    context.ui.say("")?;
    list::print(&context.ui, session.app.as_str(), &config)
}

/// `type=#unit`, `type=#`, `type=#/#`.
fn parse(item: &str) -> Option<(&str, &str)> {
    let (process_type, value) = items::pair(item)?;
    ProcessType::parse(process_type).ok()?;
    let mut parts = value.split('/');
    let good = parts.by_ref().take(2).all(is_amount) && parts.next().is_none();
    good.then_some((process_type, value))
}

fn is_amount(text: &str) -> bool {
    let number = text.trim_end_matches(|c: char| "bkmg".contains(c.to_ascii_lowercase()));
    let is_number = number.bytes().all(|b| b.is_ascii_digit() || b == b'.') && number.starts_with(|c: char| c != '.');
    is_number && text.len() - number.len() <= 2
}

fn invalid(item: &str) -> Failure {
    Failure::new(format!(
        "{item} doesn't fit format type=#unit or type=# or type=#/#\nExamples: web=2G worker=500M db=1G/2G"
    ))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn limits() {
        for good in ["web=2G", "worker-low=500mb", "web=1", "web=0.5", "web=500m/1000m", "db=1G/2G", "web=0"] {
            assert!(parse(good).is_some(), "{good}");
        }
        for bad in ["web", "web=", "=1G", "web=G", "web=1T", "web=1/2/3", "Web=1G", "web=-1", "web=1GBB", "web=.5"] {
            assert!(parse(bad).is_none(), "{bad}");
        }
    }
}

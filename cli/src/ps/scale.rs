//! `ps:scale`, better known as `scale`.

use std::{collections::BTreeMap, time::Instant};

use anyhow::Result;
use api::{
    client::{apps, pods},
    names::ProcessType,
};

use super::{drink, list};
use crate::{context::Context, items::AppArg, report::Failure};

/// Scales an application's processes by type.
///
/// Types that are not named stay as they are.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    mycli scale cmd=2 -a blog\n  \
    mycli scale web=4 worker=0 -a blog")]
pub struct Args {
    /// The wanted numbers
    #[arg(required = true, value_name = "TYPE=NUM")]
    counts: Vec<String>,
    #[command(flatten)]
    app: AppArg,
}

/// Scales them and shows what runs then.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let counts = args.counts.iter().map(|item| parse(item)).collect::<Result<BTreeMap<_, _>, _>>()?;
    let session = context.app(&args.app)?;
    context.ui.say(format!("Scaling processes... but first, {}!", drink()))?;
    let start = Instant::now();
    let progress = context.ui.begin("")?;
    apps::scale(&session.client, &session.app, &counts).await?;
    progress.done(&format!("done in {}s", start.elapsed().as_secs()))?;
    let pods = pods::list(&session.client, &session.app, Some(session.settings.page(None))).await?.results;
    list::print(&context.ui, &session.app, &pods)
}

fn parse(item: &str) -> Result<(String, u32), Failure> {
    let parsed = || {
        let (process_type, count) = item.split_once('=')?;
        ProcessType::parse(process_type).ok()?;
        let digits = count.bytes().all(|b| b.is_ascii_digit());
        Some((process_type.to_owned(), count.parse().ok().filter(|_| digits)?))
    };
    // The line end is Deis's.
    parsed().ok_or_else(|| Failure::new(format!("'{item}' does not match the pattern 'type=num', ex: web=2\n")))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn counts() {
        assert_eq!(parse("worker-low=3").unwrap(), ("worker-low".to_owned(), 3));
        for bad in ["web", "web=", "web=-1", "web=+1", "web=x", "=1", "WEB=1", "web=99999999999"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}

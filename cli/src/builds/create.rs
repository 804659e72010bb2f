//! `builds:create`, better known as `pull`.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, Result};
use api::{client::builds, procfile::InvalidProcfile, types::CreateBuild};

use crate::{context::Context, items::AppArg, report::Failure};

/// Creates a new build of an application from an image.
///
/// The image is pulled from its registry and runs as the process type `cmd`, or as the types of a Procfile. It serves
/// as soon as it listens on the port that it exposes, or on the port in the config value PORT.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    mycli pull example-go -a blog\n  \
    mycli pull registry.example.com/team/blog:1.2 -a blog\n  \
    mycli pull team/blog:1.2 -a blog --procfile 'web: /bin/serve'")]
pub struct Args {
    /// The image: [registry/]name[:tag]
    image: String,
    #[command(flatten)]
    app: AppArg,
    /// The content of a Procfile, one `<type>: <command>` a line
    #[arg(short, long, value_name = "PROCFILE")]
    procfile: Option<String>,
}

/// Deploys the image.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.app(&args.app)?;
    let text = match &args.procfile {
        Some(text) => Some(text.clone()),
        // Deis's client read the file that lies around; Hephy's and ours wait to be told.
        None if context.name.is_deis() => read("Procfile")?,
        None => None,
    };
    let procfile = text.as_deref().map(procfile).transpose()?;
    let build = CreateBuild { image: args.image.clone(), procfile, ..CreateBuild::default() };
    let progress = context.ui.begin("Creating build... ")?;
    builds::create(&session.client, &session.app, &build).await?;
    Ok(progress.done("done")?)
}

fn read(path: &str) -> Result<Option<String>> {
    let exists = Path::new(path).is_file();
    exists.then(|| fs::read_to_string(path).with_context(|| format!("cannot read {path}"))).transpose()
}

/// The types of a Procfile as the API takes them.
fn procfile(text: &str) -> Result<BTreeMap<String, Option<String>>> {
    let types = api::procfile::parse(text).map_err(|error| match error {
        InvalidProcfile::Line(line) => {
            Failure::new(format!("{line:?} is not a line of a Procfile")).hint("One looks like this: web: /bin/serve")
        }
        error => Failure::new(error.to_string()),
    })?;
    Ok(types.into_iter().map(|(name, command)| (name, Some(command))).collect())
}

#[cfg(test)]
mod tests {
    use super::procfile;

    #[test]
    fn procfiles() {
        let types = procfile("# ours\nweb: python -m http.server 8000\n\nworker: \"run 'it' now\"\n").unwrap();
        let types: Vec<_> = types.iter().map(|(name, command)| (name.as_str(), command.as_deref().unwrap())).collect();
        assert_eq!(types, [("web", "python -m http.server 8000"), ("worker", "run 'it' now")]);
        assert!(procfile("web").is_err());
    }
}

//! `slipway stack`: the images that builds start from.

use std::{net::Ipv4Addr, path::PathBuf};

use anyhow::{Context, Result, bail, ensure};
use builder::build::{Job, StackJob, StackSource};
use clap::{Args, Subcommand};
use ipnet::Ipv4Net;
use uuid::Uuid;

use super::{
    runner,
    settings::{self, Credential, Limits, Settings},
};
use crate::standalone::{files, paths::Paths, pool};

/// An operator's own stack may be large.
const LIMITS: Limits =
    Limits { memory: 4 << 30, cpus: 4.0, processes: 512, seconds: 1800, disk: 16 << 30, cache_disk: u64::MAX };

/// What to do with stack images.
#[derive(Subcommand)]
pub enum StackCommand {
    /// Make a stack image from the tar of a root file system
    Import {
        /// The tar, not compressed, as `mmdebstrap` writes it
        file: PathBuf,
        /// Name of the image
        #[arg(long, default_value = "slipway-stack")]
        name: String,
    },
    /// Make a stack image from an image of a registry
    Pull {
        /// The image, such as docker.io/heroku/heroku:22-build
        reference: String,
        /// Name of the image [default: the last part of the reference]
        #[arg(long)]
        name: Option<String>,
    },
    /// List the stack images of this machine
    List,
    /// Remove a stack image; apps that stand on it run on
    Remove {
        /// Name of the image
        name: String,
    },
}

/// `slipway stack`.
#[derive(Args)]
pub struct StackOptions {
    /// What to do
    #[command(subcommand)]
    pub command: StackCommand,
}

/// Does it, in a sandbox of its own; what it says goes to `out`.
pub async fn run(options: StackOptions, settings: Settings, out: &mut impl std::io::Write) -> Result<()> {
    let (job, tar, network) = match options.command {
        StackCommand::Import { file, name } => {
            (StackJob { name: checked(name)?, source: StackSource::Tar }, Some(file), false)
        }
        StackCommand::Pull { reference, name } => {
            let name = checked(name.unwrap_or_else(|| last_part(&reference)))?;
            (StackJob { name, source: StackSource::Image { reference } }, None, true)
        }
        StackCommand::Remove { name } => (StackJob { name: checked(name)?, source: StackSource::Remove }, None, false),
        StackCommand::List => (StackJob { name: String::new(), source: StackSource::List }, None, false),
    };
    let said = runner::stack(&settings, Uuid::now_v7(), &Job::Stack(job), tar.as_deref(), network).await?;
    write!(out, "{said}").context("cannot write")
}

fn last_part(reference: &str) -> String {
    let name = reference.rsplit('/').next().unwrap_or(reference);
    name.split(['@', ':']).next().unwrap_or(name).to_owned()
}

/// A name that `buildah` cannot take for something else.
fn checked(name: String) -> Result<String> {
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.:".contains(&byte);
    let sound = name.bytes().all(good) && name.starts_with(|first: char| first.is_ascii_lowercase());
    ensure!(
        sound && name.len() < 100,
        "the name of a stack image has letters, digits and hyphens, as in slipway-stack"
    );
    if name == "slipway-build" {
        bail!("slipway-build is what builds call their own image");
    }
    Ok(name)
}

/// Settings for stack images alone: everything else of a build is left empty.
pub fn settings(paths: &Paths) -> Result<Settings> {
    let subnet = match files::read(&paths.network_pool())? {
        Some(text) => {
            let pool: Ipv4Net = text.trim().parse().context("the file of the network pool is damaged")?;
            pool.subnets(24)?.last().context("the network pool is too small")?
        }
        None => Ipv4Net::new_assert(Ipv4Addr::new(10, 255, 255, 0), 24),
    };
    Ok(Settings {
        program: std::env::current_exe().context("cannot tell which program this is")?,
        builds: paths.data.join("builds"),
        stacks: paths.data.join("stacks"),
        sources: PathBuf::new(),
        run: paths.run.join("builds"),
        socket: PathBuf::new(),
        group: 0,
        subnet,
        connected: true,
        name_servers: pool::name_servers(),
        registry: (Ipv4Addr::LOCALHOST, 0).into(),
        registry_data: PathBuf::new(),
        credential: Credential::default(),
        collector: None,
        proxy: settings::proxy(),
        stack: String::new(),
        buildpacks: None,
        limits: LIMITS,
    })
}

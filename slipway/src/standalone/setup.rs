//! Everything that must exist before the parts can run, made where it is missing. Running it again changes nothing.

use std::path::Path;

use anyhow::{Context, Result};
use controller::hook::Hooks;
use ipnet::Ipv4Net;

use super::{
    accounts::{self, Accounts},
    files::{self, Owner},
    options::Options,
    paths::Paths,
    pool,
    postgres::{self, Database},
    pushes::Pushes,
    registry, secrets,
};

/// What the parts are started with.
pub struct Setup {
    /// Where everything lies.
    pub paths: Paths,
    /// Who runs what.
    pub accounts: Accounts,
    /// The database.
    pub database: Database,
    /// The group through which the controller may use the engine.
    pub engine_group: u32,
    /// The networks of apps are cut from this.
    pub pool: Ipv4Net,
    /// The end of it, from which those of builds are.
    pub builds: Ipv4Net,
    /// Whether there are pushes.
    pub pushes: Pushes,
    /// Who is told of releases.
    pub hooks: Hooks,
}

impl Setup {
    /// Checks what the machine must bring, and makes the rest.
    pub fn ensure(options: &Options, paths: Paths) -> Result<Self> {
        // What can fail for want of a package comes before anything is made.
        let database = Database::choose(options.database_url.as_deref(), options.pg_bin.as_ref())?;
        let engine_group = accounts::engine_group(&options.docker_socket)?;
        let pushes = Pushes::choose(options.pushes.registry_bin.as_ref())?;
        let hooks = options.hooks.hooks()?;
        options.defaults.check()?;
        let accounts = Accounts::ensure(options.installation.name.as_str())?;
        ensure_folders(&paths, &accounts).context("cannot make the folders of the installation")?;
        secrets::ensure(&paths, &accounts)?;
        let pool = ensure_pool(&paths.network_pool(), options.network_pool)?;
        let builds = pool::builds_subnet(pool)?;
        if let Database::Private(programs) = &database {
            postgres::ensure(programs, &paths, &accounts)?;
        }
        match &pushes {
            Pushes::On { .. } => registry::ensure(&paths, &accounts, options.pushes.registry_listen)?,
            Pushes::Off { reason } => tracing::warn!(%reason, "there are no pushes"),
        }
        Ok(Self { paths, accounts, database, engine_group, pool, builds, pushes, hooks })
    }
}

/// Makes the folders, each for who needs it.
pub fn ensure_folders(paths: &Paths, accounts: &Accounts) -> std::io::Result<()> {
    let Accounts { controller, router, postgres, registry, builder, internal: _ } = accounts;
    // The roots hold what different users need; who may read what is each thing's own affair.
    for root in [&paths.config, &paths.data, &paths.run] {
        files::ensure_folder(root, Owner::ROOT, 0o755)?;
    }
    files::ensure_folder(&paths.journals(), Owner::ROOT, 0o700)?;
    files::ensure_folder(&paths.logs(), Owner::from(controller), 0o700)?;
    files::ensure_folder(&paths.router_data(), Owner::from(router), 0o700)?;
    files::ensure_folder(&paths.registry(), Owner::from(registry), 0o700)?;
    files::ensure_folder(&paths.repositories(), Owner::from(builder), 0o700)?;
    files::ensure_folder(&paths.sources(), Owner::from(controller), 0o700)?;
    // Builds run under ids of their own, and pass through to what is theirs.
    files::ensure_folder(&paths.builds(), Owner::ROOT, 0o711)?;
    files::ensure_folder(&paths.stacks(), Owner::ROOT, 0o711)?;
    files::ensure_folder(&paths.builds_run(), Owner::ROOT, 0o700)?;
    files::ensure_folder(&paths.router_run(), Owner::from(router), 0o700)?;
    // The controller passes through to the socket that it knows the name of, and can do nothing else there.
    let socket_owner = Owner { uid: postgres.uid, gid: controller.gid };
    files::ensure_folder(&paths.postgres_socket(), socket_owner, 0o710)
}

/// The pool that was named, or the one chosen before, or one chosen now.
fn ensure_pool(path: &Path, named: Option<Ipv4Net>) -> Result<Ipv4Net> {
    let kept = files::read(path)?.map(|text| text.trim().parse::<Ipv4Net>());
    let kept = kept.transpose().with_context(|| format!("{} holds no network", path.display()))?;
    let chosen = match (named, kept) {
        (Some(pool), _) | (None, Some(pool)) => pool,
        (None, None) => pool::choose(&pool::taken()?).context(
            "this machine uses every private network: name a range for apps that it does not need with --network-pool",
        )?,
    };
    if kept != Some(chosen) {
        files::write(path, format!("{chosen}\n").as_bytes(), Owner::ROOT, 0o644)?;
    }
    Ok(chosen)
}

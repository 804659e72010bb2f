//! Every path of an installation, from its three roots.

use std::path::PathBuf;

/// The roots; each can be moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// Keys and credentials: belongs in a backup apart from the data's.
    pub config: PathBuf,
    /// What must outlive a reboot.
    pub data: PathBuf,
    /// Sockets and marks of life.
    pub run: PathBuf,
}

impl Paths {
    /// The key of encryption at rest.
    pub fn key(&self) -> PathBuf {
        self.config.join("key")
    }

    /// The router's own key for its table on disk.
    pub fn router_key(&self) -> PathBuf {
        self.config.join("router.key")
    }

    /// The platform's own certificate and its key, as the router reads them.
    pub fn platform_certificate(&self) -> PathBuf {
        self.config.join("platform.pem")
    }

    /// The router's credential at the internal listener.
    pub fn router_credential(&self) -> PathBuf {
        self.config.join("router.credential")
    }

    /// The builder's credential at the internal listener.
    pub fn builder_credential(&self) -> PathBuf {
        self.config.join("builder.credential")
    }

    /// The key with which a builder of the original's kind calls the public API; root only.
    pub fn builder_key(&self) -> PathBuf {
        self.config.join("builder.key")
    }

    /// Its hash; the controller's.
    pub fn builder_key_hash(&self) -> PathBuf {
        self.config.join("builder.key.sha256")
    }

    /// Folder of the SSH host keys, which everybody may enter: the public ones are meant to be read.
    pub fn host_keys(&self) -> PathBuf {
        self.config.join("ssh")
    }

    /// Settings of the private registry.
    pub fn registry_settings(&self) -> PathBuf {
        self.config.join("registry.yml")
    }

    /// Who may use the private registry, as it knows them.
    pub fn registry_users(&self) -> PathBuf {
        self.config.join("registry.htpasswd")
    }

    /// The one credential for the private registry, `<user>:<password>`.
    pub fn registry_credential(&self) -> PathBuf {
        self.config.join("registry.credential")
    }

    /// Where the operator has the lines of all apps sent to.
    pub fn drains(&self) -> PathBuf {
        self.config.join("drains")
    }

    /// Hashes of the components' credentials.
    pub fn components(&self) -> PathBuf {
        self.config.join("components")
    }

    /// The one-time token of the first administrator; root only.
    pub fn bootstrap_token(&self) -> PathBuf {
        self.config.join("bootstrap.token")
    }

    /// Its hash; the controller's.
    pub fn bootstrap_token_hash(&self) -> PathBuf {
        self.config.join("bootstrap.token.sha256")
    }

    /// The pool from which app networks are cut.
    pub fn network_pool(&self) -> PathBuf {
        self.config.join("network-pool")
    }

    /// Data of the private PostgreSQL.
    pub fn postgres(&self) -> PathBuf {
        self.data.join("postgres")
    }

    /// The segment store: lines of apps.
    pub fn logs(&self) -> PathBuf {
        self.data.join("logs")
    }

    /// The router's last good table.
    pub fn router_data(&self) -> PathBuf {
        self.data.join("router")
    }

    /// Images of the private registry.
    pub fn registry(&self) -> PathBuf {
        self.data.join("registry")
    }

    /// Git repositories: a cache of what was pushed.
    pub fn repositories(&self) -> PathBuf {
        self.data.join("repositories")
    }

    /// Sources that wait to be built.
    pub fn sources(&self) -> PathBuf {
        self.data.join("sources")
    }

    /// Records and caches of builds.
    pub fn builds(&self) -> PathBuf {
        self.data.join("builds")
    }

    /// Images that builds start from, read-only to them.
    pub fn stacks(&self) -> PathBuf {
        self.data.join("stacks")
    }

    /// When the last good backup was made.
    pub fn last_backup(&self) -> PathBuf {
        self.data.join("last-backup.json")
    }

    /// What the parts write about themselves.
    pub fn journals(&self) -> PathBuf {
        self.data.join("journals")
    }

    /// The public API; the router is its only client.
    pub fn api_socket(&self) -> PathBuf {
        self.run.join("api.sock")
    }

    /// Route stream, acknowledgements and pushes.
    pub fn internal_socket(&self) -> PathBuf {
        self.run.join("internal.sock")
    }

    /// Where the controller has the supervisor build.
    pub fn builds_socket(&self) -> PathBuf {
        self.run.join("builds.sock")
    }

    /// What of builds that run does not outlive a reboot.
    pub fn builds_run(&self) -> PathBuf {
        self.run.join("builds")
    }

    /// Folder of PostgreSQL's socket.
    pub fn postgres_socket(&self) -> PathBuf {
        self.run.join("postgres")
    }

    /// Folder of the router's control socket, which every new router makes anew.
    pub fn router_run(&self) -> PathBuf {
        self.run.join("router")
    }

    /// The router's control socket.
    pub fn router_control(&self) -> PathBuf {
        self.router_run().join("control.sock")
    }

    /// Where `slipway status` and its like reach the supervisor.
    pub fn supervisor_socket(&self) -> PathBuf {
        self.run.join("supervisor.sock")
    }

    /// Locked by the one supervisor.
    pub fn supervisor_lock(&self) -> PathBuf {
        self.run.join("supervisor.lock")
    }

    /// Mark of life of a part.
    pub fn mark(&self, part: &str) -> PathBuf {
        self.run.join(format!("{part}.alive"))
    }
}

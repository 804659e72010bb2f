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

    /// The router's credential at the internal listener.
    pub fn router_credential(&self) -> PathBuf {
        self.config.join("router.credential")
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

    /// What the parts write about themselves.
    pub fn journals(&self) -> PathBuf {
        self.data.join("journals")
    }

    /// The public API; the router is its only client.
    pub fn api_socket(&self) -> PathBuf {
        self.run.join("api.sock")
    }

    /// Route stream and acknowledgements.
    pub fn internal_socket(&self) -> PathBuf {
        self.run.join("internal.sock")
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

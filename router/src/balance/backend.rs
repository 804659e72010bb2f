//! One instance as the router knows it: where it listens, what is under way there, how it behaves.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
};

use api::routes::Endpoint;
use tokio::sync::Notify;

use super::health::Health;
use crate::upstream::{Address, Pool};

/// One instance.
pub(crate) struct Backend {
    /// Name of the instance; what logs and acknowledgements call it.
    pub instance: String,
    pub address: Address,
    pub pool: Pool,
    pub health: Health,
    outstanding: AtomicU64,
    retired: AtomicBool,
    /// Told when the last request leaves an instance that has left the table.
    drained: Arc<Notify>,
}

impl Backend {
    pub fn new(instance: String, address: Address, drained: Arc<Notify>) -> Self {
        Self {
            instance,
            address,
            pool: Pool::default(),
            health: Health::default(),
            outstanding: AtomicU64::new(0),
            retired: AtomicBool::new(false),
            drained,
        }
    }

    /// True when this is the instance of the endpoint.
    pub fn is(&self, endpoint: &Endpoint) -> bool {
        self.instance == endpoint.instance && self.address == Address::Tcp(endpoint.address)
    }

    /// Requests and upgraded connections under way.
    pub fn outstanding(&self) -> u64 {
        self.outstanding.load(SeqCst)
    }

    /// The instance has left the table. From now on [`Lease::new`] fails, or [`Backend::outstanding`] counts it.
    pub fn retire(&self) {
        self.retired.store(true, SeqCst);
        self.pool.close();
    }
}

/// A request under way at an instance; counted until dropped.
pub(crate) struct Lease(Arc<Backend>);

impl Lease {
    /// None when the instance has left the table since the caller looked there.
    pub fn new(backend: &Arc<Backend>) -> Option<Self> {
        // The order matters, together with the one in `retire`: either we see that it has left, or whoever
        // acknowledges that it left sees us.
        backend.outstanding.fetch_add(1, SeqCst);
        let lease = Self(backend.clone());
        (!backend.retired.load(SeqCst)).then_some(lease)
    }

    pub fn backend(&self) -> &Arc<Backend> {
        &self.0
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let before = self.0.outstanding.fetch_sub(1, SeqCst);
        if before == 1 && self.0.retired.load(SeqCst) {
            self.0.drained.notify_one();
        }
    }
}

//! How many connections there may be: from all, and from one address.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Peer;

/// Counts connections.
#[derive(Debug)]
pub(crate) struct Admission {
    free: Arc<Semaphore>,
    per_address: usize,
    addresses: Mutex<HashMap<IpAddr, usize>>,
}

/// A connection that may be served; counted until dropped.
#[derive(Debug)]
pub(crate) struct Ticket {
    _seat: OwnedSemaphorePermit,
    counted: Option<(Arc<Admission>, IpAddr)>,
}

impl Admission {
    pub fn new(connections: usize, per_address: usize) -> Self {
        let connections = connections.min(Semaphore::MAX_PERMITS);
        Self { free: Arc::new(Semaphore::new(connections)), per_address, addresses: Mutex::default() }
    }

    /// Returns when there is room for one more connection. Until then they wait in the kernel's queue.
    pub async fn seat(&self) -> anyhow::Result<OwnedSemaphorePermit> {
        Ok(self.free.clone().acquire_owned().await?)
    }

    /// Admits one more request over a connection that has been admitted, or not: what is under way on it needs as much
    /// as connections of its own would. Nobody waits for room, since all others on the connection would wait, too.
    pub fn admit_another(self: &Arc<Self>, peer: &Peer) -> Option<Ticket> {
        self.admit(self.free.clone().try_acquire_owned().ok()?, peer)
    }

    /// Admits a connection, or not, when its address has as many as one may have. An IPv6 client has the last 64 bits
    /// for itself and counts by the first.
    pub fn admit(self: &Arc<Self>, seat: OwnedSemaphorePermit, peer: &Peer) -> Option<Ticket> {
        if peer.loopback || peer.trusted {
            return Some(Ticket { _seat: seat, counted: None });
        }
        let address = network(peer.address);
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        let count = addresses.entry(address).or_default();
        if *count >= self.per_address {
            return None;
        }
        *count += 1;
        Some(Ticket { _seat: seat, counted: Some((self.clone(), address)) })
    }

    fn leave(&self, address: IpAddr) {
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = addresses.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                addresses.remove(&address);
            }
        }
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) >> 64 << 64).into()),
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some((admission, address)) = self.counted.take() {
            admission.leave(address);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listen::Protocol;

    async fn admit(admission: &Arc<Admission>, address: &str) -> Option<Ticket> {
        let peer = Peer::new(address.parse().unwrap(), Protocol::Http, false);
        admission.admit(admission.seat().await.unwrap(), &peer)
    }

    #[tokio::test]
    async fn an_address_has_only_so_many() {
        let admission = Arc::new(Admission::new(100, 2));
        let first = admit(&admission, "203.0.113.7:1").await;
        let _second = admit(&admission, "203.0.113.7:2").await.unwrap();
        assert!(admit(&admission, "203.0.113.7:3").await.is_none());
        assert!(admit(&admission, "203.0.113.8:1").await.is_some());
        drop(first);
        assert!(admit(&admission, "203.0.113.7:4").await.is_some());
    }

    #[tokio::test]
    async fn a_network_of_ipv6_is_one_client_and_loopback_is_many() {
        let admission = Arc::new(Admission::new(100, 1));
        let _first = admit(&admission, "[2001:db8::1]:1").await.unwrap();
        assert!(admit(&admission, "[2001:db8::2]:1").await.is_none());
        assert!(admit(&admission, "[2001:db8:0:1::1]:1").await.is_some());
        let _loopback = admit(&admission, "127.0.0.1:1").await.unwrap();
        assert!(admit(&admission, "127.0.0.1:2").await.is_some());
    }

    #[tokio::test]
    async fn a_request_more_counts_like_a_connection_and_does_not_wait() {
        let admission = Arc::new(Admission::new(2, 1));
        let peer = |address: &str| Peer::new(address.parse().unwrap(), Protocol::Https, false);
        let _one = admission.admit_another(&peer("203.0.113.7:1")).unwrap();
        assert!(admission.admit_another(&peer("203.0.113.7:1")).is_none());
        let _other = admission.admit_another(&peer("203.0.113.8:1")).unwrap();
        assert!(admission.admit_another(&peer("203.0.113.9:1")).is_none());
    }

    #[tokio::test]
    async fn what_leaves_makes_room() {
        let admission = Arc::new(Admission::new(1, 1));
        let only = admit(&admission, "127.0.0.1:1").await.unwrap();
        let mut next = Box::pin(admission.seat());
        assert!(futures_util::poll!(&mut next).is_pending());
        drop(only);
        assert!(futures_util::poll!(&mut next).is_ready());
    }
}

//! Gets a request answered: by which instance, over which connection, and how often it is tried.
//!
//! A request may be sent again only when it certainly was not executed (no connection came to be, or it was closed
//! before anything was sent), or when executing it twice does no harm: an idempotent one without a body, once, when
//! the connection had been idle and closed without a byte of an answer.

use std::{sync::Arc, time::Duration};

use http::{Response, Version};

use super::{hop, host::HostName, outbound::Outbound};
use crate::{
    balance::{Backend, Lease},
    respond::Refusal,
    shared::{Shared, Target},
    upstream::{ConnectError, Failure, Line, Reply},
};

/// Most connections tried for one request. Beyond that, waiting costs more than the error.
const MOST_ATTEMPTS: usize = 4;

/// An answer, and the instance that gives it.
pub(super) struct Forwarded {
    pub response: Response<Reply>,
    pub lease: Lease,
}

impl Forwarded {
    /// Without what belongs to the connection that it came over.
    pub fn stripped(mut self) -> Self {
        *self.response.version_mut() = Version::HTTP_11;
        hop::strip_response(self.response.headers_mut());
        self
    }
}

/// What is known after some attempts.
struct Attempts<'a> {
    shared: &'a Shared,
    host: &'a HostName,
    /// Instances that did not accept a connection.
    tried: Vec<Arc<Backend>>,
    /// Only new connections from now on.
    fresh: bool,
    refusal: Refusal,
}

/// What one attempt came to, when not to an answer.
enum Setback {
    /// To be sent again.
    Again(Box<Outbound>),
    Final(Refusal),
}

/// Sends a request to an instance of the app at `host`.
pub(super) async fn forward(shared: &Shared, host: &HostName, outbound: Outbound) -> Result<Forwarded, Refusal> {
    let fresh = !outbound.may_reuse();
    let mut attempts = Attempts { shared, host, tried: Vec::new(), fresh, refusal: Refusal::BadGateway };
    let mut outbound = outbound;
    loop {
        let (lease, patience) = attempts.lease()?;
        let (line, reused) = match attempts.line(lease.backend()).await {
            Some(line) => line,
            None if attempts.tried.len() < MOST_ATTEMPTS => continue,
            None => return Err(attempts.refusal),
        };
        match attempts.exchange(line, reused, lease, outbound, patience).await {
            Ok(forwarded) => return Ok(forwarded),
            Err(Setback::Again(again)) => outbound = *again,
            Err(Setback::Final(refusal)) => return Err(refusal),
        }
    }
}

impl Attempts<'_> {
    /// The instance to try next, and how long it may be silent.
    fn lease(&self) -> Result<(Lease, Duration), Refusal> {
        loop {
            let target = self.shared.lookup(self.host.as_str()).ok_or(Refusal::UnknownHost)?;
            let (backend, patience) = match &target {
                Target::Api(_) if !self.tried.is_empty() => return Err(Refusal::ApiUnreachable),
                Target::Api(controller) => (controller, self.shared.timeouts.api_response),
                Target::App(app) if app.maintenance => return Err(Refusal::Maintenance),
                Target::App(app) if app.backends.is_empty() => return Err(Refusal::NothingRunning),
                Target::App(app) => {
                    let backend = app.pick(self.shared.now(), &self.tried).ok_or(self.refusal)?;
                    (backend, self.shared.timeouts.response)
                }
            };
            // It may have left the table just now; then another table is in place.
            if let Some(lease) = Lease::new(backend) {
                return Ok((lease, patience));
            }
        }
    }

    /// A connection to the instance, and whether it has been used before.
    async fn line(&mut self, backend: &Arc<Backend>) -> Option<(Line, bool)> {
        let reused = if self.fresh { None } else { backend.pool.take() };
        if let Some(line) = reused {
            return Some((line, true));
        }
        match self.shared.connector.connect(&backend.address).await {
            Ok(line) => Some((line, false)),
            Err(error) => {
                tracing::warn!(instance = backend.instance, address = %backend.address, %error, "cannot connect");
                self.unreachable(backend, &error);
                None
            }
        }
    }

    fn unreachable(&mut self, backend: &Arc<Backend>, error: &ConnectError) {
        backend.health.failed(self.shared.now());
        self.tried.push(backend.clone());
        self.refusal = match error {
            ConnectError::TimedOut => Refusal::GatewayTimeout,
            ConnectError::Refused(_) | ConnectError::Unusable(_) => Refusal::BadGateway,
        };
    }

    async fn exchange(
        &mut self,
        line: Line,
        reused: bool,
        lease: Lease,
        outbound: Outbound,
        patience: Duration,
    ) -> Result<Forwarded, Setback> {
        let upgrade = outbound.upgrade;
        let copy = reused.then(|| Box::new(outbound.copy()));
        let request = outbound.into_request(&line.gauge().clone());
        let failure = match line.exchange(request, patience).await {
            Ok(response) => {
                lease.backend().health.succeeded();
                return Ok(Forwarded { response, lease });
            }
            Err(failure) => failure,
        };
        self.setback(failure, copy, upgrade, lease.backend())
    }

    fn setback(
        &mut self,
        failure: Failure,
        copy: Option<Box<Outbound>>,
        upgrade: bool,
        backend: &Arc<Backend>,
    ) -> Result<Forwarded, Setback> {
        let instance = &backend.instance;
        let refusal = match (failure, copy) {
            (Failure::Unsent(request), copy) => {
                if copy.is_none() {
                    // A new connection that was closed at once.
                    self.unreachable(backend, &ConnectError::Refused(std::io::ErrorKind::ConnectionReset.into()));
                }
                return Err(Setback::Again(Box::new(Outbound::unsent(*request, upgrade))));
            }
            (Failure::Silent(_), Some(copy)) => {
                self.fresh = true;
                return Err(Setback::Again(copy));
            }
            (Failure::Silent(error) | Failure::Broken(error), _) => {
                tracing::warn!(instance, %error, "no answer");
                backend.health.reset(self.shared.now());
                Refusal::BadGateway
            }
            (Failure::TimedOut, _) => {
                tracing::warn!(instance, "no answer in time");
                Refusal::GatewayTimeout
            }
            (Failure::ClientGone, _) => Refusal::BadRequest("The body of the request is incomplete or malformed."),
        };
        Err(Setback::Final(refusal))
    }
}

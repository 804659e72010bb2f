//! Gets a request answered: by which instance, over which connection, and how often it is tried.
//!
//! A request may be sent again only when it certainly was not executed (no connection came to be, or it was closed
//! before anything was sent), or when executing it twice does no harm: an idempotent one without a body, when the
//! connection closed without a byte of an answer. It is then sent once more for a connection that had been idle, which
//! may just have been closed; and once more, to another instance, for a new one, whose instance has died. Never more: a
//! request that kills who executes it meets three instances at most, not all.

use std::{sync::Arc, time::Duration};

use http::{Request, Response, Version};

use super::{hop, outbound::Outbound};
use crate::{
    balance::{Backend, Lease},
    respond::Refusal,
    shared::{Shared, Target},
    upstream::{ConnectError, Failure, Line, Reply, Upload},
};

/// Most instances tried for one request. Beyond that, waiting costs more than the error.
const MOST_ATTEMPTS: usize = 4;

/// An answer, and the instance that gives it.
pub(super) struct Forwarded {
    pub response: Response<Reply>,
    pub lease: Lease,
    /// How long both sides may be silent if it becomes a tunnel, where the app has a time of its own.
    pub silence: Option<Duration>,
}

/// How long an instance may take.
#[derive(Clone, Copy)]
struct Patience {
    /// To accept a connection.
    connect: Duration,
    /// To say the next byte of its answer.
    answer: Duration,
    /// The app's own time for that, if it has one.
    own: Option<Duration>,
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
    /// Instances that did not accept a connection, or died of this one.
    tried: Vec<Arc<Backend>>,
    /// Only new connections from now on.
    fresh: bool,
    /// It has been sent to another instance already because one died.
    bereft: bool,
    refusal: Refusal,
}

/// Sends a request to an instance behind `target`.
pub(super) async fn forward(
    shared: &Shared,
    target: Target,
    mut outbound: Box<Outbound>,
) -> Result<Forwarded, Refusal> {
    let repeatable = outbound.is_repeatable();
    let refusal = Refusal::BadGateway;
    let mut attempts = Attempts { shared, tried: Vec::new(), fresh: !repeatable, bereft: false, refusal };
    let mut target = Some(target);
    loop {
        let (lease, patience) = attempts.lease(target.take(), &outbound)?;
        let reused = if attempts.fresh { None } else { lease.backend().pool.take() };
        let used = reused.is_some();
        let line = match reused {
            Some(line) => line,
            // Rare enough to be kept out of this future, which is moved for each request.
            None => match Box::pin(attempts.connect(lease.backend(), patience.connect)).await {
                Some(line) => line,
                None if attempts.tried.len() < MOST_ATTEMPTS => continue,
                None => return Err(attempts.refusal),
            },
        };
        let request = outbound.take_request(line.gauge());
        match line.exchange(request, patience.answer, repeatable).await {
            Ok(response) => {
                lease.backend().health.succeeded();
                return Ok(Forwarded { response, lease, silence: patience.own });
            }
            Err(failure) => outbound.put_back(*attempts.setback(failure, used, lease.backend())?),
        }
    }
}

impl Attempts<'_> {
    /// The instance to try next, and how long it may take. `known` is what the host led to a moment ago.
    fn lease(&self, known: Option<Target>, outbound: &Outbound) -> Result<(Lease, Patience), Refusal> {
        let mut known = known;
        loop {
            let found = known.take().or_else(|| self.shared.lookup(outbound.host.as_str()));
            let target = found.ok_or(Refusal::UnknownHost)?;
            let (whitelist, timeouts) = (&self.shared.settings.whitelist, &self.shared.timeouts);
            let (backend, patience) = match &target {
                Target::Api(_) if !whitelist.admits_to_api(outbound.client) => return Err(Refusal::NotAdmitted),
                Target::Api(_) if !self.tried.is_empty() => return Err(Refusal::ApiUnreachable),
                Target::Api(controller) => {
                    (controller, Patience { connect: timeouts.connect, answer: timeouts.api_response, own: None })
                }
                Target::App(app) if !whitelist.admits(outbound.client, &app.whitelist) => {
                    return Err(Refusal::NotAdmitted);
                }
                Target::App(app) if app.maintenance => return Err(Refusal::Maintenance),
                Target::App(app) => {
                    let group = app.group(outbound.path());
                    if group.is_empty() {
                        return Err(Refusal::NothingRunning);
                    }
                    let backend = group.pick(self.shared.now(), &self.tried).ok_or(self.refusal)?;
                    let own = app.treatment.timeout();
                    let connect = app.treatment.connect_timeout().unwrap_or(timeouts.connect);
                    (backend, Patience { connect, answer: own.unwrap_or(timeouts.response), own })
                }
            };
            // It may have left the table just now; then another table is in place.
            if let Some(lease) = Lease::new(backend) {
                return Ok((lease, patience));
            }
        }
    }

    async fn connect(&mut self, backend: &Arc<Backend>, timeout: Duration) -> Option<Box<Line>> {
        match self.shared.connector.connect(&backend.address, timeout).await {
            Ok(line) => Some(line),
            Err(error) => {
                tracing::warn!(instance = backend.instance, address = %backend.address, %error, "cannot connect");
                self.unreachable(backend, matches!(error, ConnectError::TimedOut));
                None
            }
        }
    }

    fn unreachable(&mut self, backend: &Arc<Backend>, timed_out: bool) {
        backend.health.failed(self.shared.now());
        self.tried.push(backend.clone());
        self.refusal = if timed_out { Refusal::GatewayTimeout } else { Refusal::BadGateway };
    }

    /// The request, if it is to be sent again.
    fn setback(
        &mut self,
        failure: Failure,
        used: bool,
        backend: &Arc<Backend>,
    ) -> Result<Box<Request<Upload>>, Refusal> {
        let instance = &backend.instance;
        match failure {
            Failure::Unsent(request) => {
                if !used {
                    // A new connection that was closed at once.
                    self.unreachable(backend, false);
                }
                Ok(request)
            }
            Failure::Silent(_, Some(request)) if used => {
                self.fresh = true;
                Ok(request)
            }
            Failure::Silent(error, Some(request)) if !self.bereft => {
                tracing::warn!(instance, %error, "no answer, asking another instance");
                self.bereft = true;
                self.tried.push(backend.clone());
                backend.health.reset(self.shared.now());
                Ok(request)
            }
            Failure::Silent(error, _) | Failure::Broken(error) => {
                tracing::warn!(instance, %error, "no answer");
                backend.health.reset(self.shared.now());
                Err(Refusal::BadGateway)
            }
            Failure::TimedOut => {
                tracing::warn!(instance, "no answer in time");
                Err(Refusal::GatewayTimeout)
            }
            Failure::TooLarge => Err(Refusal::BodyTooLarge),
            Failure::ClientGone => Err(Refusal::BadRequest("The body of the request is incomplete or malformed.")),
        }
    }
}

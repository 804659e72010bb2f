//! Connections to what answers requests: instances of apps, and the controller.
//!
//! A connection ([`Line`]) is driven by the request that uses it, not by a task of its own: everything about a request
//! then happens in the task of its client, which spares two wake-ups and two switches a request.

mod connect;
mod gauge;
mod io;
mod line;
mod pool;
mod replay;
mod reply;
mod socket;
mod upload;

pub(crate) use connect::{ConnectError, Connector};
pub(crate) use gauge::Gauge;
pub(crate) use line::{Failure, Line};
pub(crate) use pool::Pool;
pub(crate) use reply::Reply;
pub(crate) use socket::{Address, Socket};
pub(crate) use upload::{Bounds, Upload};

//! The router as its users meet it: real sockets, raw clients, instances of all manners.
#![cfg(test)]

mod support;

mod api_host;
mod basics;
mod control;
mod drain;
mod guarantees;
mod http2;
mod limits;
mod load;
mod retry;
mod settings;
mod smuggling;
mod stream;
mod timers;
mod tls;
mod treatment;
mod upgrade;

//! The router as its users meet it: real sockets, raw clients, instances of all manners.
#![cfg(test)]

mod support;

mod basics;
mod control;
mod stream;

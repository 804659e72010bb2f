//! What the end-to-end tests and the tests over our own sources share.

pub mod sources;

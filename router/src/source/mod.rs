//! Where routes come from: the controller's stream, and the last good table on disk until it answers.

mod file;
mod internal;
mod lines;
mod replica;
mod report;
mod stream;

pub(crate) use file::TableFile;
pub(crate) use internal::Internal;
pub(crate) use replica::Replica;
pub(crate) use report::Reporter;
pub(crate) use stream::{Follower, Standing};

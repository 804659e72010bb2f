//! Options and arguments that many verbs share.

use std::collections::BTreeMap;

use clap::Args;
use serde_json::Value;

// These have no documentation comment of their own: clap would take it for the help of the verb that includes them.
#[derive(Args)]
pub struct AppArg {
    /// The application [default: from the git remotes, else the folder's name]
    #[arg(short, long, value_name = "APP")]
    pub app: Option<String>,
}

#[derive(Args)]
pub struct PageArg {
    /// How many to show at most [default: 100]
    #[arg(short, long, value_name = "NUM")]
    pub limit: Option<u32>,
}

#[derive(Args)]
pub struct JsonArg {
    /// Print JSON, for programs
    #[arg(long)]
    pub json: bool,
}

/// `<key>=<value>` with something on the left.
pub fn pair(item: &str) -> Option<(&str, &str)> {
    item.split_once('=').filter(|(key, _)| !key.is_empty())
}

/// A change that sets the pairs.
pub fn set<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> BTreeMap<String, Option<Value>> {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), Some(value.into()))).collect()
}

/// A change that removes the keys.
pub fn unset(keys: &[String]) -> BTreeMap<String, Option<Value>> {
    keys.iter().map(|key| (key.clone(), None)).collect()
}

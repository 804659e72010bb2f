//! Who the user is and where: the settings file that `login` writes.

mod locate;
mod profiles;
mod store;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use locate::{By, Choice, locate};
pub use profiles::{DEFAULT, Profiles};
pub use store::{Store, write_private};

/// The size of a list's page where the user has not set one.
const PAGE: u32 = 100;

/// The content of a settings file. No `Debug`: there is a token in it.
#[derive(Clone, Serialize, Deserialize)]
pub struct Settings {
    /// The user that is logged in.
    #[serde(default)]
    pub username: String,
    /// False accepts every TLS certificate.
    #[serde(default = "yes")]
    pub ssl_verify: bool,
    /// URL of the controller.
    pub controller: String,
    /// The user's token.
    #[serde(default)]
    pub token: String,
    /// Page size of lists; 0 means 100.
    #[serde(default)]
    pub response_limit: u32,
    /// What other versions wrote, kept as it is.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Settings {
    /// The size of a list's page: what was asked for, else the user's own default.
    pub fn page(&self, asked: Option<u32>) -> u32 {
        let default = if self.response_limit == 0 { PAGE } else { self.response_limit };
        asked.unwrap_or(default)
    }
}

fn yes() -> bool {
    true
}

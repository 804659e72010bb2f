//! The router: takes requests by host name to healthy instances of apps, and serves on when everything else is gone.
//!
//! [`run`] accepts connections on sockets that somebody else has opened, so that a restart refuses nobody. A request
//! reads the current [table](table) and nothing else that is shared: routes arrive from the controller as a stream
//! ([`source`]) and are swapped in as a whole.

pub mod control;

mod balance;
mod client;
mod config;
mod listen;
mod paths;
mod platform;
mod proxy;
mod respond;
mod run;
mod settings;
mod shared;
mod source;
mod table;
mod tls;
mod upstream;
mod watch;
mod wire;

pub use config::{Config, Credential, HttpsPort, Limits, TableKey, Timeouts};
pub use listen::{Listener, Listeners, Protocol};
pub use platform::{PlatformCertificate, check_certificate};
pub use proxy::ACCESS_LOG;
pub use run::run;
pub use settings::{Hsts, Mode, SETTINGS, Setting, SettingError, Settings, Whitelist};

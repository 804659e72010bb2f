//! What a process says about itself: JSON lines on standard error, or text where a person watches.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Detail unless `RUST_LOG` says otherwise.
const DEFAULT: &str = "info,sqlx=warn";

/// Starts logging; to be called once.
pub fn start() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        builder.with_target(false).init();
    } else {
        builder.json().flatten_event(true).with_span_list(false).init();
    }
}

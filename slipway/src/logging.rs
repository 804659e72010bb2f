//! What a process says about itself: JSON lines on standard error, or text where a person watches.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Detail unless `RUST_LOG` says otherwise.
const DEFAULT: &str = "info,sqlx=warn";

/// Starts logging; to be called once.
pub fn start() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT));
    // A line that cannot be written, because the disk is full, is lost. Complaining of it on the same standard error would
    // panic, and take the request along that the line is about.
    let builder = tracing_subscriber::fmt().log_internal_errors(false);
    let builder = builder.with_env_filter(filter).with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        builder.with_target(false).init();
    } else {
        builder.json().flatten_event(true).with_span_list(false).init();
    }
}

//! The settings of the private server: given with each start, so that a newer supervisor changes them by restarting it.

use std::{ffi::OsString, path::Path};

/// What differs from PostgreSQL's own defaults.
const SETTINGS: [&str; 8] = [
    // The unix socket alone.
    "listen_addresses=",
    "max_connections=60",
    // The platform's own data is small; the kernel caches what is read.
    "shared_buffers=32MB",
    "jit=off",
    "max_wal_size=256MB",
    // A holder of locks that fell silent must not stop the others.
    "idle_in_transaction_session_timeout=60s",
    "log_line_prefix=%m [%p] ",
    "log_timezone=UTC",
];

/// Arguments of `postgres`.
pub fn arguments(data: &Path, socket: &Path) -> Vec<OsString> {
    let mut socket_setting = OsString::from("unix_socket_directories=");
    socket_setting.push(socket);
    let settings = SETTINGS.iter().map(OsString::from).chain([socket_setting]);
    let folder = [OsString::from("-D"), data.into()];
    folder.into_iter().chain(settings.flat_map(|setting| [OsString::from("-c"), setting])).collect()
}

/// `pg_hba.conf`: by the user of the operating system, and in no other way.
pub const HBA: &str = "local all all peer map=slipway\n";

/// `pg_ident.conf`: the controller's user is the role that owns the database, and so is root, who could become that user
/// anyway; the server's own user is its superuser.
pub fn ident(controller: &str, postgres: &str, role: &str, superuser: &str) -> String {
    format!("slipway {controller} {role}\nslipway root {role}\nslipway {postgres} {superuser}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listens_on_the_unix_socket_alone() {
        let arguments = arguments(Path::new("/var/lib/slipway/postgres"), Path::new("/run/slipway/postgres"));
        let line = arguments.iter().map(|arg| arg.to_string_lossy()).collect::<Vec<_>>().join(" ");
        insta::assert_snapshot!(line.replace(" -c ", "\n-c "), @"
        -D /var/lib/slipway/postgres
        -c listen_addresses=
        -c max_connections=60
        -c shared_buffers=32MB
        -c jit=off
        -c max_wal_size=256MB
        -c idle_in_transaction_session_timeout=60s
        -c log_line_prefix=%m [%p] 
        -c log_timezone=UTC
        -c unix_socket_directories=/run/slipway/postgres
        ");
    }

    #[test]
    fn users_of_the_system_are_the_only_key() {
        insta::assert_snapshot!(ident("slipway-controller", "slipway-postgres", "slipway", "postgres"), @"
        slipway slipway-controller slipway
        slipway root slipway
        slipway slipway-postgres postgres
        ");
    }
}

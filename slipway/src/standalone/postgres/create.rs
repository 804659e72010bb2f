//! Creating the data of the private server, once, whole or not at all.

use std::path::Path;

use anyhow::{Context, Result, bail};

use super::{DATABASE, Programs, ROLE, settings};
use crate::standalone::{
    accounts::Accounts,
    files::{self, Owner},
    paths::Paths,
    tool,
};

/// The superuser inside the database.
const SUPERUSER: &str = "postgres";

/// Makes sure that there are data which `programs` can serve.
pub fn ensure(programs: &Programs, paths: &Paths, accounts: &Accounts) -> Result<()> {
    let data = paths.postgres();
    match files::read(&data.join("PG_VERSION"))? {
        Some(version) => check_version(&data, version.trim(), programs.major)?,
        None => create(programs, &data, accounts).context("cannot create the private database")?,
    }
    write_access(&data, accounts).context("cannot write the private database's rules of access")
}

/// Data of one major version are unreadable for any other.
fn check_version(data: &Path, found: &str, have: u32) -> Result<()> {
    if found == have.to_string() {
        return Ok(());
    }
    bail!(
        "the database in {} was made by PostgreSQL {found}, but the programs found are of version {have}.\n\
         Install PostgreSQL {found} beside it (apt-get install postgresql-{found}) and name its folder with --pg-bin, or \
         move the data: pg_upgrade, or pg_dumpall with version {found} and psql with version {have}",
        data.display()
    )
}

/// Works in a folder beside the final one: a crash half way leaves nothing that looks like a database.
fn create(programs: &Programs, data: &Path, accounts: &Accounts) -> Result<()> {
    let draft = data.with_extension("new");
    if draft.exists() {
        std::fs::remove_dir_all(&draft).with_context(|| format!("cannot remove {}", draft.display()))?;
    }
    files::ensure_folder(&draft, Owner::from(&accounts.postgres), 0o700)?;
    // PostgreSQL refuses to run as root.
    let mut initdb = accounts.postgres.command(programs.initdb());
    initdb.args(["--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums", "--auth=peer"]);
    initdb.arg(format!("--username={SUPERUSER}")).arg("--pgdata").arg(&draft);
    tool::run(&mut initdb)?;
    let mut single = accounts.postgres.command(programs.postgres());
    single.args(["--single", "-j", "-D"]).arg(&draft).arg("postgres");
    // In this mode a statement ends with a semicolon and an empty line.
    let statements = [format!("CREATE ROLE {ROLE} LOGIN"), format!("CREATE DATABASE {DATABASE} OWNER {ROLE}")];
    tool::feed(&mut single, &statements.map(|statement| statement + ";\n\n").concat())?;
    // An empty folder may stand here: renaming replaces it.
    std::fs::rename(&draft, data).with_context(|| format!("cannot rename {} to {}", draft.display(), data.display()))
}

fn write_access(data: &Path, accounts: &Accounts) -> Result<()> {
    let owner = Owner::from(&accounts.postgres);
    let ident = settings::ident(&accounts.controller.name, &accounts.postgres.name, ROLE, SUPERUSER);
    files::write(&data.join("pg_hba.conf"), settings::HBA.as_bytes(), owner, 0o600)?;
    Ok(files::write(&data.join("pg_ident.conf"), ident.as_bytes(), owner, 0o600)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_how_to_go_on_with_data_of_another_version() {
        check_version(Path::new("/d"), "15", 15).unwrap();
        insta::assert_snapshot!(check_version(Path::new("/var/lib/slipway/postgres"), "15", 17).unwrap_err(), @"
        the database in /var/lib/slipway/postgres was made by PostgreSQL 15, but the programs found are of version 17.
        Install PostgreSQL 15 beside it (apt-get install postgresql-15) and name its folder with --pg-bin, or move the data: pg_upgrade, or pg_dumpall with version 15 and psql with version 17
        ");
    }
}

//! PostgreSQL's own programs on a database: what they write, they can read.

use std::{
    fs::File,
    io::{self, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use url::Url;

use crate::standalone::{postgres::Programs, tool};

/// Parameters of a URL that PostgreSQL's programs know, too, by their names there.
const PARAMETERS: [(&str, &str); 10] = [
    ("host", "host"),
    ("port", "port"),
    ("user", "user"),
    ("dbname", "dbname"),
    ("options", "options"),
    ("sslmode", "sslmode"),
    ("ssl-mode", "sslmode"),
    ("sslrootcert", "sslrootcert"),
    ("sslcert", "sslcert"),
    ("sslkey", "sslkey"),
];

/// What stands for itself in a value is all else.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// A database as those programs are told of it.
pub struct Database {
    programs: Programs,
    /// Without its password, since every user of the machine can read arguments.
    url: String,
    password: Option<String>,
}

impl Database {
    /// The one at this URL.
    pub fn at(url: &str, programs: &Programs) -> Result<Self> {
        // The error would show the password.
        let mut url = Url::parse(url).ok().context("the database URL is not valid")?;
        let mut password = url.password().map(|text| percent_decode_str(text).decode_utf8_lossy().into_owned());
        let pairs: Vec<_> = url.query_pairs().map(|(key, value)| (key.into_owned(), value.into_owned())).collect();
        url.set_query(None);
        for (key, value) in pairs {
            if key == "password" {
                password = Some(value);
            } else if let Some((_, name)) = PARAMETERS.iter().find(|(name, _)| *name == key) {
                // PostgreSQL takes a plus for a plus.
                let pair = format!("{name}={}", utf8_percent_encode(&value, ESCAPED));
                url.set_query(Some(&url.query().map_or(pair.clone(), |query| format!("{query}&{pair}"))));
            }
        }
        if url.password().is_some() {
            url.set_password(None).ok().context("the database URL is not valid")?;
        }
        Ok(Self { programs: programs.clone(), url: url.into(), password })
    }

    /// Writes all of it, as `snapshot` sees it, to `out`.
    pub fn dump(&self, snapshot: &str, out: &mut impl Write) -> Result<()> {
        let mut command = self.command("pg_dump")?;
        command.args(["--format=custom", "--no-owner", "--no-privileges", "--no-password"]);
        command.arg(format!("--snapshot={snapshot}")).arg(format!("--dbname={}", self.url));
        tool::stream(&mut command, out)
    }

    /// Fills it from a dump, whole or not at all.
    pub fn restore(&self, dump: &Path) -> Result<()> {
        let mut command = self.command("pg_restore")?;
        command.args(["--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges", "--no-password"]);
        command.arg(format!("--dbname={}", self.url)).arg("--").arg(dump);
        tool::run(&mut command).map(drop)
    }

    /// Reads the list of what is in a dump.
    pub fn list(&self, dump: &Path) -> Result<()> {
        tool::run(self.command("pg_restore")?.arg("--list").arg("--").arg(dump)).map(drop)
    }

    fn command(&self, program: &str) -> Result<Command> {
        let mut command = Command::new(self.programs.tool(program)?);
        command.env_clear().env("LC_ALL", "C.UTF-8").env("PATH", "/usr/bin:/bin").current_dir("/");
        command.envs(self.password.iter().map(|password| ("PGPASSWORD", password)));
        Ok(command)
    }
}

/// Copies a dump out of a backup, to where PostgreSQL's programs can read it.
pub fn extract(mut member: impl Read, folder: &Path) -> Result<PathBuf> {
    let path = folder.join("database.dump");
    let file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&path);
    let copied = file.and_then(|mut file| io::copy(&mut member, &mut file));
    copied.with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_in_no_argument() {
        let programs = Programs::find(None).expect("`scripts/test` installs PostgreSQL");
        let told = |url: &str| {
            let database = Database::at(url, &programs).unwrap();
            (database.url, database.password)
        };
        let password = Some("s3:cret+ &".to_owned());
        assert_eq!(
            told(
                "postgres://ana:s3%3Acret+%20%26@db.example:5433/slipway?sslmode=verify-full&statement-cache-capacity=9"
            ),
            ("postgres://ana@db.example:5433/slipway?sslmode=verify-full".to_owned(), password.clone())
        );
        assert_eq!(
            told("postgres:///slipway?host=/run/my+folder&user=ana&password=s3:cret%2B+%26"),
            ("postgres:///slipway?host=/run/my%20folder&user=ana".to_owned(), password)
        );
        assert!(!format!("{:#}", Database::at("s3cret", &programs).err().unwrap()).contains("s3cret"));
    }
}

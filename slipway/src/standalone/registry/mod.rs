//! The private registry of images that pushes make: Debian's `docker-registry`, on loopback, for one credential.

mod settings;

use std::{
    io,
    net::{SocketAddrV4, TcpListener},
    path::Path,
};

use anyhow::{Context, Result, bail};

use super::{
    accounts::Accounts,
    files::{self, Owner},
    journal::Journal,
    part::Part,
    paths::Paths,
    process::{Launch, Mark},
    secrets,
};

/// Who uses it: builds as they end, and the engine.
const USER: &str = "slipway";
/// Rounds of bcrypt (2^n), asked for with every request: few are enough for a password that nobody can guess.
const COST: u32 = 5;

/// A new credential.
pub fn new_credential() -> Result<String> {
    Ok(format!("{USER}:{}\n", secrets::secret()?))
}

/// Makes sure that its settings and the hash of its credential are there, and that it can listen.
pub fn ensure(paths: &Paths, accounts: &Accounts, listen: SocketAddrV4) -> Result<()> {
    check_port(paths, listen)?;
    let owner = Owner::root_for(&accounts.registry);
    let users = users(&secrets::read(&paths.registry_credential())?, files::read(&paths.registry_users())?.as_deref())?;
    if let Some(users) = users {
        files::write(&paths.registry_users(), users.as_bytes(), owner, 0o640)
            .context("cannot write the registry's users")?;
    }
    let settings = settings::text(&paths.registry(), &paths.registry_users(), &secrets::secret()?)?;
    files::write(&paths.registry_settings(), settings.as_bytes(), owner, 0o640)
        .context("cannot write the registry's settings")
}

/// How to start it. Where it listens stands in its environment, where a change is seen when it is adopted.
pub fn launch(program: &Path, paths: &Paths, accounts: &Accounts, listen: SocketAddrV4) -> Launch {
    Launch {
        program: program.to_owned(),
        args: vec!["serve".into(), paths.registry_settings().into()],
        env: vec![("REGISTRY_HTTP_ADDR".to_owned(), listen.to_string().into())],
        account: accounts.registry.clone(),
        groups: Vec::new(),
        sockets: Vec::new(),
        journal: Journal::new(paths.journals().join("registry.log")),
        mark: Mark::new(paths.mark(Part::Registry.name())),
    }
}

/// The file of users for this credential; `None` when the present one is for it.
fn users(credential: &str, present: Option<&str>) -> Result<Option<String>> {
    let (user, password) = credential.split_once(':').context("the registry's credential is damaged")?;
    let known = present.and_then(|line| line.trim().strip_prefix(user)?.strip_prefix(':'));
    // What is no hash is for nobody.
    if known.is_some_and(|hash| bcrypt::verify(password, hash).unwrap_or_default()) {
        return Ok(None);
    }
    let hash = bcrypt::hash(password, COST).context("cannot hash the registry's credential")?;
    Ok(Some(format!("{user}:{hash}\n")))
}

/// It opens its port itself, so that only its journal would tell that another program has it.
fn check_port(paths: &Paths, listen: SocketAddrV4) -> Result<()> {
    if Mark::new(paths.mark(Part::Registry.name())).holder()?.is_some() {
        return Ok(());
    }
    match TcpListener::bind(listen) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => bail!(
            "another program listens on {listen}, where the private registry is to be: stop it, or choose another port, \
             as in `--registry-listen 127.0.0.1:5056`; `ss -ltnp 'sport = :{}'` names it",
            listen.port()
        ),
        result => result.map(drop).with_context(|| format!("cannot listen on {listen}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_hash_of_its_credential_is_shown_to_the_registry() {
        let credential = new_credential().unwrap();
        let made = users(credential.trim(), None).unwrap().unwrap();
        let password = credential.trim().strip_prefix("slipway:").unwrap();
        assert!(made.starts_with("slipway:$2b$05$") && !made.contains(password), "{made}");
        assert_eq!(users(credential.trim(), Some(&made)).unwrap(), None);
        assert!(users("slipway:other", Some(&made)).unwrap().is_some());
        assert!(users("slipway:other", Some("slipway:no hash")).unwrap().is_some());
    }

    #[test]
    fn a_taken_port_is_told_in_words() {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths { config: dir.path().into(), data: dir.path().into(), run: dir.path().into() };
        let other = TcpListener::bind("127.0.0.1:0").unwrap();
        let std::net::SocketAddr::V4(address) = other.local_addr().unwrap() else { panic!("asked for IPv4") };
        let error = check_port(&paths, address).unwrap_err().to_string();
        assert!(error.contains("`--registry-listen 127.0.0.1:5056`"), "{error}");
        drop(other);
        check_port(&paths, address).unwrap();
    }
}

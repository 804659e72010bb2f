//! Deploy hooks of a whole platform: who is named outside hears of each release, signed with a key that nobody on the machine sees.

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use anyhow::Result;
use tests::{
    standalone::{Ground, Standalone},
    user::User,
    wait,
};

/// A hook is told within a second or two, and again after one that was broken off.
const SOON: Duration = Duration::from_mins(1);
const KEY: &str = "only-root-has-this-key";

/// Somebody outside, who takes down what is said.
struct Receiver {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Receiver {
    /// Listens until the test ends.
    fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let this = Self { address: listener.local_addr()?, heads: Arc::default() };
        let heads = this.heads.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if let Ok(head) = answer(stream) {
                    heads.lock().unwrap_or_else(PoisonError::into_inner).push(head);
                }
            }
        });
        Ok(this)
    }

    /// What came of a release, once it has come.
    fn hears_of(&self, release: &str) -> Result<String> {
        let about = format!("&release={release}&");
        wait::until(release, SOON, || {
            let heads = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(heads.iter().find(|head| head.contains(&about)).cloned())
        })
    }
}

fn answer(mut stream: TcpStream) -> Result<String> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.extend(byte);
    }
    stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")?;
    Ok(String::from_utf8(head)?)
}

/// A word of the command line, for as long as the test runs.
fn word(text: String) -> &'static str {
    text.leak()
}

#[test]
fn releases_are_told_outside_with_a_key_that_nobody_sees() -> Result<()> {
    let (receiver, folder) = (Receiver::start()?, tempfile::tempdir()?);
    let key = folder.path().join("hook.key");
    fs::write(&key, format!("{KEY}\n"))?;
    let url = word(format!("http://{}/deis", receiver.address));
    let options = vec!["--deploy-hook-url", url, "--deploy-hook-key-file", word(key.display().to_string())];
    let platform = Standalone::start_on(Ground { options, ..Ground::default() })?;
    let user = User::registered(&platform.url())?;
    user.does(&["create", "blog", "--no-remote"])?;
    let head = receiver.hears_of("v1")?;
    assert!(head.starts_with("POST /deis?app=blog&release=v1&release_summary="), "{head}");
    assert!(head.contains("\r\nauthorization: ") && head.contains("\r\nx-slipway-signature: t="), "{head}");

    // Whoever controls next has both, too.
    platform.kill("controller")?;
    platform.ready()?;
    user.does(&["config:set", "A=1", "-a", "blog"])?;
    let head = receiver.hears_of("v2")?;
    assert!(head.contains("\r\nx-slipway-signature: t="), "{head}");
    let told = format!("Deploy hook sent to {url}");
    wait::until(&told, SOON, || Ok(user.does(&["logs", "-a", "blog"])?.contains(&told).then_some(())))?;

    for process in fs::read_dir("/proc")?.flatten() {
        let line = fs::read(process.path().join("cmdline")).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&line).contains(KEY), "{}", process.path().display());
    }
    assert!(!platform.journal().contains(KEY));
    Ok(())
}

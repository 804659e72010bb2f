//! A way to the engine that a test can take away from one platform, while the engine itself serves everybody else.

use std::{
    fs::{self, Permissions},
    io,
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown},
        net,
    },
    path::{Path, PathBuf},
};

use anyhow::Result;
use tempfile::TempDir;
use tokio::{
    io::copy_bidirectional,
    net::{UnixListener, UnixStream},
    runtime::{Builder, Runtime},
};

use crate::mischief::Mischief;

/// The engine itself.
pub const SOCKET: &str = "/var/run/docker.sock";

/// A socket whose connections are passed on to the engine's.
pub struct Engine {
    folder: TempDir,
    /// Everything that passes on; gone while the engine is.
    passing: Option<Runtime>,
}

impl Engine {
    /// A way to the engine that is open.
    pub fn reach() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("slipway-engine.").tempdir_in("/tmp")?;
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755))?;
        let mut engine = Self { folder, passing: None };
        engine.comes_back()?;
        Ok(engine)
    }

    /// Where it begins.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("docker.sock")
    }

    /// As if the engine had stopped: nobody listens any more, and what is under way breaks off. Containers run on.
    pub fn goes_away(&mut self) {
        self.passing = None;
    }

    /// As if the engine had frozen: whoever connects waits for an answer.
    pub fn falls_silent(&mut self) -> Result<()> {
        self.serve(hold)
    }

    /// As if it were overloaded: answers go wrong now and then.
    pub fn errs(&mut self) -> Result<Mischief> {
        let mischief = Mischief::default();
        let shared = mischief.clone();
        self.serve(move |client| {
            let mischief = shared.clone();
            async move {
                mischief.serve(client).await;
                Ok(())
            }
        })?;
        Ok(mischief)
    }

    /// Undoes all of these.
    pub fn comes_back(&mut self) -> Result<()> {
        self.serve(pass_on)
    }

    fn serve<F>(&mut self, answer: impl Fn(UnixStream) -> F + Send + 'static) -> Result<()>
    where
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        self.goes_away();
        let listener = listen(&self.socket())?;
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        runtime.spawn(async move {
            let listener = UnixListener::from_std(listener)?;
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(answer(client));
            }
            io::Result::Ok(())
        });
        self.passing = Some(runtime);
        Ok(())
    }
}

/// Never answers.
async fn hold(client: UnixStream) -> io::Result<()> {
    std::future::pending::<()>().await;
    drop(client);
    Ok(())
}

async fn pass_on(mut client: UnixStream) -> io::Result<()> {
    let mut engine = UnixStream::connect(SOCKET).await?;
    copy_bidirectional(&mut client, &mut engine).await.map(drop)
}

/// A new socket in place of an old one, open to whom the engine's is.
fn listen(path: &Path) -> Result<net::UnixListener> {
    if path.exists() {
        fs::remove_file(path)?;
    }
    let listener = net::UnixListener::bind(path)?;
    let engine = fs::metadata(SOCKET)?;
    chown(path, Some(engine.uid()), Some(engine.gid()))?;
    fs::set_permissions(path, Permissions::from_mode(engine.mode() & 0o777))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

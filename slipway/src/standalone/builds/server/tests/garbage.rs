//! What the registry has too much, with a real one.

use std::{fs, net::TcpListener, path::PathBuf, process::Command as Program};

use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::process::Child;

use super::{
    super::super::garbage::{self, Collector},
    *,
};
use crate::standalone::{account::Account, tool};

const PATIENCE: Duration = Duration::from_secs(30);

/// A registry, run by nobody.
struct Registry {
    dir: TempDir,
    settings: Settings,
    _process: Child,
}

impl Registry {
    async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let nobody = Account { name: "nobody".to_owned(), uid: 65534, gid: 65534 };
        let program = dir.path().join("docker-registry");
        // Where it lies it may be closed to nobody.
        let path = std::env::var_os("PATH").unwrap();
        let mut path = std::env::split_paths(&path).map(|folder| folder.join("docker-registry"));
        fs::copy(path.find(|program| program.is_file()).unwrap(), &program).unwrap();
        let data = dir.path().join("registry");
        files::ensure_folder(&data, Owner { uid: nobody.uid, gid: nobody.gid }, 0o700).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let text = format!(
            "version: 0.1\nstorage: {{filesystem: {{rootdirectory: {}}}, delete: {{enabled: true}}}}\nhttp: {{addr: {address}}}\n",
            data.display()
        );
        fs::write(dir.path().join("registry.yml"), text).unwrap();
        let collector = Collector::new(&program, dir.path().join("registry.yml"), &nobody);
        drop(listener);
        let process = collector.command("serve").stderr(Stdio::null()).spawn().unwrap();
        let end = Instant::now() + PATIENCE;
        while std::net::TcpStream::connect(address).is_err() {
            assert!(Instant::now() < end, "the registry does not listen");
            // Until the next look.
            let _ = tokio::time::timeout(Duration::from_millis(20), std::future::pending::<()>()).await;
        }
        let settings = Settings { registry: address, collector: Some(collector), ..settings(dir.path()) };
        Self { dir, settings, _process: process }
    }

    fn url(&self, repository: &str, rest: &str) -> String {
        format!("http://{}/v2/{repository}/{rest}", self.settings.registry)
    }

    fn file(&self, bytes: &[u8]) -> (PathBuf, String) {
        let digest = format!("sha256:{}", hex::encode(Sha256::digest(bytes)));
        let path = self.dir.path().join(&digest);
        fs::write(&path, bytes).unwrap();
        (path, digest)
    }

    fn upload(&self, repository: &str, bytes: &[u8]) -> String {
        let (path, digest) = self.file(bytes);
        let begun = curl(&["-X", "POST", "-D", "-", &self.url(repository, "blobs/uploads/")]);
        let place = begun.lines().find_map(|line| line.strip_prefix("Location: ")).unwrap().trim();
        let file = format!("@{}", path.display());
        let kind = "Content-Type: application/octet-stream";
        curl(&["-X", "PUT", "-H", kind, "--data-binary", &file, &format!("{place}&digest={digest}")]);
        digest
    }

    /// An image of these layers; answers its digest.
    fn push(&self, repository: &str, layers: &[&[u8]]) -> String {
        let config = format!("{{\"repository\": {repository:?}}}");
        let layers: Vec<_> = layers
            .iter()
            .map(|layer| {
                serde_json::json!({
                    "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
                    "size": layer.len(),
                    "digest": self.upload(repository, layer),
                })
            })
            .collect();
        let kind = "application/vnd.docker.distribution.manifest.v2+json";
        let manifest = serde_json::json!({
            "schemaVersion": 2,
            "mediaType": kind,
            "config": {
                "mediaType": "application/vnd.docker.container.image.v1+json",
                "size": config.len(),
                "digest": self.upload(repository, config.as_bytes()),
            },
            "layers": layers,
        });
        let (path, digest) = self.file(manifest.to_string().as_bytes());
        let (file, header) = (format!("@{}", path.display()), format!("Content-Type: {kind}"));
        curl(&["-X", "PUT", "-H", &header, "--data-binary", &file, &self.url(repository, "manifests/latest")]);
        digest
    }

    /// Whether the manifest and these layers can be had.
    fn has(&self, repository: &str, manifest: &str, layers: &[&[u8]]) -> bool {
        let accept = "Accept: application/vnd.docker.distribution.manifest.v2+json";
        let found = |path: String| {
            let mut command = Program::new("curl");
            command.args(["-sSf", "-o", "/dev/null", "-H", accept, &self.url(repository, &path)]);
            tool::run(&mut command).is_ok()
        };
        let mut layers = layers.iter().map(|layer| format!("blobs/{}", self.file(layer).1));
        found(format!("manifests/{manifest}")) && layers.all(found)
    }

    fn size(&self) -> u64 {
        let output = tool::run(Program::new("du").args(["-sb", "--"]).arg(&self.settings.registry_data)).unwrap();
        output.split_whitespace().next().unwrap().parse().unwrap()
    }
}

fn curl(arguments: &[&str]) -> String {
    tool::run(Program::new("curl").args(["-sSf"]).args(arguments)).unwrap()
}

#[tokio::test]
async fn layers_that_no_image_has_go_while_nothing_is_built() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let registry = Registry::start().await;
    let settings = &registry.settings;
    let state = Server::open(settings.clone()).unwrap().state;
    let (one, other) = (Uuid::new_v4(), Uuid::new_v4());
    let reference = format!("{}/{}@sha256:{}", settings.registry, Settings::repository(one), "0".repeat(64));
    assert_eq!(state.answer(BuildRequest::ForgetImage { app: one, reference }).await.unwrap(), BuildAnswer::Done);
    state.sweep().await;
    assert!(!garbage::is_due(settings).unwrap(), "where nothing is there is no garbage");
    *state.changing.lock().await = None;

    let (base, own, others) = (vec![1; 1 << 20], vec![2; 1 << 20], vec![3; 1 << 20]);
    let stack = registry.push("slipway-stack", &[&base]);
    let first = registry.push(&Settings::repository(one), &[&base, &own]);
    let second = registry.push(&Settings::repository(other), &[&base, &others]);
    let full = registry.size();
    assert!(!garbage::is_due(settings).unwrap());

    let repository = Settings::repository(one);
    let reference = format!("{}/{repository}@{first}", settings.registry);
    assert_eq!(state.answer(BuildRequest::ForgetImage { app: one, reference }).await.unwrap(), BuildAnswer::Done);
    let building = Record::of(settings, Uuid::now_v7());
    building.create(other).unwrap();
    let mark = building.mark().claim().unwrap();
    state.sweep().await;
    assert!(registry.size() > full - (1 << 20), "a build may upload just now");

    drop(mark);
    state.sweep().await;
    assert!(registry.size() < full - (1 << 20));
    assert!(!registry.has(&repository, &first, &[]));
    assert!(registry.has(&Settings::repository(other), &second, &[&base, &others]));
    assert!(registry.has("slipway-stack", &stack, &[&base]));
    assert!(!garbage::is_due(settings).unwrap());

    // What was collected can be pushed again: nobody remembers it.
    let first = registry.push(&repository, &[&base, &own]);
    assert!(registry.has(&repository, &first, &[&base, &own]));
    for app in [one, other] {
        assert_eq!(state.answer(BuildRequest::ForgetApp { app }).await.unwrap(), BuildAnswer::Done);
    }
    state.sweep().await;
    assert!(garbage::is_due(settings).unwrap(), "one collection does not follow the other at once");
    *state.changing.lock().await = None;
    state.sweep().await;
    assert!(registry.size() < full - (2 << 20));
    assert!(registry.has("slipway-stack", &stack, &[&base]));
}

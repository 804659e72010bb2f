//! A place for builds: folders, a registry and a tiny stack of its own, all of it removed.

use std::{
    collections::BTreeMap,
    fs::{self, File, Permissions},
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU8, Ordering},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

/// How long anything may take before the test gives up.
const PATIENCE: Duration = Duration::from_mins(1);
/// Networks of tests that run at the same time, in one process each.
static SUBNET: AtomicU8 = AtomicU8::new(0);

/// What is built.
pub struct Work {
    kind: &'static str,
    app: Uuid,
    files: Vec<(String, String)>,
    /// Config values.
    pub env: BTreeMap<String, String>,
    /// What it may use.
    pub limits: Value,
}

impl Work {
    /// An app with this Dockerfile.
    pub fn dockerfile(text: &str) -> Self {
        Self::new("dockerfile").file("Dockerfile", text)
    }

    /// An app for a buildpack.
    pub fn buildpack() -> Self {
        Self::new("buildpack")
    }

    fn new(kind: &'static str) -> Self {
        let limits = json!({
            "memory": 1 << 30, "cpus": 1.0, "processes": 256, "seconds": 50, "disk": 2_u64 << 30, "cache_disk": 10_u64 << 30,
        });
        Self { kind, app: Uuid::new_v4(), files: Vec::new(), env: BTreeMap::new(), limits }
    }

    /// With this file.
    pub fn file(mut self, name: &str, text: &str) -> Self {
        self.files.push((name.to_owned(), text.to_owned()));
        self
    }
}

/// What became of a build.
#[derive(Debug)]
pub struct Seen {
    /// Its log.
    pub log: String,
    /// Its outcome.
    pub outcome: Value,
}

impl Seen {
    /// Why it failed.
    pub fn reason(&self) -> &str {
        self.outcome["reason"].as_str().unwrap_or_else(|| panic!("{:?}", self.outcome))
    }
}

/// A place for builds.
pub struct Place {
    dir: TempDir,
    registry: Child,
    port: u16,
    subnet: String,
}

impl Place {
    /// Makes everything, the stack included.
    pub fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("slipway-").tempdir_in("/tmp").unwrap();
        let path = dir.path();
        fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
        let folders = ["data", "data/builds", "data/builds/apps", "data/stacks", "sources", "run", "etc", "packs"];
        for folder in folders {
            fs::create_dir_all(path.join(folder)).unwrap();
        }
        run(Command::new("install").arg(env!("CARGO_BIN_EXE_slipway")).arg(path.join("slipway")));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let registry = registry(path, port);
        // One process a test: the number of it keeps their addresses apart.
        let third = (std::process::id() % 200) as u8 + SUBNET.fetch_add(1, Ordering::Relaxed);
        let place = Self { dir, registry, port, subnet: format!("10.213.{third}.0/24") };
        place.import_stack();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A root file system from this machine's shell and small programs.
    fn import_stack(&self) {
        let tar = self.path("stack.tar");
        let programs = ["bash", "cat", "dd", "id", "sh", "sleep", "yes", "wc", "date", "mkdir"]
            .map(|name| format!("usr/bin/{name}"));
        let libraries = ["libc.so.6", "libpcre2-8.so.0", "libselinux.so.1", "libtinfo.so.6"];
        let libraries = libraries.map(|name| format!("usr/lib/{}-linux-gnu/{name}", std::env::consts::ARCH));
        let loader = fs::read_dir("/usr/lib64")
            .unwrap()
            .map(|entry| format!("usr/lib64/{}", entry.unwrap().file_name().display()));
        let mut command = Command::new("tar");
        command.args(["--create", "--dereference", "--directory=/", "--file"]).arg(&tar);
        command.args(programs).args(libraries).args(loader.filter(|name| name.contains("ld-")));
        run(command.args(["etc/passwd", "etc/group"]));
        let links = self.path("links");
        fs::create_dir_all(links.join("tmp")).unwrap();
        fs::set_permissions(links.join("tmp"), Permissions::from_mode(0o1777)).unwrap();
        for name in ["bin", "lib", "lib64"] {
            std::os::unix::fs::symlink(format!("usr/{name}"), links.join(name)).unwrap();
        }
        run(Command::new("tar")
            .args(["--append", "--file"])
            .arg(&tar)
            .arg("--directory")
            .arg(links)
            .args(["bin", "lib", "lib64", "tmp"]));
        self.stack(&["import", &tar.display().to_string()]);
    }

    /// Puts a stack image with one file more in the place of the first.
    pub fn replace_stack(&self) {
        fs::write(self.path("links/more"), "more").unwrap();
        let tar = self.path("stack.tar");
        run(Command::new("tar")
            .arg("--append")
            .arg("--file")
            .arg(&tar)
            .arg("--directory")
            .arg(self.path("links"))
            .arg("more"));
        self.stack(&["import", &tar.display().to_string()]);
    }

    /// Does something about stack images; answers what was printed.
    pub fn stack(&self, arguments: &[&str]) -> String {
        run(&mut self.stack_command(arguments))
    }

    fn stack_command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.path("slipway"));
        command.arg("stack").args(arguments);
        for (name, folder) in [("CONFIG", "etc"), ("DATA", "data"), ("RUN", "run")] {
            command.env(format!("SLIPWAY_{name}_DIR"), self.path(folder));
        }
        command
    }

    /// Imports the stack once more, and kills that while its sandbox runs.
    pub fn kill_an_import(&self) {
        let mut import =
            self.stack_command(&["import", &self.path("stack.tar").display().to_string()]).spawn().unwrap();
        wait("the sandbox is there", || fs::read_dir(self.path("run/builds/runc")).unwrap().next().is_some());
        import.kill().unwrap();
        assert!(!import.wait().unwrap().success());
        assert!(self.stack_folders() == 1, "the import was not killed in its midst");
    }

    /// Looks, until nothing is left of any import.
    pub fn wait_until_cleared(&self, look: impl Fn()) {
        wait("nothing is left of the import", || {
            look();
            self.stack_folders() == 0
        });
    }

    fn stack_folders(&self) -> usize {
        let names = fs::read_dir(self.path("data/builds")).unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| name.to_str().unwrap().starts_with("stack-")).count()
    }

    /// An operator's buildpack.
    pub fn buildpack(&self, name: &str, programs: &[(&str, &str)]) {
        let bin = self.path("packs").join(name).join("bin");
        fs::create_dir_all(&bin).unwrap();
        for (program, text) in programs {
            fs::write(bin.join(program), text).unwrap();
            fs::set_permissions(bin.join(program), Permissions::from_mode(0o755)).unwrap();
        }
    }

    /// Runs a build to its end.
    pub fn build(&self, work: &Work) -> Seen {
        self.build_and(work, |_| {})
    }

    /// Runs a build; `meanwhile` gets its record.
    pub fn build_and(&self, work: &Work, meanwhile: impl FnOnce(&Path)) -> Seen {
        let build = Uuid::now_v7();
        self.write_source(build, work);
        let record = self.path("data/builds").join(build.to_string());
        fs::create_dir(&record).unwrap();
        fs::write(record.join("log"), "").unwrap();
        let mark = File::create(record.join("alive")).unwrap();
        mark.lock().unwrap();
        let order =
            json!({ "build": build, "app": work.app, "kind": work.kind, "sha": "a".repeat(40), "env": work.env });
        let order = json!({ "order": order, "settings": self.settings(work) });
        let mut runner = Command::new(self.path("slipway"));
        let mut child = runner.arg("build-runner").stdin(Stdio::piped()).stdout(mark).spawn().unwrap();
        drop(runner);
        serde_json::to_writer(child.stdin.take().unwrap(), &order).unwrap();
        meanwhile(&record);
        assert!(child.wait().unwrap().success());
        let log = fs::read_to_string(record.join("log")).unwrap();
        let outcome = serde_json::from_str(&fs::read_to_string(record.join("outcome.json")).unwrap()).unwrap();
        Seen { log, outcome }
    }

    /// Cancels a build that says that it sleeps.
    pub fn cancel_when_it_sleeps(record: &Path) {
        wait("it sleeps", || fs::read_to_string(record.join("log")).unwrap().contains("\nsleeping\n"));
        fs::write(record.join("cancel"), "").unwrap();
    }

    fn settings(&self, work: &Work) -> Value {
        json!({
            "program": self.path("slipway"),
            "builds": self.path("data/builds"),
            "stacks": self.path("data/stacks"),
            "sources": self.path("sources"),
            "run": self.path("run/builds"),
            "socket": self.path("run/builds.sock"),
            "group": 0,
            "subnet": self.subnet,
            "connected": true,
            "name_servers": [],
            "registry": format!("127.0.0.1:{}", self.port),
            "registry_data": self.path("registry"),
            "credential": { "user": "u", "password": "p" },
            "proxy": {},
            "stack": "slipway-stack",
            "buildpacks": self.path("packs"),
            "limits": work.limits,
        })
    }

    fn write_source(&self, build: Uuid, work: &Work) {
        let tree = self.path("tree").join(build.to_string());
        fs::create_dir_all(&tree).unwrap();
        for (name, text) in &work.files {
            fs::write(tree.join(name), text).unwrap();
        }
        let tar = self.path("sources").join(format!("{build}.tar"));
        // The same files are the same layer, as where a commit gives its time.
        let mut command = Command::new("tar");
        run(command.args(["--create", "--mtime=@1714557600", "--file"]).arg(tar).arg("--directory").arg(tree).arg("."));
    }

    /// The registry has what a build says that it made.
    pub fn has_image(&self, seen: &Seen) -> bool {
        let reference = seen.outcome["reference"].as_str().unwrap();
        let (_, digest) = reference.split_once("@sha256:").unwrap();
        self.path("registry/docker/registry/v2/blobs/sha256").join(&digest[..2]).join(digest).exists()
    }

    /// Somewhere in the registry stands this text, be it in a compressed layer.
    pub fn registry_has(&self, text: &str) -> bool {
        let blobs = self.path("registry/docker/registry/v2/blobs/sha256");
        let files = files(&blobs);
        assert!(!files.is_empty(), "nothing was pushed");
        files.iter().any(|file| has(&decompressed(file), text.as_bytes()))
    }

    /// Nothing of any build is left: no sandbox, no group of processes, no network, no files.
    pub fn assert_clean(&self) {
        assert_eq!(fs::read_dir(self.path("run/builds/runc")).unwrap().count(), 0);
        let groups = groups();
        for entry in fs::read_dir(self.path("data/builds")).unwrap() {
            let record = entry.unwrap().path();
            assert!(!record.join("scratch").exists());
            let build = record.file_name().unwrap().to_str().unwrap().replace('-', "");
            assert!(!groups.iter().any(|group| group.ends_with(&build)), "{build}: {groups:?}");
        }
        let octet: u8 = self.subnet.split('.').nth(2).unwrap().parse().unwrap();
        let start = format!("sw-b0ad5{octet:02x}");
        wait("the interfaces are gone", || {
            !fs::read_dir("/sys/class/net")
                .unwrap()
                .any(|entry| entry.unwrap().file_name().to_str().unwrap().starts_with(&start))
        });
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = self.registry.kill();
        let _ = self.registry.wait();
        let _ = Command::new("rm").args(["-rf", "--one-file-system", "--"]).arg(self.dir.path()).status();
    }
}

/// The names of all groups of processes that sandboxes have.
fn groups() -> Vec<String> {
    let trees = fs::read_dir("/sys/fs/cgroup").unwrap().map(|entry| entry.unwrap().path());
    let trees = trees.chain([PathBuf::from("/sys/fs/cgroup")]).filter_map(|tree| fs::read_dir(tree).ok());
    let names = trees.flatten().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("slipway-")).collect()
}

fn registry(path: &Path, port: u16) -> Child {
    let settings = format!(
        "version: 0.1\nstorage:\n  filesystem: {{rootdirectory: {}}}\nhttp: {{addr: 127.0.0.1:{port}}}\nlog: {{level: error}}\n",
        path.join("registry").display()
    );
    fs::write(path.join("registry.yml"), settings).unwrap();
    let mut command = Command::new("docker-registry");
    let child = command
        .arg("serve")
        .arg(path.join("registry.yml"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait("the registry listens", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    child
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// What is in a file, which gzip passes on as it is when it is not compressed.
fn decompressed(file: &Path) -> Vec<u8> {
    let mut command = Command::new("gzip");
    let output =
        command.args(["--decompress", "--stdout", "--force"]).stdin(File::open(file).unwrap()).output().unwrap();
    assert!(output.status.success(), "{}: {}", file.display(), String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn has(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn wait(what: &str, condition: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < end, "not in time: {what}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

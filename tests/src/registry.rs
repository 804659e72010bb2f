//! A registry outside of this machine that proves who it is by a certificate which only one platform trusts: that of a company
//! whose network signs everything anew.

use std::{
    fs,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;
use tempfile::TempDir;

use crate::{outside::Outside, program};

/// What programs of this machine trust.
const BUNDLE: &str = "/etc/ssl/certs/ca-certificates.crt";

/// The registry's files; its server ends with its host.
pub struct Registry {
    folder: TempDir,
    address: Ipv4Addr,
}

impl Registry {
    /// Starts one on that host.
    pub fn open(outside: &mut Outside) -> Result<Self> {
        let registry = Self { folder: TempDir::new()?, address: outside.address() };
        registry.prove()?;
        let path = |name: &str| registry.path(name).display().to_string();
        let settings = format!(
            "version: 0.1\nstorage: {{ filesystem: {{ rootdirectory: {} }} }}\nhttp:\n  addr: {}:443\n  \
             tls: {{ certificate: {}, key: {} }}\n",
            path("images"),
            registry.address,
            path("certificate"),
            path("key")
        );
        fs::write(registry.path("settings.yml"), settings)?;
        outside.serve(443, &["docker-registry", "serve", &path("settings.yml")])?;
        Ok(registry)
    }

    /// A mount namespace where programs trust it.
    #[must_use]
    pub fn trusting(&self) -> PathBuf {
        self.path("trust/namespace")
    }

    /// Fills it with a small image, and answers its name there.
    pub fn publish(&self) -> Result<String> {
        let (stage, name) = (self.path("stage"), format!("{}/tiny/base:1", self.address));
        fs::create_dir(&stage)?;
        fs::copy("/bin/busybox", stage.join("busybox"))?;
        fs::write(stage.join("passwd"), "root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n")?;
        fs::write(stage.join("group"), "root:x:0:\nnogroup:x:65534:\n")?;
        let dockerfile = "FROM scratch\nCOPY busybox /bin/\nCOPY busybox /bin/sh\nCOPY passwd group /etc/\n";
        fs::write(stage.join("Dockerfile"), dockerfile)?;
        let buildah = |words: &[&str]| {
            let mut command = Command::new("buildah");
            command.args(["--storage-driver", "vfs", "--root"]).arg(self.path("store"));
            command.arg("--runroot").arg(self.path("run")).args(words);
            program::output(&mut command)
        };
        buildah(&["build", "--quiet", "--isolation", "chroot", "--tag", &name, &stage.display().to_string()])?;
        buildah(&["push", "--quiet", "--tls-verify=false", &name])?;
        Ok(name)
    }

    /// Makes the certificate, and the place where it is trusted: nobody else's view of the machine changes.
    fn prove(&self) -> Result<()> {
        let subject = format!("subjectAltName=IP:{}", self.address);
        let mut openssl = Command::new("openssl");
        openssl.args(["req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=outside", "-addext", &subject]);
        openssl.args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-keyout"]).arg(self.path("key"));
        program::output(openssl.arg("-out").arg(self.path("certificate")))?;
        let trusted = [fs::read(BUNDLE)?, fs::read(self.path("certificate"))?].concat();
        fs::write(self.path("bundle"), trusted)?;
        let folder = self.path("trust");
        fs::create_dir(&folder)?;
        fs::write(self.trusting(), "")?;
        // A namespace can only be kept where mounts are private.
        program::output(Command::new("mount").arg("--bind").arg(&folder).arg(&folder))?;
        program::output(Command::new("mount").arg("--make-private").arg(&folder))?;
        fs::write(self.trusting(), "")?;
        let mut unshare = Command::new("unshare");
        unshare.arg(format!("--mount={}", self.trusting().display())).args(["mount", "--bind"]);
        program::output(unshare.arg(self.path("bundle")).arg(BUNDLE)).map(drop)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        for path in [self.trusting(), self.path("trust")] {
            unmount(&path);
        }
    }
}

fn unmount(path: &Path) {
    // What was never mounted need not be.
    let _ = Command::new("umount").arg(path).output();
}

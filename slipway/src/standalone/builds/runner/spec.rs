//! What `runc` is told about a sandbox.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use oci_spec::runtime::Spec;
use serde_json::{Value, json};

use super::{
    super::settings::Limits,
    root::{BASE, COUNT},
};

/// A folder or file of the machine that is shown in a sandbox.
#[derive(Clone, Debug)]
pub struct Bind {
    /// On the machine.
    pub source: PathBuf,
    /// In the sandbox.
    pub target: &'static str,
    /// May it be written?
    pub writable: bool,
}

/// What root of a sandbox may do, inside its own user namespace: what images need to be unpacked.
const CAPABILITIES: [&str; 13] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_MKNOD",
    "CAP_NET_BIND_SERVICE",
    "CAP_SETFCAP",
    "CAP_SETGID",
    "CAP_SETPCAP",
    "CAP_SETUID",
    "CAP_SYS_ADMIN",
    "CAP_SYS_CHROOT",
];

/// Calls of the kernel that no build needs and that attacks begin with.
const DENIED: [&str; 20] = [
    "add_key",
    "bpf",
    "delete_module",
    "fanotify_init",
    "finit_module",
    "init_module",
    "io_uring_enter",
    "io_uring_register",
    "io_uring_setup",
    "kexec_file_load",
    "kexec_load",
    "keyctl",
    "move_pages",
    "open_by_handle_at",
    "perf_event_open",
    "quotactl",
    "reboot",
    "request_key",
    "swapon",
    "userfaultfd",
];

/// The whole configuration of a sandbox named `name`.
pub fn spec(name: &str, root: &Path, binds: &[Bind], limits: &Limits) -> Result<Spec> {
    let mapping = json!([{ "containerID": 0, "hostID": BASE, "size": COUNT }]);
    let namespaces = ["pid", "ipc", "uts", "mount", "user", "network", "cgroup"].map(|kind| json!({ "type": kind }));
    let value = json!({
        "ociVersion": "1.0.2",
        "hostname": "build",
        "root": { "path": root, "readonly": false },
        "process": process(limits),
        "mounts": mounts(binds),
        "linux": {
            "uidMappings": mapping,
            "gidMappings": mapping,
            "namespaces": namespaces,
            "cgroupsPath": cgroup(name),
            "resources": resources(limits),
            "seccomp": {
                "defaultAction": "SCMP_ACT_ALLOW",
                "syscalls": [{ "names": DENIED, "action": "SCMP_ACT_ERRNO", "errnoRet": 1 }],
            },
            "maskedPaths": [],
            "readonlyPaths": ["/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus"],
        },
    });
    serde_json::from_value(value).context("the configuration of a sandbox is wrong")
}

/// Where the sandbox's group of processes lies: at the top, so that its weight is compared with that of all containers together.
pub fn cgroup(name: &str) -> String {
    format!("/slipway-{name}")
}

fn process(limits: &Limits) -> Value {
    let capabilities = json!(CAPABILITIES);
    json!({
        "terminal": false,
        "user": { "uid": 0, "gid": 0 },
        "args": ["/slipway", "build"],
        "env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/work"],
        "cwd": "/work",
        "capabilities": {
            "bounding": capabilities, "effective": capabilities, "permitted": capabilities, "inheritable": capabilities,
        },
        "noNewPrivileges": true,
        // Where memory is short on the machine, builds end before apps.
        "oomScoreAdj": 800,
        "rlimits": [
            { "type": "RLIMIT_NOFILE", "hard": 8192, "soft": 8192 },
            { "type": "RLIMIT_FSIZE", "hard": limits.disk, "soft": limits.disk },
            { "type": "RLIMIT_CORE", "hard": 0, "soft": 0 },
        ],
    })
}

fn resources(limits: &Limits) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "the option has an upper bound")]
    let quota = (limits.cpus * 100_000.0) as i64;
    json!({
        "devices": [{ "allow": false, "access": "rwm" }],
        "memory": { "limit": limits.memory, "swap": limits.memory },
        "pids": { "limit": limits.processes },
        "cpu": { "shares": 128, "quota": quota.max(1000), "period": 100_000 },
    })
}

fn mounts(binds: &[Bind]) -> Vec<Value> {
    let fixed = [
        ("proc", "/proc", "proc", vec![]),
        ("tmpfs", "/dev", "tmpfs", vec!["nosuid", "strictatime", "mode=755", "size=16m"]),
        ("devpts", "/dev/pts", "devpts", vec!["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]),
        ("tmpfs", "/dev/shm", "shm", vec!["nosuid", "noexec", "nodev", "mode=1777", "size=64m"]),
        ("sysfs", "/sys", "sysfs", vec!["nosuid", "noexec", "nodev", "ro"]),
        ("tmpfs", "/tmp", "tmp", vec!["nosuid", "nodev", "mode=1777", "size=256m"]),
        ("tmpfs", "/run", "run", vec!["nosuid", "nodev", "mode=755", "size=64m"]),
    ];
    let fixed = fixed.map(|(kind, target, source, options)| {
        json!({ "destination": target, "type": kind, "source": source, "options": options })
    });
    let bound = binds.iter().map(|bind| {
        let write = if bind.writable { "rw" } else { "ro" };
        let options = ["rbind", "nosuid", "nodev", write];
        json!({ "destination": bind.target, "type": "bind", "source": bind.source, "options": options })
    });
    fixed.into_iter().chain(bound).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sandbox_is_told_whole() {
        let limits =
            Limits { memory: 2 << 30, cpus: 1.5, processes: 512, seconds: 900, disk: 5 << 30, cache_disk: 10 << 30 };
        let bind = Bind { source: "/var/lib/slipway/stacks".into(), target: "/stacks", writable: false };
        let spec = spec("build-1", Path::new("/var/lib/slipway/builds/1/scratch/root"), &[bind], &limits).unwrap();
        let mut shown = serde_json::to_value(spec).unwrap();
        // Sets have no order of their own.
        for (_, set) in shown["process"]["capabilities"].as_object_mut().unwrap() {
            set.as_array_mut().unwrap().sort_by_key(ToString::to_string);
        }
        insta::assert_json_snapshot!("sandbox", shown);
    }
}

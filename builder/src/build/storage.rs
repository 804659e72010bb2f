//! The settings of `buildah`: which stores, which registries.

use std::path::Path;

use anyhow::Result;

use super::{files, layout};

/// Writes the settings into the sandbox.
pub fn ensure() -> Result<()> {
    // A store that is read-only cannot be begun, so that one without a stack image is left out.
    let has_stacks = Path::new(layout::STACKS).join("overlay-images").exists();
    let additional = if has_stacks { format!("{:?}", layout::STACKS) } else { String::new() };
    let storage = format!(
        "[storage]\ndriver = \"overlay\"\ngraphroot = {:?}\nrunroot = \"/run/store\"\n[storage.options]\n\
         additionalimagestores = [{additional}]\n",
        layout::STORE
    );
    let passwd = "root:x:0:0:root:/work:/bin/sh\nslug:x:2000:2000::/app:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n";
    let written = [
        ("/etc/containers/storage.conf", storage.as_str()),
        (
            "/etc/containers/registries.conf",
            "unqualified-search-registries = [\"docker.io\"]\nshort-name-mode = \"disabled\"\n",
        ),
        ("/etc/containers/policy.json", "{\"default\":[{\"type\":\"insecureAcceptAnything\"}]}\n"),
        ("/etc/passwd", passwd),
        ("/etc/group", "root:x:0:\nslug:x:2000:\nnogroup:x:65534:\n"),
        ("/etc/hosts", "127.0.0.1 localhost\n"),
    ];
    for (path, text) in written {
        files::write(Path::new(path), text.as_bytes(), 0o644)?;
    }
    std::fs::create_dir_all(Path::new(layout::WORK).join("tmp"))?;
    Ok(())
}

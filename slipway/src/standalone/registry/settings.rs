//! The registry's settings. Nothing outside this file is opened: no debug listener, no access log, no cache.

use std::path::Path;

use anyhow::{Context, Result};

/// `registry.yml`. Words are written as JSON, which YAML reads.
pub fn text(storage: &Path, users: &Path, secret: &str) -> Result<String> {
    let (storage, users) = (word(storage)?, word(users)?);
    Ok(format!(
        "\
# Written by slipway at each start.
version: 0.1
log:
  level: warn
  accesslog:
    disabled: true
storage:
  filesystem:
    rootdirectory: {storage}
  delete:
    enabled: true
http:
  secret: {secret}
auth:
  htpasswd:
    realm: slipway
    path: {users}
"
    ))
}

fn word(path: &Path) -> Result<String> {
    let path = path.to_str().with_context(|| format!("{} is no text", path.display()))?;
    Ok(serde_json::to_string(path)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_kept_as_they_are() {
        let text = text(Path::new("/srv/my \"data\": 1/registry"), Path::new("/etc/u"), "5ec0e7").unwrap();
        insta::assert_snapshot!(text, @r#"
        # Written by slipway at each start.
        version: 0.1
        log:
          level: warn
          accesslog:
            disabled: true
        storage:
          filesystem:
            rootdirectory: "/srv/my \"data\": 1/registry"
          delete:
            enabled: true
        http:
          secret: 5ec0e7
        auth:
          htpasswd:
            realm: slipway
            path: "/etc/u"
        "#);
    }
}

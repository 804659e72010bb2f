//! `slipway unit`: the systemd unit that keeps the supervisor running where systemd is PID 1.

use std::path::Path;

/// The unit for this program with these arguments after `standalone`.
///
/// `KillMode=process`: systemd kills the supervisor alone, so that `systemctl restart` of a broken supervisor does not
/// take the platform down. An orderly `systemctl stop` still ends every part, because the supervisor does that.
pub fn text(program: &Path, arguments: &[String]) -> String {
    let words = [program.display().to_string(), "standalone".to_owned()].into_iter().chain(arguments.iter().cloned());
    let command = words.map(|word| quote(&word)).collect::<Vec<_>>().join(" ");
    format!(
        "\
[Unit]
Description=Slipway, an application platform
Wants=docker.service network-online.target
After=docker.service network-online.target

[Service]
ExecStart={command}
Restart=on-failure
RestartSec=1
KillMode=process
TimeoutStopSec=240
LimitNOFILE=1048576
OOMScoreAdjust=-500

[Install]
WantedBy=multi-user.target
"
    )
}

/// One word of systemd's command lines: `%` and `$` are special everywhere, the rest only outside of quotes.
fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,=+@[]".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    let escaped = word.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%").replace('$', "$$");
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_kept_as_they_are() {
        let arguments = ["--http-listen", "[::]:80", "--data-dir", "/srv/my data/100%"].map(str::to_owned);
        let text = text(Path::new("/usr/local/bin/slipway"), &arguments);
        let line = text.lines().find(|line| line.starts_with("ExecStart")).unwrap();
        assert_eq!(
            line,
            r#"ExecStart=/usr/local/bin/slipway standalone --http-listen [::]:80 --data-dir "/srv/my data/100%%""#
        );
    }
}

# shellcheck shell=bash
# Becoming root, and leaving a user's files the user's own. Sourced, never run; needs say.sh.

# Where Debian keeps the programs of administrators; the PATH of a user, which sudo is told to keep, lacks it.
export PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# Runs the script again through sudo unless root runs it already: become_root "$0" "$@". The toolchain and the cache
# stay those of the user, because PATH and HOME do.
become_root() {
    [ "$(id -u)" -ne 0 ] || return 0
    command -v sudo >/dev/null || fail "this needs root, and there is no sudo" "Run it as root."
    local keep=("PATH=$PATH" "HOME=$HOME") name
    for name in CARGO_HOME CARGO_TARGET_DIR RUSTUP_HOME XDG_CACHE_HOME; do
        [ -z "${!name:-}" ] || keep+=("$name=${!name}")
    done
    exec sudo -- env "${keep[@]}" "$@"
}

# Gives what root made under these paths to the user who called sudo: hand_back <path...>.
hand_back() {
    [ -n "${SUDO_UID:-}" ] || return 0
    local path
    for path; do
        [ ! -e "$path" ] || find "$path" -user root -exec chown -h "$SUDO_UID:${SUDO_GID:-$SUDO_UID}" {} +
    done
}

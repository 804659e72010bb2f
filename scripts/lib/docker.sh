# shellcheck shell=bash
# A Docker Engine that answers. Sourced, never run; needs say.sh, packages.sh and root.

# The dockerd that docker_ensure started itself; empty when one was there or an init system keeps it.
DOCKERD_PID=

# True when an engine answers.
docker_answers() { docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

# Makes an engine answer: docker_ensure <log file>. Leaves one alone that does; otherwise installs Debian's and starts
# it with live-restore, so that containers outlive it.
docker_ensure() {
    docker_answers && return
    docker_install
    docker_answers && return
    if [ -d /run/systemd/system ]; then
        systemctl start docker || fail "docker.service does not start" "Look at: journalctl -u docker"
    else
        docker_start "$1"
    fi
    wait_until 60 docker_answers && return
    [ ! -f "$1" ] || tail -n 20 "$1" >&2
    fail "the Docker Engine does not answer" "Look at $1; it needs cgroups, iptables and the right to make network bridges."
}

docker_install() {
    if ! command -v dockerd >/dev/null; then
        # Read by the daemon that systemd starts; a file of the operator's is left alone.
        if [ -d /run/systemd/system ] && [ ! -e /etc/docker/daemon.json ]; then
            mkdir -p /etc/docker
            printf '{ "live-restore": true }\n' >/etc/docker/daemon.json
        fi
        packages_install docker.io
    fi
    packages_install iptables
    # The engine refuses to start containers when the kernel has AppArmor and its parser is missing.
    if grep -qs Y /sys/module/apparmor/parameters/enabled; then packages_install apparmor; fi
}

docker_start() {
    local options=()
    # The engine refuses an option that its configuration file has too.
    grep -qs live-restore /etc/docker/daemon.json || options+=(--live-restore)
    if ! grep -q cgroup /proc/mounts; then
        packages_install cgroupfs-mount
        cgroupfs-mount
    fi
    docker_forget_dead
    say "Starting dockerd (its log: $1)"
    setsid dockerd "${options[@]}" >"$1" 2>&1 </dev/null &
    DOCKERD_PID=$!
}

# An engine that was killed leaves its pid behind, and the next one refuses to start while any process bears it, a dead
# one that nobody has collected yet among them.
docker_forget_dead() {
    local file=/var/run/docker.pid pid
    pid=$(cat "$file" 2>/dev/null) || return 0
    if grep -qsx dockerd "/proc/$pid/comm" && ! grep -qs '^State:[[:space:]]*Z' "/proc/$pid/status"; then return 0; fi
    rm -f "$file"
    # Its containerd may hang on to the socket that the next one waits for; containers outlive both.
    local folder=/var/run/docker/containerd
    pid=$(cat "$folder/containerd.pid" 2>/dev/null) || return 0
    if grep -qsx containerd "/proc/$pid/comm"; then kill -9 "$pid" 2>/dev/null || true; fi
    rm -f "$folder/containerd.pid" "$folder"/*.sock
}

# Stops the engine that docker_ensure started, and no other.
docker_stop() {
    [ -n "$DOCKERD_PID" ] || return 0
    kill "$DOCKERD_PID" 2>/dev/null || true
    wait "$DOCKERD_PID" 2>/dev/null || true
    DOCKERD_PID=
}

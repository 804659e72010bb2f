# shellcheck shell=bash
# Debian packages. Sourced, never run; needs say.sh and root.

# True when a package is installed: package_installed <name>.
package_installed() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Installs those of the packages that are missing: packages_install <name...>. Takes no time when none is.
packages_install() {
    local missing=() name
    for name; do
        package_installed "$name" || missing+=("$name")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    command -v apt-get >/dev/null ||
        fail "missing: ${missing[*]}" "This is not Debian: install what these packages hold, then try again."
    say "Installing ${missing[*]}"
    apt_get update
    apt_get install --no-install-recommends "${missing[@]}"
}

# apt-get without questions. Where no systemd runs, RUNLEVEL=1 keeps package scripts from starting daemons: what runs
# there is started by whoever needs it, with the options it needs.
apt_get() {
    local quiet=(DEBIAN_FRONTEND=noninteractive)
    [ -d /run/systemd/system ] || quiet+=(RUNLEVEL=1)
    local log
    log=$(mktemp)
    if ! env "${quiet[@]}" apt-get -q -y -o DPkg::Lock::Timeout=300 "$@" >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        fail "apt-get $1 failed" "Is a Debian mirror in reach? See the lines above."
    fi
    rm -f "$log"
}

# What compiling the workspace needs beside the toolchain.
packages_for_build() { packages_install gcc libc6-dev ca-certificates git; }

# PostgreSQL's programs, without the cluster that Debian's package would make and start.
packages_for_postgres() {
    compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null && return
    if ! package_installed postgresql-common; then
        mkdir -p /etc/postgresql-common
        printf 'create_main_cluster = false\n' >/etc/postgresql-common/createcluster.conf
    fi
    packages_install postgresql-15
}

# What `git push` needs on the machine of a platform: git's side, the registry that keeps what was built, and what builds in
# a sandbox. Installed where systemd runs, the registry would serve the world; ours is started by the supervisor.
packages_for_pushes() {
    local registry=had
    package_installed docker-registry || registry=new
    packages_install git openssh-client docker-registry buildah runc uidmap iproute2
    if [ $registry = new ] && [ -d /run/systemd/system ]; then systemctl disable --quiet --now docker-registry; fi
}

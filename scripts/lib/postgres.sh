# shellcheck shell=bash
# A throw-away PostgreSQL for tests. Sourced, never run; needs say.sh, packages.sh and root.

# Where the running throw-away server lives; empty when there is none.
POSTGRES_DIR=

# The newest PostgreSQL programs of Debian.
postgres_bin() { compgen -G '/usr/lib/postgresql/*/bin' | sort -V | tail -n 1; }

# Runs one of them as the user that Debian's package made, because the server refuses to be root.
postgres_run() {
    local program=$1
    shift
    (cd / && runuser -u postgres -- "$(postgres_bin)/$program" "$@")
}

# Starts a server and exports DATABASE_URL. Only a socket in a closed directory leads to it, so that it needs no
# password; it never waits for the disk, because nothing in it is worth keeping. It lies in /tmp: the home of root is
# closed to the server, and the path of a socket has to be short.
postgres_start() {
    packages_for_postgres
    POSTGRES_DIR=$(mktemp -d /tmp/slipway-postgres.XXXXXX)
    chown postgres: "$POSTGRES_DIR"
    postgres_run initdb -D "$POSTGRES_DIR/data" -U slipway --auth=trust --no-sync -E UTF8 --locale=C.UTF-8 >/dev/null ||
        fail "initdb failed" "See the lines above."
    local settings="-k $POSTGRES_DIR -c listen_addresses= -c max_connections=300"
    settings+=" -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
    postgres_run pg_ctl -D "$POSTGRES_DIR/data" -w -s -l "$POSTGRES_DIR/log" -o "$settings" start ||
        fail "PostgreSQL does not start" "$(tail -n 5 "$POSTGRES_DIR/log")"
    postgres_run createdb -h "$POSTGRES_DIR" -U slipway slipway
    export DATABASE_URL="postgres:///slipway?host=$POSTGRES_DIR&user=slipway"
}

# Makes an empty database of this name, with all migrations applied, in the running server, and prints its URL.
postgres_migrated() {
    local file
    postgres_run createdb -h "$POSTGRES_DIR" -U slipway "$1"
    for file in migrations/*.sql; do
        postgres_run psql -h "$POSTGRES_DIR" -U slipway -d "$1" -q -v ON_ERROR_STOP=1 >/dev/null <"$file" ||
            fail "migration $file does not apply" "See the lines above."
    done
    printf 'postgres:///%s?host=%s&user=slipway\n' "$1" "$POSTGRES_DIR"
}

# Stops the server that postgres_start started and removes its files.
postgres_stop() {
    [ -n "$POSTGRES_DIR" ] || return 0
    postgres_run pg_ctl -D "$POSTGRES_DIR/data" -s -m immediate stop || true
    rm -rf "$POSTGRES_DIR"
    POSTGRES_DIR=
}

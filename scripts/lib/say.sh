# shellcheck shell=bash
# What our scripts say, how they wait and how they give up. Sourced, never run.

# Announces a step.
say() { printf '\n--> %s\n' "$*"; }

# Ends the script: fail <what happened> [<what to do about it>].
fail() {
    printf '\nerror: %s\n' "$1" >&2
    [ $# -lt 2 ] || printf '       %s\n' "$2" >&2
    exit 1
}

# Waits until a command succeeds: wait_until <seconds> <command...>. Fails when the time is over.
wait_until() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.1
    done
}

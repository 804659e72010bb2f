# shellcheck shell=bash disable=SC2154
# Pushing our examples by git, as the quick start shows it. Sourced, never run; needs the functions step and expect,
# the answer of the last step in $answer, and a folder for notes in $notes.

# Makes a key for the quick start alone and gives its public half to the platform. The user's own keys,
# known hosts and git settings stay out of it.
push_key() {
    local key=$notes/quickstart.key
    mkdir -p "$notes"
    [ -e "$key" ] || step ssh-keygen -q -t ed25519 -N '' -C quickstart -f "$key"
    mycli keys:list 2>/dev/null | grep -qw quickstart || {
        # On a terminal it would ask whether to trust the host, and nobody would see the question.
        step mycli keys:add quickstart "$key.pub" </dev/null
        expect "done"
        # A platform that does not know the key is a new one: what was noted of one before it is of no use.
        rm -f "$notes"/quickstart.{known_hosts,pushed}
    }
    export GIT_SSH_COMMAND="ssh -i $key -o IdentitiesOnly=yes -o IdentityAgent=none -o BatchMode=yes"
    # The platform is this machine: whoever answers at its first push is it.
    GIT_SSH_COMMAND+=" -o UserKnownHostsFile=$notes/quickstart.known_hosts -o StrictHostKeyChecking=accept-new -F none"
    printf '\n$ export GIT_SSH_COMMAND="%s"\n' "$GIT_SSH_COMMAND"
    export GIT_CONFIG_GLOBAL=/dev/null
    export GIT_AUTHOR_NAME=Quickstart GIT_AUTHOR_EMAIL=admin@example.com
    export GIT_COMMITTER_NAME=$GIT_AUTHOR_NAME GIT_COMMITTER_EMAIL=$GIT_AUTHOR_EMAIL
}

# Pushes an example as an app of its own, unless a run before this one did: push_example <folder in examples>.
push_example() {
    local app
    app=$(pushed_app "$1")
    if [ -z "$app" ] || ! mycli info -a "$app" >/dev/null 2>&1; then push_new "$1"; fi
    app=$(pushed_app "$1")
    step curl -s "http://$app.localhost"
    expect "Powered by Slipway"
}

# The app that an example was pushed as; empty when it was not: pushed_app <example>.
pushed_app() { (grep "^$1 " "$notes/quickstart.pushed" 2>/dev/null || true) | tail -n 1 | cut -d ' ' -f 2; }

push_new() {
    local clone=$PWD folder app
    folder=$(mktemp -d)
    cp -r "examples/$1" "$folder"
    printf '\n$ cp -r examples/%s %s && cd %s/%s\n' "$1" "$folder" "$folder" "$1"
    cd "$folder/$1" || return
    step git init --quiet --initial-branch=main
    step git add .
    step git commit --quiet -m "Say who powers it"
    step mycli create
    app=${answer%%$'\n'*}
    app=${app##*created }
    step git push mycli main
    expect "Done, $app:v2 deployed to Workflow"
    cd "$clone" || return
    rm -rf "$folder"
    printf '%s %s\n' "$1" "$app" >>"$notes/quickstart.pushed"
}

# shellcheck shell=bash
# The stack image: what buildpacks build on and what the apps that they make run on, from Debian's packages alone.
# Sourced, never run; needs say.sh, packages.sh and root.

# The name that `FROM` and the platform know it by.
STACK_IMAGE=slipway-stack

# What is in it beside Debian's essential packages. No compiler: it would double the image for every app that runs.
STACK_PACKAGES=bash,ca-certificates,curl,file,git,nginx-light,nodejs,npm,procps,python3,python3-venv,unzip,xz-utils

# Makes the stack's root file system unless this recipe has made it already, and leaves its path in $STACK_TAR:
# stack_tar <cache folder> [--force].
stack_tar() {
    local folder=$1/stack log recipe
    recipe=$({ declare -p STACK_PACKAGES && declare -f stack_bootstrap stack_user stack_trust stack_trim; } | sha256sum)
    STACK_TAR=$folder/$STACK_IMAGE-${recipe:0:12}.tar
    if [ "${2:-}" != --force ] && [ -e "$STACK_TAR" ]; then return; fi
    packages_install mmdebstrap
    say "Making the stack image $STACK_IMAGE from Debian's packages (a minute or two, once)"
    mkdir -p "$folder"
    log=$(mktemp)
    if ! stack_bootstrap "$folder/new.tar" 2>"$log"; then
        tail -n 20 "$log" >&2
        rm -f "$log" "$folder/new.tar"
        fail "the stack image cannot be made" "Is a Debian mirror in reach? See the lines above."
    fi
    rm -f "$log" "$folder/$STACK_IMAGE"-*.tar
    mv "$folder/new.tar" "$STACK_TAR"
}

# What leaves documentation out stays in the image, as Debian's own small images have it, so that whatever is installed
# on top stays small, too. What the hooks remove is left out of this image alone.
stack_bootstrap() {
    # Files of one day bear one date, so that the same packages make the same image.
    # shellcheck disable=SC2016 # The root is the hook's to expand.
    SOURCE_DATE_EPOCH=$(($(date +%s) / 86400 * 86400)) mmdebstrap --quiet --variant=minbase --format=tar \
        --include="$STACK_PACKAGES" \
        --dpkgopt='force-unsafe-io' \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
        --dpkgopt='path-exclude=/usr/share/info/*' --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/lintian/*' \
        --customize-hook="set -e; $(declare -f stack_user stack_trust stack_trim)
            stack_user \"\$1\"; stack_trust \"\$1\"; stack_trim \"\$1\"" \
        bookworm "$1"
}

# The user as whom buildpacks and what they build run, as at Deis: stack_user <root>. It and the next two run in the hook's
# shell, which is not bash.
stack_user() {
    chroot "$1" groupadd --gid 2000 slug
    chroot "$1" useradd --uid 2000 --gid 2000 --home-dir /app --no-create-home --shell /bin/bash slug
    mkdir -p "$1/app" "$1/runner"
    chown 2000:2000 "$1/app"
}

# Trusts whom this machine trusts: a company's proxy may sign the world anew, and builds have to get through it, too:
# stack_trust <root>.
stack_trust() {
    bundle=/etc/ssl/certs/ca-certificates.crt
    own=$1/usr/local/share/ca-certificates
    [ -e "$bundle" ] || return 0
    mkdir -p "$own"
    # One file for each certificate that Debian does not bring; the first bundle is the one in the root.
    awk -v own="$own" '
        /^-----BEGIN/ { text = "" }
        { text = text $0 "\n" }
        /^-----END/ && NR == FNR { known[text] }
        /^-----END/ && !(text in known) { file = own "/machine-" ++count ".crt"; printf "%s", text >file; close(file) }
    ' "$1$bundle" "$bundle"
    chroot "$1" update-ca-certificates >/dev/null
}

# What only linking statically, serving repositories and reading about it need: stack_trim <root>.
stack_trim() {
    rm -f "$1"/usr/lib/*/*.a "$1"/usr/bin/git-shell "$1"/usr/bin/scalar
    for program in git-daemon git-http-backend git-http-fetch git-http-push git-imap-send git-shell scalar; do
        rm -f "$1/usr/lib/git-core/$program"
    done
    find "$1/usr/share/nodejs" -type f \( -name '*.map' -o -name '*.md' -o -name '*.d.ts' \) -delete
    rm -rf "$1/usr/share/gitweb" "$1/usr/share/bash-completion" "$1"/var/cache/debconf/*-old "$1"/var/lib/dpkg/*-old
    find "$1/var/log" -type f -delete
}

# True when the platform has the stack image.
stack_known() { slipway stack list | grep -qw -- "$STACK_IMAGE"; }

# Makes the stack image and gives it to the platform, unless that has one: stack_ensure <cache folder> [--force].
stack_ensure() {
    command -v slipway >/dev/null || fail "slipway is not installed here" "scripts/quickstart installs it, and makes the image, too."
    if [ "${2:-}" != --force ] && stack_known; then return; fi
    stack_tar "$@"
    say "Importing the stack image $STACK_IMAGE"
    slipway stack import "$STACK_TAR" --name "$STACK_IMAGE" ||
        fail "the stack image cannot be imported" "See the lines above."
}

# The same for all platforms that tests start, made once by the program in the folder $2: stack_for_tests <cache> <programs>.
# It lies where the users of sandboxes can pass through.
stack_for_tests() {
    local folder=/var/cache/slipway-test
    stack_tar "$1"
    [ "$(cat "$folder/stack" 2>/dev/null)" != "$STACK_TAR" ] || return 0
    say "Importing the stack image for tests"
    rm -rf "$folder"
    mkdir -p "$folder"
    install -m 0755 "$2/slipway" "$folder/slipway"
    "$folder/slipway" stack --data-dir "$folder" --run-dir "$folder/run" import "$STACK_TAR" >"$folder/log" 2>&1 ||
        fail "the stack image cannot be imported" "$(tail -n 20 "$folder/log")"
    printf '%s\n' "$STACK_TAR" >"$folder/stack"
}

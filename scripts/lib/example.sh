# shellcheck shell=bash
# Images of our examples, built here from Debian's packages. Sourced, never run; needs say.sh, packages.sh, root.

# The base image of our examples: a minimal Debian, bash included.
BASE_IMAGE=slipway-base

image_exists() { docker image inspect "$1" >/dev/null 2>&1; }

# Makes the base image unless it is there.
example_base() {
    image_exists "$BASE_IMAGE" && return
    packages_install mmdebstrap
    say "Making the base image $BASE_IMAGE from Debian's packages"
    local log
    log=$(mktemp)
    if ! mmdebstrap --quiet --variant=minbase --dpkgopt='path-exclude=/usr/share/doc/*' \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
        bookworm - 2>"$log" | docker import --change 'CMD ["bash"]' - "$BASE_IMAGE" >/dev/null; then
        tail -n 20 "$log" >&2
        fail "the base image cannot be made" "Is a Debian mirror in reach? See the lines above."
    fi
    rm -f "$log"
}

# Builds the image example-go unless it is there.
example_go() {
    image_exists example-go && return
    example_base
    command -v go >/dev/null || packages_install golang-go
    say "Building the image example-go from examples/go"
    local folder
    folder=$(mktemp -d)
    cp examples/go/* "$folder"
    (cd "$folder" && GOCACHE=$folder/cache GO111MODULE=off CGO_ENABLED=0 go build -trimpath -o example-go main.go) ||
        fail "examples/go does not compile" "See the lines above."
    rm -rf "$folder/cache"
    docker build --quiet --tag example-go "$folder" >/dev/null 2>"$folder/log" ||
        fail "the image example-go cannot be built" "$(cat "$folder/log")"
    rm -rf "$folder"
}

# Removes what the functions above made.
example_purge() {
    local image
    for image in example-go "$BASE_IMAGE"; do
        ! image_exists "$image" || docker image rm --force "$image" >/dev/null
    done
}

# shellcheck shell=bash
# Where things are built. Sourced, never run; needs cargo.

# Exports CARGO_TARGET_DIR, by default a folder in the cache: build_folder <cache>. Clones share it, for the sake of what
# they all depend on. What another clone built of ours is removed: cargo tells sources apart by their age alone, and would
# take it for this one's.
build_folder() {
    export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$1/target}
    local clone=$CARGO_TARGET_DIR/clone
    [ "$(cat "$clone" 2>/dev/null)" != "$PWD" ] || return 0
    mkdir -p "$CARGO_TARGET_DIR"
    cargo clean --quiet --workspace
    printf '%s\n' "$PWD" >"$clone"
}

#!/usr/bin/env bash
# The start program of every image that a buildpack made, /runner/init there:
#
#   init start <type>     runs the command line of a process type, from /app/.slipway/types/<type>
#   init <command...>     runs that; several words are joined by spaces, as Deis did it
#
# What it starts takes its place, so that signals reach it. Files of the app are sourced here: no `set -eu` over them.
export HOME=/app
export PORT=${PORT:-5000}
types=/app/.slipway/types

# Says what went wrong and ends: fail <what>.
fail() {
    printf 'error: %s\n' "$1" >&2
    exit 127
}

# The command line of a process type: command_of <type>.
command_of() {
    local file=$types/$1 known
    if [[ $1 == */* || $1 == .* || ! -f $file ]]; then
        known=$(cd "$types" 2>/dev/null && printf ' %s' *)
        [ "$known" != ' *' ] || known=
        fail "there is no process type '$1'; this release has:${known:- none. A Procfile says what to run.}"
    fi
    cat "$file"
}

if [ $# -eq 0 ]; then
    fail "nothing to run; say: start <type>, or a command"
elif [ "$1" = start ] && [ $# -eq 2 ]; then
    # Word for word: the exit status of a function in $(...) ends nothing by itself.
    command=$(command_of "$2") || exit
else
    command=$*
fi

cd /app || fail "there is no folder /app in this image"
for file in .profile.d/*.sh .profile; do
    # shellcheck source=/dev/null
    [ ! -f "$file" ] || . "./$file"
done

# A shell gives its place to the last command that it runs, a compound one (`a && b`, `A=1 b`) included; writing `exec`
# in front would run the first word of such a line alone.
exec bash -c "$command"

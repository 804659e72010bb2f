#!/bin/sh
# Stands beside a session in an instance, because the engine tells nobody in a container that who watched has gone. It sends
# the signals that it is told, a line each, and ends whatever is left of the session once its own input ends: when the
# client leaves, and when the controller dies, since the engine closes the input then.
#
# $1 is the mark that the session's environment bears. Nothing but a shell is needed; `sleep` helps.

# Sends a signal to the process groups of the session, and with $2 to each process of it.
tell() {
    for process in /proc/[0-9]*; do
        while IFS= read -r variable || [ -n "$variable" ]; do
            case $variable in *"$mark"*)
                pid=${process#/proc/}
                kill -s "$1" -- "-$pid" || [ -z "$2" ] || kill -s "$1" "$pid"
                break
                ;;
            esac
        done <"$process/environ"
    done
}

mark=$1
echo ready
while read -r signal; do
    tell "$signal" ''
done
# What was asked for in the last moment may begin after the first look.
for signal in HUP KILL KILL; do
    tell "$signal" each
    sleep 1
done

#!/bin/sh
# start-agent.sh NOTES PROGRAM [ARGUMENT...]: start a log agent so that none of its lines is lost when it is killed (ADR 11).
#
# An agent notes how far it has READ each file, not how far Loki has taken the lines: what is on the way when it is killed counts as read.
# So every five seconds in which its notes change they are copied. After a death it starts from the last copy but two, and what it read
# since then is sent again. An agent that ends in order has sent everything, and goes on from its notes.
set -eu
notes=$1
shift
newest=$notes.3 older=$notes.2 oldest=$notes.1

if [ -e "$oldest" ]; then
    cp "$oldest" "$notes"
elif [ -e "$notes" ]; then
    cp "$notes" "$oldest"
else
    echo 'positions: {}' >"$oldest"
fi
# Copies of an earlier life say nothing about what this one has sent.
rm -f "$newest" "$older"

while sleep 5; do
    cmp -s "$notes" "$newest" && continue
    # Never half a copy under a name that counts, as on a full disk.
    cp "$notes" "$notes.new" || continue
    [ ! -e "$older" ] || mv "$older" "$oldest"
    [ ! -e "$newest" ] || mv "$newest" "$older"
    mv "$notes.new" "$newest"
done &
copier=$!

"$@" &
agent=$!
trap 'kill "$agent"' TERM INT
code=0
wait "$agent" || code=$?
# A signal ends the waiting, not the agent.
while kill -0 "$agent" 2>/dev/null; do
    code=0
    wait "$agent" || code=$?
done
kill "$copier"
if [ "$code" = 0 ]; then
    rm -f "$oldest"
fi
exit "$code"

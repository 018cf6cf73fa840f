# faultlib.sh - what the fault tests share; sourced by each
#
# Each works in a fresh folder $work and prints "ok - NAME", "not ok - NAME: WHY" or "skip - NAME: WHY".
# shellcheck shell=bash
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
BUILD=${BUILD:-build/release}
BONAFIDE=${BONAFIDE:-$root/$BUILD/bonafide}
MEDIA=${MEDIA:-$root/fixtures/media}
work=$(mktemp -d)
mounted=
cleanup() {
    [ -z "$mounted" ] || umount "$mounted" 2>/dev/null || umount -l "$mounted" 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT
cd "$work"
export HOME=$work LC_ALL=C
unset BONAFIDE_LEDGER XDG_DATA_HOME XDG_CONFIG_HOME

ok() { echo "ok - fault/$1"; }
not_ok() {
    echo "not ok - fault/$1: $2"
    if [ -s err ]; then
        head -n 5 err | sed 's/^/# /'
    fi
}

new_ledger() { # DIR
    [ -e news.key ] || "$BONAFIDE" key new --no-passphrase -o news.key --name 'Example Newsroom' >/dev/null
    "$BONAFIDE" ledger init --ledger "$1" >/dev/null
}

# size DIR: how many records
size() { "$BONAFIDE" ledger log --json --ledger "$1" | wc -l; }

# clean DIR: the audit finds nothing
clean() { "$BONAFIDE" ledger audit --ledger "$1" >audit.out 2>audit.err; }

# holds DIR FILE.json: the records whose registration FILE.json answered are on the ledger
holds() {
    local hash
    "$BONAFIDE" ledger log --json --ledger "$1" >log.json
    grep -o '"hash":"[0-9a-f]\{64\}"' "$2" | while read -r hash; do
        grep -q "$hash" log.json || return 1
    done
}

# clips N SECONDS: N different clips of the speaker, clip000.mp4 and on
clips() {
    ffmpeg -v error -nostdin -t "$(awk "BEGIN { print $1 * $2 }")" -i "$MEDIA/speaker.mp4" -an -c:v libx264 \
        -preset ultrafast -force_key_frames "expr:gte(t,n_forced*$2)" -f segment -segment_time "$2" -reset_timestamps 1 \
        clip%03d.mp4
}

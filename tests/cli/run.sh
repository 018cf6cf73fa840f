#!/usr/bin/env bash
# run.sh [--update] [CASE...] - the cases of the command line
#
# tests/cli/CASE/case.sh runs in a fresh folder, with HOME and the XDG folders inside it. What it prints is compared with
# case.stdout and case.stderr beside it, its exit status with case.exit (absent: nothing, nothing, 0), after
# normalise.sed and the names of the folders have been put in. --update writes them anew: read the diff before keeping it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
BUILD=${BUILD:-build/release}
export BONAFIDE=${BONAFIDE:-$root/$BUILD/bonafide}
export CHECK=${CHECK:-$root/$BUILD/bonafide-check}
export MAKE_FAKE=${MAKE_FAKE:-$root/$BUILD/make_fake}
export MEDIA=${MEDIA:-$root/fixtures/media}
export CASELIB=$here/caselib.sh

update=
if [ "${1:-}" = --update ]; then
    update=1
    shift
fi

if [ "${1:-}" = --one ]; then
    name=$2
    work=$(mktemp -d)
    trap 'chmod -R u+w "$work" 2>/dev/null; rm -rf "$work"' EXIT
    mkdir "$work/in"
    rc=0
    (
        cd "$work/in"
        unset BONAFIDE_LEDGER COLUMNS
        export HOME=$work/in XDG_DATA_HOME=$work/in/.data XDG_CONFIG_HOME=$work/in/.config LC_ALL=C TERM=dumb TZ=UTC
        timeout "${CASE_TIMEOUT:-300}" bash "$here/$name/case.sh" >"$work/stdout" 2>"$work/stderr" </dev/null
    ) || rc=$?
    for f in stdout stderr; do
        sed -E -e "s#$work/in#HERE#g; s#$MEDIA#MEDIA#g; s#$root#ROOT#g" -f "$here/normalise.sed" "$work/$f" >"$work/$f.got"
    done
    echo "$rc" >"$work/exit.got"
    # What a case finds wrong by itself is no answer to want, whatever stands beside it.
    bad=
    ! grep -q '^WRONG: ' "$work/stderr" || bad=" (by its own word)"
    if [ -n "${CASE_UPDATE:-}" ] && [ -z "$bad" ]; then
        for f in stdout stderr exit; do
            cp "$work/$f.got" "$here/$name/case.$f"
            [ -s "$here/$name/case.$f" ] || rm "$here/$name/case.$f"
        done
        [ "$rc" != 0 ] || rm -f "$here/$name/case.exit"
    fi
    for f in stdout stderr exit; do
        want=$here/$name/case.$f
        if [ ! -e "$want" ]; then
            want=$work/none
            : >"$want"
            [ $f != exit ] || echo 0 >"$want"
        fi
        if ! diff -u --label "wanted $f" --label "got $f" "$want" "$work/$f.got" >"$work/$f.diff"; then
            bad="$bad $f"
        fi
    done
    if [ -z "$bad" ]; then
        echo "ok - cli/$name"
    else
        echo "not ok - cli/$name: other$bad than wanted"
        cat "$work"/*.diff | head -n 60 | sed 's/^/# /'
    fi
    exit 0
fi

export CASE_UPDATE=$update
if [ $# = 0 ]; then
    cd "$here"
    set -- */case.sh
    set -- "${@%/case.sh}"
fi
# Two at a time; each writes to a file of its own so that lines do not mix.
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
# shellcheck disable=SC2016
printf '%s\n' "$@" | xargs -P 2 -I{} sh -c '"$0" --one "$1" >"$2/$1" 2>&1' "$here/run.sh" {} "$out"
cat "$out"/*
! grep -q '^not ok' "$out"/*

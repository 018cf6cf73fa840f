# caselib.sh - what the cases share; sourced by case.sh
#
# A case prints a transcript: "$ bonafide ...", the answer, then each line of stderr after "! ", then "= N" where the
# exit status is not 0. expect and refuse also check by themselves, so that a case cannot be updated into nonsense.
# shellcheck shell=bash
set -u

bonafide() {
    "$BONAFIDE" "$@"
}

complain() {
    echo "WRONG: $*"
    exit 9
}

# run ARGUMENTS...: prints the transcript; $rc is the status, .out and .err in $case_dir hold the output
case_dir=$(mktemp -d)
trap 'rm -rf "$case_dir"' EXIT
run() {
    echo "\$ bonafide $*"
    rc=0
    "$BONAFIDE" "$@" >"$case_dir/out" 2>"$case_dir/err" || rc=$?
    cat "$case_dir/out"
    sed 's/^/! /' "$case_dir/err"
    [ "$rc" = 0 ] || echo "= $rc"
}

# check ARGUMENTS...: the same for bonafide-check
check() {
    echo "\$ bonafide-check $*"
    rc=0
    "$CHECK" "$@" >"$case_dir/out" 2>"$case_dir/err" || rc=$?
    cat "$case_dir/out"
    sed 's/^/! /' "$case_dir/err"
    [ "$rc" = 0 ] || echo "= $rc"
}

# expect STATUS ARGUMENTS...
expect() {
    local want=$1
    shift
    run "$@"
    [ "$rc" = "$want" ] || complain "status $rc where $want was expected"
}

# quietly STATUS ARGUMENTS...: no transcript, only the status
quietly() {
    local want=$1
    shift
    rc=0
    "$BONAFIDE" "$@" >"$case_dir/out" 2>"$case_dir/err" || rc=$?
    [ "$rc" = "$want" ] || {
        cat "$case_dir/err"
        complain "status $rc where $want was expected from: bonafide $*"
    }
}

# Everything in the folder but LMDB's table of readers, with its bytes.
listing() {
    find . -type f ! -name lock.mdb -exec sha256sum {} + | sort -k2
    find . ! -type f -printf '%y %p\n' | sort
}

# refuse ARGUMENTS...: exit 2, one sentence on stderr that says what is wrong, no answer, nothing written or changed
refuse() {
    listing >"$case_dir/before"
    expect 2 "$@"
    listing >"$case_dir/after"
    [ "$(wc -l <"$case_dir/err")" = 1 ] || complain "stderr is not one line"
    grep -q '^bonafide: ' "$case_dir/err" || complain "stderr does not say who speaks"
    case " $* " in
    *' --json '*) ;;
    *) [ ! -s "$case_dir/out" ] || complain "there is an answer" ;;
    esac
    diff "$case_dir/before" "$case_dir/after" || complain "something was written"
}

# says PATTERN: the last answer or its stderr has a line that matches
says() {
    grep -qE -- "$1" "$case_dir/out" "$case_dir/err" || complain "nothing says '$1'"
}

# files: the names in this folder, one a line
files() {
    echo "\$ ls"
    find . -mindepth 1 -maxdepth 1 ! -name '.*' -printf '%f\n' | sort
}

# A key without passphrase and an empty ledger, without a word; $ledger is its folder
setup() {
    ledger=ledger
    export BONAFIDE_LEDGER=$ledger
    quietly 0 key new --no-passphrase -o news.key --name 'Example Newsroom'
    quietly 0 ledger init
}

# with SECONDS of the speaker registered as a.mp4
setup_registered() {
    setup
    cp "$MEDIA/${1:-short.mp4}" a.mp4
    quietly 0 register a.mp4 --key news.key --title 'Six seconds'
}

# flip FILE OFFSET: one bit of one byte
flip() {
    local byte
    byte=$(od -An -tu1 -j"$2" -N1 "$1" | tr -d ' ')
    # shellcheck disable=SC2059
    printf "\\$(printf '%03o' $((byte ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

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
    echo "WRONG: $*" >&2
    exit 9
}

# shown ARGUMENTS...: as one would type them
shown() {
    local arg
    for arg; do
        case $arg in
        '' | *[!A-Za-z0-9_./=:@%+,-]*) printf ' %s' "${arg@Q}" ;;
        *) printf ' %s' "$arg" ;;
        esac
    done
    echo
}

# run ARGUMENTS...: prints the transcript; $rc is the status, .out and .err in $case_dir hold the output
case_dir=$(mktemp -d)
trap 'rm -rf "$case_dir"' EXIT
run() {
    echo "\$ bonafide$(shown "$@")"
    rc=0
    "$BONAFIDE" "$@" >"$case_dir/out" 2>"$case_dir/err" || rc=$?
    cat "$case_dir/out"
    sed 's/^/! /' "$case_dir/err"
    [ "$rc" = 0 ] || echo "= $rc"
}

# check ARGUMENTS...: the same for bonafide-check
check() {
    echo "\$ bonafide-check$(shown "$@")"
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
    [ "$(grep -vc '^usage: ' "$case_dir/err")" = 1 ] || complain "stderr is not one sentence"
    grep -q '^bonafide: ' "$case_dir/err" || complain "stderr does not say who speaks"
    case " $* " in
    *' --json '*) ;;
    *) [ ! -s "$case_dir/out" ] || complain "there is an answer" ;;
    esac
    diff "$case_dir/before" "$case_dir/after" || complain "something was written"
}

# says PATTERN: the last answer or its stderr has a line that matches
says() {
    grep -qiE -- "$1" "$case_dir/out" "$case_dir/err" || complain "nothing says '$1'"
}

# span_is N STATE START END SOURCE: the Nth span of the last JSON answer, its seconds to within half a second
span_is() {
    tr '{' '\n' <"$case_dir/out" |
        sed -n 's/.*"suspect_start_us":\([0-9]*\),"suspect_end_us":\([0-9]*\),"state":"\([a-z-]*\)","source_start_us":\([0-9]*\).*/\3 \1 \2 \4/p' |
        awk -v n="$1" -v state="$2" -v a="$3" -v b="$4" -v c="$5" '
            function near(us, s) { return us / 1e6 - s < 0.5 && s - us / 1e6 < 0.5 }
            NR == n { good = $1 == state && near($2, a) && near($3, b) && near($4, c); seen = $0 }
            END { if (!good) print "span " n " is: " seen; exit !good }' || complain "span $1 is not $2 from $3 to $4 s"
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

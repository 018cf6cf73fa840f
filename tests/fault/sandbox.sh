#!/usr/bin/env bash
# sandbox.sh - a kernel without seccomp, and decoders that die: each file is refused in words, and the next one is looked at
. "$(dirname "$0")/faultlib.sh"

# The leak sanitizer cannot run beside strace.
export ASAN_OPTIONS=detect_leaks=0
new_ledger led
cp "$MEDIA/tiny.mp4" a.mp4
cp "$MEDIA/tiny.mp4" b.mp4
if ! strace -f -o /dev/null "$BONAFIDE" version >/dev/null 2>&1; then
    echo "skip - fault/sandbox: strace may not trace here"
    exit 0
fi

# under INJECTION... -- ARGUMENTS...: runs it so; the status is in $rc
under() {
    local args=(-f -o trace)
    while [ "$1" != -- ]; do
        args+=(-e "inject=$1")
        shift
    done
    shift
    rc=0
    strace "${args[@]}" "$BONAFIDE" "$@" >out 2>err || rc=$?
}

# both WORD: it was said of both files
both() { [ "$(grep -c "$1" err)" = 2 ] && [ "$rc" = 2 ] && [ ! -s out ]; }

under seccomp:error=ENOSYS prctl:error=EINVAL -- verify a.mp4 b.mp4 --ledger led
if both 'no seccomp filters.*--no-sandbox'; then ok sandbox/fails_closed; else not_ok sandbox/fails_closed "status $rc"; fi

under seccomp:error=ENOSYS prctl:error=EINVAL -- verify a.mp4 b.mp4 --ledger led --no-sandbox
if [ $rc = 1 ] && [ "$(grep -c UNREGISTERED out)" = 2 ]; then
    ok sandbox/without
else
    not_ok sandbox/without "status $rc"
fi

under seccomp:signal=SIGSEGV -- verify a.mp4 b.mp4 --ledger led
if both "refused '[ab].mp4': its decoder crashed"; then ok sandbox/crash; else not_ok sandbox/crash "status $rc"; fi

under seccomp:signal=SIGSYS -- verify a.mp4 b.mp4 --ledger led
if both "refused '[ab].mp4': its decoder was stopped (a forbidden system call)"; then
    ok sandbox/forbidden
else
    not_ok sandbox/forbidden "status $rc"
fi


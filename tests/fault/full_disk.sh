#!/usr/bin/env bash
# full_disk.sh - register on a full disk: exit 2 with a sentence, nothing half-written, and all well once there is room
. "$(dirname "$0")/faultlib.sh"

# until_full NAME DIR: registers clips into the ledger in DIR until one fails
until_full() {
    local name=$1 dir=$2 i rc file n=0
    rm -f clip*.proof clip*.digest
    for ((i = 0; i < 40; i++)); do
        file=$(printf 'clip%03d.mp4' $i)
        rc=0
        "$BONAFIDE" register "$file" --key news.key --ledger "$dir" --json >out.json 2>err || rc=$?
        [ $rc = 0 ] || break
        n=$((n + 1))
    done
    failed=$file
    if [ $rc = 2 ] && grep -qiE '^bonafide: .*(no space|too large|full|quota|input/output error)' err; then
        ok "$name/says_so"
    else
        not_ok "$name/says_so" "after $n records: status $rc"
    fi
    if [ ! -e "$failed.proof" ] && [ ! -e "$failed.digest" ]; then
        ok "$name/nothing_written"
    else
        not_ok "$name/nothing_written" "the proof or digest of the refused video is there"
    fi
    stray=$(find . -name '.*' -type f; find . -name '*.tmp*' -type f)
    if [ -z "$stray" ]; then ok "$name/no_stray_files"; else not_ok "$name/no_stray_files" "$stray"; fi
}

clips 40 1
if mkdir disk && mount -t tmpfs -o size=1m tmpfs disk 2>/dev/null; then
    mounted=$work/disk
    new_ledger disk/led
    # leave 120 KB
    room=$(df --output=avail -k disk | tail -n 1)
    head -c $(((room - 120) * 1024)) /dev/zero >disk/filler
    until_full full_disk "disk/led"
    have=$(size disk/led)
    if clean disk/led; then ok full_disk/audit; else not_ok full_disk/audit "$(cat audit.out audit.err)"; fi
    mount -o remount,size=16m disk
    if "$BONAFIDE" register "$failed" --key news.key --ledger disk/led >/dev/null 2>err && [ "$(size disk/led)" = $((have + 1)) ]; then
        ok full_disk/goes_on
    else
        not_ok full_disk/goes_on "register fails with room again"
    fi

    # The proof and digest cannot be written: nothing may be on the ledger either.
    new_ledger led2
    cp clip030.mp4 disk/a.mp4
    cat /dev/zero >disk/filler2 2>/dev/null || true
    rc=0
    "$BONAFIDE" register disk/a.mp4 --key news.key --ledger led2 >/dev/null 2>err || rc=$?
    if [ $rc = 2 ] && [ "$(size led2)" = 0 ] && [ ! -e disk/a.mp4.proof ] && clean led2; then
        ok full_disk/outputs
    else
        not_ok full_disk/outputs "status $rc, $(size led2) records on the ledger"
    fi
    rm -rf disk/* && umount disk
    # shellcheck disable=SC2034
    mounted=''
else
    echo "skip - fault/full_disk/tmpfs: may not mount here; a limit on the size of files stands in for it"
    new_ledger led
fi

# A limit on the size of files, which every user may set. The signal is ignored, so that write fails with EFBIG.
new_ledger limited
(
    trap '' XFSZ
    ulimit -f $((($(stat -c %s limited/data.mdb) / 1024) + 400))
    until_full file_limit limited
) >lines 2>&1
cat lines
if clean limited; then ok file_limit/audit; else not_ok file_limit/audit "$(cat audit.out audit.err)"; fi
if "$BONAFIDE" register clip039.mp4 --key news.key --ledger limited >/dev/null 2>err; then
    ok file_limit/goes_on
else
    not_ok file_limit/goes_on "register fails without the limit"
fi

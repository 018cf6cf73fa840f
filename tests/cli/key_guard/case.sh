# a process that is about to read a key dumps no core; no secret is taken from the command line
. "$CASELIB"

echo 'correct horse' >pass
quietly 0 key new -o news.key --name 'Example Newsroom' --passphrase-file pass
quietly 0 ledger init --ledger led
cp "$MEDIA/odd/one_frame.mp4" a.mp4
ulimit -c unlimited 2>/dev/null || ulimit -c "$(ulimit -Hc)"

# waits COMMAND...: it stands at a passphrase that nobody writes yet; its limit on cores is shown
waits() {
    rm -f fifo
    mkfifo fifo
    "$BONAFIDE" "$@" --passphrase-file fifo >/dev/null 2>&1 &
    pid=$!
    # Opening succeeds as soon as the program reads.
    exec 3>fifo
    awk -v of="$1" '/^Max core file size/ { print of ": core " $5 " " $6 }' "/proc/$pid/limits"
    ! tr '\0' '\n' <"/proc/$pid/cmdline" | grep -q horse || complain "the passphrase is in the arguments"
    echo 'correct horse' >&3
    exec 3>&-
    wait "$pid" || complain "$1 failed"
}
waits register a.mp4 --key news.key --ledger led
waits ledger checkpoint --key news.key --ledger led
waits key show news.key
waits key new -o other.key --name Other
# who is not root does all of this as well, though /proc is closed to him then
as_user=(setpriv --reuid=65534 --regid=65534 --clear-groups "$BONAFIDE")
if [ "$(id -u)" = 0 ] && "${as_user[@]}" version >/dev/null 2>&1; then
    mkdir user && cp news.key pass user && cp "$MEDIA/tiny.mp4" user/b.mp4 && chown -R 65534:65534 user && chmod 755 . user
    (
        cd user || exit
        export HOME=$PWD
        "${as_user[@]}" ledger init --ledger led >/dev/null &&
            "${as_user[@]}" register b.mp4 --key news.key --ledger led --passphrase-file pass >/dev/null &&
            "${as_user[@]}" verify b.mp4 --ledger led >/dev/null
    ) || complain "somebody else cannot use a key"
fi
for word in --passphrase --password --secret; do
    refuse key new -o third.key --name N $word 'correct horse'
    refuse register a.mp4 --key news.key --ledger led $word 'correct horse'
done

# ledger compare: one history, a fork, a roll-back, and what cannot be told
. "$CASELIB"

quietly 0 key new --no-passphrase -o news.key --name 'Example Newsroom'
quietly 0 key new --no-passphrase -o mallory.key --name 'Mallory'
quietly 0 key export news.key -o news.pub
quietly 0 key export mallory.key -o mallory.pub
cp "$MEDIA/tiny.mp4" 1.mp4
cp "$MEDIA/odd/one_frame.mp4" 2.mp4
cp "$MEDIA/odd/odd_size.webm" 3.webm
cp "$MEDIA/odd/no_audio.mov" 4.mov
# add LEDGER KEY FILE [NAME]: register; its checkpoint and proof as NAME.note and NAME.proof
add() {
    quietly 0 register "$3" --ledger "$1" --key "$2" --force
    mv "$3.proof" "${4:-last}.proof"
    quietly 0 ledger checkpoint --ledger "$1"
    cp "$case_dir/out" "${4:-last}.note"
}
quietly 0 ledger init --ledger led --origin example.org/led
cp -r led empty
add led news.key 1.mp4 one
cp -r led rolled
add led news.key 2.mp4 two
cp -r led forked
quietly 0 ledger export --ledger led -o two.export
add led news.key 3.webm three
quietly 0 ledger export --ledger led -o three.export
add forked news.key 4.mov evil

echo "--- one history"
expect 0 ledger compare led led
expect 0 ledger compare led two.note
expect 0 ledger compare one.proof led
expect 0 ledger compare two.export led
expect 0 ledger compare led two.export --json
expect 0 ledger compare empty led
expect 0 ledger compare three.note three.proof

echo "--- rolled back"
expect 1 ledger compare rolled three.note
expect 1 ledger compare three.proof rolled --trust news.pub
expect 1 ledger compare rolled two.note --json
expect 1 ledger compare empty three.note --trust news.pub

echo "--- forked"
expect 1 ledger compare led forked --trust news.pub
expect 1 ledger compare led evil.note
expect 1 ledger compare three.export forked --json
expect 1 ledger compare evil.note three.note --trust news.pub
expect 1 ledger compare three.proof evil.proof
# the fork goes on under another key: the checkpoint that the newsroom signed is found behind the last
add forked mallory.key 3.webm
quietly 1 ledger compare led forked --json
says '"first_different":2'
[ "$(grep -o "$(cut -d' ' -f2 news.pub)" "$case_dir/out" | wc -l)" = 2 ] || complain "one key has not signed both"

echo "--- cannot be told"
# somebody else's ledger of the same name proves nothing against the newsroom
quietly 0 ledger init --ledger mallory --origin example.org/led
add mallory mallory.key 4.mov mallory
refuse ledger compare led mallory
refuse ledger compare led mallory.note
refuse ledger compare led mallory --trust news.pub
quietly 1 ledger compare led mallory --trust news.pub --trust mallory.pub
cp -r rolled stranger
add stranger mallory.key 4.mov
refuse ledger compare led stranger
# other ledgers, other sizes, strangers' signatures, damage
quietly 0 ledger init --ledger other --origin example.org/other
refuse ledger compare led other
refuse ledger compare one.note three.note --trust news.pub
refuse ledger compare three.note three.note
refuse ledger compare empty three.note
refuse ledger compare led nowhere
refuse ledger compare led news.key
refuse ledger compare led .
refuse ledger compare led nowhere --json
sed 's/^3$/2/' three.note >changed.note
refuse ledger compare led changed.note
flip three.export $(($(stat -c %s three.export) / 2))
refuse ledger compare led three.export
sed -i 's#1\.mp4#7.mp4#g' forked/data.mdb
refuse ledger compare led forked
refuse ledger compare led

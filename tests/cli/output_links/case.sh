# an output that is a link, dangling or not, is refused or replaced; what it leads to is left alone
. "$CASELIB"

setup_registered tiny.mp4
echo mine >mine
ln -s mine link
ln -s nowhere dangling
for to in link dangling; do
    refuse key new --no-passphrase -o $to --name N
    refuse key export news.key -o $to
    refuse ledger prove 0 -o $to
    refuse ledger export -o $to
    refuse verify a.mp4 --report $to
    quietly 2 faces a.mp4 --overlay $to
done
ln -s mine b.mp4.proof
cp "$MEDIA/odd/one_frame.mp4" b.mp4
refuse register b.mp4 --key news.key
# with --force the link itself is replaced
quietly 0 key new --no-passphrase -o link --name N --force
[ ! -L link ] && [ "$(stat -c %a link)" = 600 ] || complain "the key is where the link led"
quietly 0 key new --no-passphrase -o dangling --name N --force
[ ! -L dangling ] && [ ! -e nowhere ] || complain "the key is where the link led"
quietly 0 register b.mp4 --key news.key --force
[ ! -L b.mp4.proof ] || complain "the proof is where the link led"
# an input is never the output, by whatever name
ln -s a.mp4 a.link
ln a.mp4 a.hard
quietly 2 verify a.mp4 --report a.hard --force
cmp a.mp4 "$MEDIA/tiny.mp4" || complain "the input was replaced"
[ "$(cat mine)" = mine ] || complain "a link was followed"

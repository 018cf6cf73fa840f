# a key pair: file of mode 0600, shown and exported
. "$CASELIB"

expect 0 key new -o news.key --name 'Example Newsroom' --no-passphrase
stat -c '%a %n' news.key
sed '/^-----/!d' news.key
expect 0 key show news.key
expect 0 key show --json news.key
expect 0 key export news.key
"$BONAFIDE" key export news.key >news.pub
grep -cE '^secp256k1 0[23][0-9a-f]{64} Example Newsroom$' news.pub
files

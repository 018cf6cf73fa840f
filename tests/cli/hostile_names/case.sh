# control characters from outside never reach the terminal
. "$CASELIB"

setup
name=$(printf 'a\033[2Jb\nc.mp4')
cp "$MEDIA/tiny.mp4" "$name"
quietly 0 register "$name" --key news.key --title 'ü and 漢'
quietly 0 verify "$name"
! grep -q "$(printf '\033')" "$case_dir/out" "$case_dir/err" || complain "an escape sequence came through"
quietly 2 verify "$(printf 'x\033[2J.mp4')"
! grep -q "$(printf '\033')" "$case_dir/out" "$case_dir/err" || complain "an escape sequence came through"
quietly 0 ledger log
says 'ü and 漢'
echo "nothing came through"

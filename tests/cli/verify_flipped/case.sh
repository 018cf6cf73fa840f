# a proof with any of its bytes changed is a no
. "$CASELIB"

setup_registered tiny.mp4
"$BONAFIDE" key export news.key >news.pub
n=$(stat -c %s a.mp4.proof)
bad=0
for ((i = 0; i < n; i++)); do
    cp a.mp4.proof bad.proof
    flip bad.proof "$i"
    rc=0
    "$CHECK" --proof bad.proof --trust news.pub >/dev/null 2>&1 || rc=$?
    [ "$rc" = 1 ] || {
        echo "byte $i of $n: status $rc"
        bad=$((bad + 1))
    }
done
[ "$n" -gt 500 ] || complain "a proof of $n bytes"
echo "$bad of the bytes can be changed"
cp a.mp4.proof bad.proof
flip bad.proof $((n / 2))
expect 1 verify a.mp4 --proof bad.proof --trust news.pub
head -c $((n - 1)) a.mp4.proof >bad.proof
expect 1 verify a.mp4 --proof bad.proof --trust news.pub
echo >>a.mp4.proof
expect 1 verify a.mp4 --proof a.mp4.proof --trust news.pub

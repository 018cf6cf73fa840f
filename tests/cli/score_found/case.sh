# what score says of videos with a face, with none, with a small one; several files; the page
. "$CASELIB"

# said FILE: verdict and kinds of reasons, without the numbers
said() {
    rc=0
    "$BONAFIDE" score --json "$1" >"$case_dir/out" 2>"$case_dir/err" || rc=$?
    node -e '
        const a = JSON.parse(require("fs").readFileSync(0, "utf8"))
        const open = a.reasons.filter(r => r.kind != "cue" && r.kind != "usual").map(r => r.kind)
        // Which verdict a face gets is the weights to say, and they are trained anew now and then.
        const judged = a.likelihood !== null && open.every(k => k == "between")
        console.log(a.schema, judged ? "a verdict" : a.verdict, a.likelihood === null ? "no likelihood" : "a likelihood",
            judged ? "" : open.join(), a.tracks.length > 0 ? "tracks" : "no track", a.not_checked.length > 0)
        if (a.likelihood !== null && !(a.interval[0] <= a.likelihood && a.likelihood <= a.interval[1]))
            console.log("WRONG: the interval does not hold the likelihood")
        const want = { "likely-real": 0, "likely-fake": 1, inconclusive: 3 }[a.verdict]
        if (want != process.argv[1]) console.log("WRONG: status " + process.argv[1])
    ' "$rc" <"$case_dir/out"
}

said "$MEDIA/faces/noise.mp4"
said "$MEDIA/faces/small.mp4"
said "$MEDIA/tiny.mp4"
# The page comes whole, needs nothing else, and runs nothing.
rc=0
"$BONAFIDE" score "$MEDIA/short.mp4" "$MEDIA/faces/noise.mp4" nothing.mp4 --report page.html >"$case_dir/out" 2>"$case_dir/err" || rc=$?
echo "three files, one of them missing: status $rc, $(grep -c nothing.mp4 "$case_dir/err") sentence"
grep -q '<script' page.html && complain "the page has a script"
grep -qE '(src|href)="http' page.html && complain "the page asks for other files"
grep -c '</html>' page.html
files

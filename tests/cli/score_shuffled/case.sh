# a score depends on the pictures alone: not on name, container, sound or metadata
. "$CASELIB"

cp "$MEDIA/short.mp4" deepfake_fake_synthetic.mp4
ffmpeg -v error -i "$MEDIA/short.mp4" -c copy -an -metadata title='AI-generated' -metadata comment='made by a generator' silent.mp4
rc=0
"$BONAFIDE" score --json "$MEDIA/short.mp4" deepfake_fake_synthetic.mp4 silent.mp4 "$MEDIA/short_remux.mkv" >"$case_dir/out" 2>"$case_dir/err" || rc=$?
[ "$rc" != 2 ] || complain "there is no answer"
# Names and what stands about sound in the list of what was not checked apart, all numbers are the same; another container
# counts time in thousandths of a second, which filters over time feel in the fourth digit.
node -e '
    const [first, renamed, silent, remuxed] = require("fs").readFileSync(0, "utf8").trim().split("\n").map(l => JSON.parse(l))
    for (const a of [first, renamed, silent]) { delete a.file; delete a.not_checked }
    const text = JSON.stringify(first)
    console.log("renamed:", JSON.stringify(renamed) == text ? "the same" : "another score")
    console.log("without sound, with a title that says fake:", JSON.stringify(silent) == text ? "the same" : "another score")
    const near = Math.abs(first.likelihood - remuxed.likelihood) < 0.005 && first.verdict == remuxed.verdict
    console.log("in another container:", near ? "the same" : "another score")
' <"$case_dir/out"

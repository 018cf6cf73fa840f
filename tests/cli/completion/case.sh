# bash completion names every command and option
. "$CASELIB"

quietly 0 completion bash
cp "$case_dir/out" bonafide.bash
bash -n bonafide.bash && echo "bash reads it"
cat >try.sh <<'T'
. ./bonafide.bash
try() {
    COMP_WORDS=("$@")
    COMP_CWORD=$(($# - 1))
    COMPREPLY=()
    _bonafide
    printf '%s\n' "${COMPREPLY[@]}" | sort | tr '\n' ' '
    echo
}
try bonafide ''
try bonafide ledger ''
try bonafide ledger a
try bonafide key n
try bonafide register --p
try bonafide verify --tr
T
bash try.sh
expect 2 completion fish
expect 2 completion

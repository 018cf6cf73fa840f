# version, and its JSON
. "$CASELIB"

quietly 0 version
says '^bonafide 0\.1\.0$'
quietly 0 --version
says '^bonafide 0\.1\.0$'
quietly 0 version --json
says '"schema":"bonafide.version/1"'
echo fine

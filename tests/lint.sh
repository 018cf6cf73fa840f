#!/usr/bin/env bash
# lint.sh - folder laws, banned calls, layout, static analysis, scripts, man pages; LINT=laws,format,tidy,... picks parts
set -u
cd "$(dirname "$0")/.." || exit 2

BONAFIDE=${BONAFIDE:-build/release/bonafide}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
bad() {
    echo "lint: $*" | tee -a "$log"
}
# none WHAT: whatever comes on standard input is against the law WHAT
none() {
    local line
    while IFS= read -r line; do
        bad "$1: $line"
    done
}
wants() {
    case ,${LINT:-laws,format,tidy,shell,man}, in
    *,"$1",*) return 0 ;;
    esac
    return 1
}

mapfile -t folders < <(for d in lib ledger detector generator cli tests; do [ -d $d ] && echo $d; done)
mapfile -t sources < <(find "${folders[@]}" -name '*.c' | sort)
mapfile -t headers < <(find "${folders[@]}" -name '*.h' | sort)

# includes PATTERN FOLDERS...: "file: line" of every include that matches, outside the folders named after it
includes() {
    local pattern=$1 f
    shift
    for f in "${sources[@]}" "${headers[@]}"; do
        local d allowed=''
        for d in "$@"; do
            case $f in "$d"/*) allowed=1 ;; esac
        done
        [ -n "$allowed" ] || grep -nHE "^ *# *include *[<\"]($pattern)" "$f"
    done
}

if wants laws; then
    # Who may use which library. Tests stand on everything.
    includes 'libav|libsw' lib/media tests | none "FFmpeg is lib/media's alone"
    includes 'seccomp\.h' lib/media tests | none "libseccomp is lib/media's alone"
    includes 'cblas|openblas' lib/nn tests | none "OpenBLAS is lib/nn's alone"
    includes 'secp256k1|lmdb\.h' ledger/chain tests | none "libsecp256k1 and LMDB are ledger/chain's alone"
    includes 'cbor' ledger/chain tests | none "libcbor is ledger/chain's alone"
    includes 'openssl|intel-ipsec' lib/base ledger/chain tests | none "libcrypto is lib/base's and ledger/chain's alone"

    # No header of ours includes a third party's: what stands in <> is the C library's.
    std='assert|ctype|errno|fcntl|float|inttypes|limits|math|poll|pthread|signal|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|string|time|unistd|setjmp|sys/[a-z]+|immintrin|cpuid'
    for f in "${headers[@]}"; do
        case $f in tests/*) continue ;; esac
        grep -nHE '^ *# *include *<' "$f" | grep -vE "<($std)\.h>"
    done | none "a header includes a third party's"

    # Who may include whom. The folder of a file, and the folder of what it includes.
    for f in "${sources[@]}" "${headers[@]}"; do
        grep -nE '^ *# *include *"' "$f" | sed -E 's/^([0-9]+):.*"(.*)".*/\1 \2/' | while read -r line what; do
            from=$f:$line
            case $what in
            lib/* | ledger/* | detector/* | generator/* | cli/* | tests/*) ;;
            *) echo "$from: \"$what\" is not named from the root" && continue ;;
            esac
            [ -e "$what" ] || echo "$from: there is no $what"
            case $f in
            tests/*) continue ;;
            lib/base/*) case $what in lib/base/*) ;; *) echo "$from: base includes $what" ;; esac ;;
            lib/media/* | lib/nn/*)
                case $what in "${f%/*}"/* | lib/base/*) ;; *) echo "$from: ${f%/*} includes $what" ;; esac ;;
            lib/*) case $what in lib/*) ;; *) echo "$from: lib includes upward $what" ;; esac ;;
            ledger/digest/* | ledger/chain/*)
                case $what in "${f%/*}"/* | lib/*) ;; *) echo "$from: ${f%/*} includes $what" ;; esac ;;
            ledger/* | detector/* | generator/*)
                case $what in "${f%%/*}"/* | lib/*) ;; *) echo "$from: ${f%%/*} includes $what" ;; esac ;;
            esac
            case $what in tests/*) echo "$from: the program includes a test's $what" ;; esac
        done
    done | none "the folders' order"

    # File names are unique.
    printf '%s\n' "${sources[@]}" "${headers[@]}" | sed 's#.*/##' | sort | uniq -d | none "two files have one name"

    # Size: past 600 lines, split or say why in a comment "long because".
    for f in "${sources[@]}" "${headers[@]}"; do
        n=$(wc -l <"$f")
        [ "$n" -le 600 ] || grep -q 'long because' "$f" || echo "$f has $n lines"
    done | none "past 600 lines"

    # Every header says what it is, and is guarded.
    for f in "${headers[@]}"; do
        name=${f##*/}
        sed -n '1,2p' "$f" | grep -qF " * $name - " || echo "$f does not start with ' * $name - ...'"
        grep -q '^#ifndef BF_' "$f" || echo "$f has no guard"
    done | none "the header template"

    # Library folders never print, exit, read the environment or set the locale.
    for f in "${sources[@]}"; do
        case $f in
        lib/* | ledger/* | detector/* | generator/*)
            # The process that decodes is lib/media's own, and ends in decode_host.
            grep -nHE '(^|[^a-zA-Z0-9_>.])(printf|puts|putchar|perror|exit|_exit|getenv|secure_getenv|setenv|setlocale|system|popen) *\(' "$f" |
                grep -vE '^[^:]*:[0-9]+: *(\*|/\*|//)|^lib/media/decode_host\.c:[0-9]+: *_exit\('
            grep -nHE 'fprintf *\( *std(out|err)' "$f"
            ;;
        esac
    done | none "a library folder may not"

    # Banned everywhere; lib/base/banned.h stops most of these at compile time.
    for f in "${sources[@]}" "${headers[@]}"; do
        [ "$f" = lib/base/banned.h ] ||
            grep -nHE '(^|[^a-zA-Z0-9_])(strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|gets|gmtime|localtime|rand|alloca|mktemp|tmpnam) *\(' "$f"
        grep -nHE '^ *typedef +struct' "$f"
        grep -nHP '\t' "$f" | sed 's/:.*/: a tab/' | head -n 1
        grep -nHE ' +$' "$f" | head -n 3
    done | none "banned"
fi

if wants format; then
    for f in "${sources[@]}" "${headers[@]}"; do
        clang-format --dry-run -Werror "$f" >/dev/null 2>&1 || echo "$f"
    done | none "clang-format -i would change"
fi

if wants tidy; then
    # _GNU_SOURCE as one file of lib/base is built
    flags=(-std=c17 -D_GNU_SOURCE -I. -include lib/base/banned.h)
    [ ! -e /usr/include/intel-ipsec-mb.h ] || flags+=(-DBF_HAVE_IPSEC_MB)
    read -ra packages < <(pkg-config --cflags libavformat libseccomp libsecp256k1 libcrypto lmdb libcbor jansson openblas)
    flags+=("${packages[@]}")
    # The tests are left out: cmocka's macros are not ours to mend.
    # shellcheck disable=SC2016
    printf '%s\n' "${sources[@]}" | grep -v '^tests/' |
        xargs -P "$(nproc)" -I{} sh -c 'f=$1; shift; clang-tidy --quiet "$f" -- "$@" 2>/dev/null | grep -E "(warning|error):" || :' sh {} "${flags[@]}" |
        sort -u | none "clang-tidy"
fi

if wants shell; then
    mapfile -t scripts < <(find tests fixtures .ci -path '*/node_modules' -prune -o -path '*/media' -prune -o \
        -type f \( -name '*.sh' -o -path '.ci/run' \) -print | sort)
    shellcheck --format=gcc "${scripts[@]}" | none "shellcheck"
    for f in "${scripts[@]}"; do
        case ${f##*/} in case.sh | caselib.sh | faultlib.sh) continue ;; esac
        [ -x "$f" ] || echo "$f"
    done | none "not executable"
fi

if wants man; then
    for f in man/*.1; do
        mandoc -T lint -W warning "$f" || :
    done | none "mandoc"
    # Every option that --help shows is in the command's man page, and every command in bonafide.1.
    if [ -x "$BONAFIDE" ]; then
        "$BONAFIDE" --help | sed -n '/^commands:/,/^$/s/^  \([a-z][a-z]*\( [a-z][a-z]*\)\{0,1\}\)  .*/\1/p' |
            while read -r group name; do
                page=man/bonafide-$group.1
                [ -e "$page" ] || page=man/bonafide.1
                text=$(mandoc -T utf8 "$page" | col -b 2>/dev/null || mandoc -T ascii "$page" | sed 's/.\x08//g')
                printf '%s\n' "$text" | grep -qE "bonafide $group${name:+ $name}|bonafide-$group|^ +$group${name:+ $name}" ||
                    echo "$page does not name 'bonafide $group${name:+ $name}'"
                # shellcheck disable=SC2086
                "$BONAFIDE" "$group" $name --help | grep -oE -- '--(\[no-\])?[a-z][a-z-]*' | sort -u | while read -r option; do
                    printf '%s\n' "$text" | grep -qF -e "$option" || echo "$page lacks $option of 'bonafide $group${name:+ $name}'"
                done
            done | none "man pages"
    else
        bad "man pages: there is no $BONAFIDE to compare them with"
    fi
fi

if [ -s "$log" ]; then
    echo "lint: $(wc -l <"$log") complaints"
    exit 1
fi
echo "lint: clean"

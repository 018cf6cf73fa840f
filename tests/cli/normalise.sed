# What differs from run to run, or from one encoder's build to the next: keys, hashes, times, origins, sizes, measures.
s/\b0[23][0-9a-f]{64}\b/<key>/g
s/\b[0-9a-f]{64}\b/<hash>/g
s#bonafide-ledger/[0-9a-f]{16}#bonafide-ledger/<id>#g
s/\b[0-9a-f]{16}\b/<hash>/g
s/\b[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z\b/<time>/g
s/\b[0-9]+(\.[0-9]+)? (kB|MB)\b/<size>/g
s/"(file_size|digest_bytes|offset_us)":-?[0-9]+/"\1":<n>/g
s/"(gain|bias|speed)":-?[0-9.e-]+/"\1":<x>/g
s/^(  changed    )[0-9.]+ %/\1<x> %/
s/brightness x [0-9.]+ [+-][0-9]+/brightness <x>/
s/cut off after [0-9]+ frames/cut off after <n> frames/
s#(^|\\n)[A-Za-z0-9+/]{43}=#\1<root>#g
s#(— [^ ]+ )[A-Za-z0-9+/]{91}=#\1<signature>#g
# Which check a flipped byte of a random proof trips over is chance.
s/the proof is not valid \([a-z-]+\): .*/the proof is not valid (<why>)/
s/"z":-?[0-9.e-]+/"z":<x>/g
s/\(z [0-9.]+/(z <x>/

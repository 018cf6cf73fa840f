# What differs from run to run: keys, hashes, times, origins, sizes in bytes of what is signed, rates.
s/\b0[23][0-9a-f]{64}\b/<key>/g
s/\b[0-9a-f]{64}\b/<hash>/g
s/\b[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z\b/<time>/g
s#bonafide-ledger/[0-9a-f]{16}#bonafide-ledger/<id>#g

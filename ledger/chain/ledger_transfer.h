/*
 * ledger_transfer.h - the form of an export file, for its writer and its reader
 *
 *   "bonafide-export/1" LF, the origin, LF, and entries:
 *     'B' digest32, length u64, bytes     digest blobs, digests rising
 *     'R' length u32, bytes               records in their order
 *     'C' length u32, bytes               a checkpoint, behind the last record that it covers
 *     'E' SHA-256 of everything before the hash
 *   Numbers are big-endian. Nothing follows.
 */
#ifndef BF_LEDGER_TRANSFER_H
#define BF_LEDGER_TRANSFER_H

#define BF_EXPORT_MAGIC "bonafide-export/1\n"
#define BF_EXPORT_BLOB 'B'
#define BF_EXPORT_RECORD 'R'
#define BF_EXPORT_CHECKPOINT 'C'
#define BF_EXPORT_END 'E'

#endif

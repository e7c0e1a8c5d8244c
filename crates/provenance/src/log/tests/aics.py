"""Verifies `log` in a folder with aics-tlog, and writes the same log as `theirs`."""

import sys
from pathlib import Path

import aics_tlog as t
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

folder = Path(sys.argv[1])
log_key, witness_key = map(t.parse_vkey, (folder / "keys").read_text().split())

text = (folder / "log/checkpoint").read_bytes()
note = t.parse_note(text)
checkpoint = t.parse_checkpoint(note.text)
result = t.verify_checkpoint(note, log_key, [witness_key], 1)
assert result.ok, result
assert result.timestamps == {witness_key.name: 1_700_000_000}, result

reader = t.FileSystemTileReader(folder / "log")
root = t.tree_root_from_tiles(reader, checkpoint.size)
assert root == checkpoint.root, "the root"
for index in range(0, checkpoint.size, 7):
    entry = t.read_entry(reader, index, checkpoint.size)
    assert entry == f"entry {index}".encode(), index
    proof = t.inclusion_proof_from_tiles(reader, index, checkpoint.size)
    assert t.verify_leaf_inclusion(entry, index, checkpoint.size, proof, root), index
for old in range(1, checkpoint.size, 31):
    proof = t.consistency_proof_from_tiles(reader, old, checkpoint.size, checkpoint.size)
    before = t.tree_root_from_tiles(reader, old, checkpoint.size)
    assert t.verify_consistency(old, checkpoint.size, before, root, proof), old

writer = t.IncrementalTileWriter(t.DirectoryTileStore(folder / "theirs"))
writer.append([f"entry {n}".encode() for n in range(checkpoint.size)])
assert writer.root() == root, "the root of what they wrote"
key = Ed25519PrivateKey.from_private_bytes(bytes([7] * 32))
signed = t.sign_checkpoint(checkpoint, key, log_key.name)
witness = Ed25519PrivateKey.from_private_bytes(bytes([9] * 32))
_, line = t.sign_cosignature(
    witness, witness_key.name, 1_700_000_001, checkpoint.origin, checkpoint.size, root
)
signed = t.Note(text=signed.text, signatures=(*signed.signatures, line))
(folder / "theirs/checkpoint").write_bytes(signed.to_bytes())

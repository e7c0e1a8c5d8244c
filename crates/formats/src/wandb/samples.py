"""Writes `samples.txt`: the log of a run as the real library writes it offline.

    python samples.py > samples.txt

wandb 0.31.0. What the machine is, is left out; the pieces that stay are as they were written.
"""

import os
import pathlib
import struct
import tempfile

os.environ.update(WANDB_MODE="offline", WANDB_SILENT="true")

import wandb
from wandb.proto import wandb_internal_pb2

KEPT = {"header", "run", "history", "summary", "exit"}

with tempfile.TemporaryDirectory() as folder:
    run = wandb.init(
        project="p", name="first", dir=folder, config={"lr": 0.001, "layers": {"n": 2}},
        settings=wandb.Settings(host="machine", x_disable_stats=True, console="off"),
    )
    for step, loss in [(0, 2.5), (10, 1.25), (20, float("nan"))]:
        run.log({"loss": loss, "eval": {"accuracy": step / 32}, "note": "text"}, step=step)
    run.finish()
    wandb.teardown()
    (path,) = pathlib.Path(folder).glob("wandb/offline-run-*/*.wandb")
    data = path.read_bytes()

print("file offline")
out, at = data[:7], 7
while at < len(data):
    _, length, kind = struct.unpack("<IHB", data[at : at + 7])
    record = wandb_internal_pb2.Record.FromString(data[at + 7 : at + 7 + length])
    assert kind == 1, "the sample is smaller than a block"
    if record.WhichOneof("record_type") in KEPT:
        out += data[at : at + 7 + length]
    if record.WhichOneof("record_type") == "history":
        values = {".".join(item.nested_key): item.value_json for item in record.history.item}
        for name, value in sorted(values.items()):
            if not name.startswith("_") and name != "note":
                print("point", name, record.history.step.num, values["_timestamp"], value)
    at += 7 + length
for at in range(0, len(out), 46):
    print("hex", out[at : at + 46].hex())

"""Writes `samples.txt`: event files as the real libraries write them.

    python samples.py > samples.txt

tensorboard 2.21.0, tensorboardX 2.6.5, numpy 2.4.6.
"""

import pathlib
import tempfile

import numpy
import tensorboardX
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams import summary_v2 as hparams
from tensorboard.plugins.scalar.summary_v2 import scalar_pb
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboard.util import tensor_util


def second(folder):
    """Tensors with a plugin, hyper-parameters, a checkpoint; steps that go back."""
    writer = EventFileWriter(folder)
    start = hparams.hparams_pb(
        {"lr": 0.001, "optimizer": "adamw", "bf16": True}, start_time_secs=1700000000
    )
    writer.add_event(Event(wall_time=1700000000.5, summary=start))
    for time, (step, loss) in enumerate([(0, 2.5), (10, 1.25), (20, float("nan")), (10, 1.0)]):
        time += 1700000001
        writer.add_event(Event(wall_time=time, step=step, summary=scalar_pb("train/loss", loss)))
        simple = Summary(value=[Summary.Value(tag="eval/accuracy", simple_value=step / 32)])
        writer.add_event(Event(wall_time=time + 0.5, step=step, summary=simple))
    log = SessionLog(status=SessionLog.CHECKPOINT, checkpoint_path="checkpoint-20")
    writer.add_event(Event(wall_time=1700000009, step=20, session_log=log))
    writer.close()


def first(folder):
    """Scalars as `tensorboardX` writes them (as PyTorch does), a histogram and a text."""
    writer = tensorboardX.SummaryWriter(folder)
    writer.add_scalar("loss", 0.5, 1, walltime=1700000000)
    writer.add_scalar("loss", 0.25, 2, walltime=1700000001)
    writer.add_histogram("weights", numpy.arange(8.0), 2, walltime=1700000001)
    writer.add_text("note", "hello " * 20, 2, walltime=1700000001)
    writer.close()


for name, write in {"tensorboard": second, "tensorboardX": first}.items():
    with tempfile.TemporaryDirectory() as folder:
        write(folder)
        (path,) = pathlib.Path(folder).iterdir()
        print("file", name)
        data = path.read_bytes().hex()
        for at in range(0, len(data), 92):
            print("hex", data[at : at + 92])
        # What the real reader makes of it.
        seen = EventAccumulator(str(path), size_guidance={"scalars": 0, "tensors": 0})
        seen.Reload()
        for tag in seen.Tags()["scalars"]:
            for event in seen.Scalars(tag):
                print("scalar", tag, event.step, event.wall_time, event.value)
        for tag in seen.Tags()["tensors"]:
            for event in seen.Tensors(tag):
                value = tensor_util.make_ndarray(event.tensor_proto)
                if value.shape == () and value.dtype.kind == "f":
                    print("scalar", tag, event.step, event.wall_time, value)

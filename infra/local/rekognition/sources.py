"""Where the bytes of a request's image come from: the request itself, or S3."""

import base64
import binascii
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from .errors import (
    ImageTooLargeException,
    InternalServerError,
    InvalidParameterException,
    InvalidS3ObjectException,
)

MOST_BYTES_INLINE = 5 * 1024 * 1024
MOST_BYTES_S3 = 15 * 1024 * 1024


def make_s3_client() -> Any:
    """Endpoint, region and credentials come from the AWS_* environment."""
    # The bucket in the path: bucket names in host names do not resolve on a laptop.
    return boto3.client("s3", config=Config(s3={"addressing_style": "path"}, connect_timeout=5, read_timeout=30))


class ImageSource:
    """Reads the `Image` member of a request: `Bytes` or `S3Object`."""

    def __init__(self, s3: Any) -> None:
        self._s3 = s3

    def read(self, image: Any) -> bytes:
        """The bytes of the file. Raises a RekognitionError that says what is wrong with the request."""
        match image:
            case {"Bytes": str(encoded)} if "S3Object" not in image:
                return _decode(encoded)
            case {"S3Object": {"Bucket": str(), "Name": str()} as address} if "Bytes" not in image:
                return self._fetch(address)
        raise InvalidParameterException("Image needs either Bytes, or S3Object with Bucket and Name")

    def _fetch(self, address: dict[str, Any]) -> bytes:
        parameters = {"Bucket": address["Bucket"], "Key": address["Name"]}
        if version := address.get("Version"):
            parameters["VersionId"] = version
        try:
            answer = self._s3.get_object(**parameters)
            _check_size(answer["ContentLength"], MOST_BYTES_S3)
            return answer["Body"].read()
        except ClientError as error:
            raise _translate(error) from error
        except BotoCoreError as error:
            raise InternalServerError(f"S3 could not be asked: {error}") from error


def _translate(error: ClientError) -> Exception:
    if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
        return InternalServerError(f"S3 failed: {error}")
    return InvalidS3ObjectException()


def _decode(encoded: str) -> bytes:
    try:
        content = base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise InvalidParameterException("Image.Bytes is not base64") from error
    _check_size(len(content), MOST_BYTES_INLINE)
    return content


def _check_size(size: int, most: int) -> None:
    if size > most:
        raise ImageTooLargeException(f"Image is {size} bytes, more than {most}")

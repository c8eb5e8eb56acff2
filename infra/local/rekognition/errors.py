"""What Rekognition answers when it cannot do what it was asked. The docstring is the condition."""

from http import HTTPStatus


class RekognitionError(Exception):
    """An error of the API: the class name is the code on the wire, the message is for people."""

    status = HTTPStatus.BAD_REQUEST


class AccessDeniedException(RekognitionError):
    """The caller may not ask for this."""


class ImageTooLargeException(RekognitionError):
    """More bytes or pixels than the operation takes."""


class InvalidImageFormatException(RekognitionError):
    """Not a JPEG or PNG, or one that cannot be decoded."""


class InvalidParameterException(RekognitionError):
    """A parameter is missing, contradicts another, or is outside its range; or the image is too small."""


class InvalidS3ObjectException(RekognitionError):
    """The object named does not exist or cannot be read."""

    def __init__(self) -> None:
        super().__init__("Unable to get object metadata from S3. Check object key, region and/or access permissions.")


class ProvisionedThroughputExceededException(RekognitionError):
    """More calls of this operation in a second than the account may make."""


class SerializationException(RekognitionError):
    """The body is not a JSON object."""


class UnknownOperationException(RekognitionError):
    """An operation that this server does not have."""


class ResourceNotFoundException(RekognitionError):
    """What the request names (an adapter, a flow of human review) is not here: this server has none."""


class MissingAuthenticationTokenException(RekognitionError):
    """The request carries no AWS signature."""


class IncompleteSignatureException(RekognitionError):
    """The request carries something that is no signature of AWS's version 4."""


class InvalidSignatureException(RekognitionError):
    """The signature was made for another service."""


class InternalServerError(RekognitionError):
    """Our fault, or S3's: the same request may succeed later."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR

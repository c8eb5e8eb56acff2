"""Every call of AWS that the pipeline makes, and what is done when it goes wrong.

Twice over. First botocore tries again by itself, as long as `CLIENTS` lets it: throttles, answers of 5xx and timeouts;
never what AWS denies or finds invalid. Then `CALLS` says what follows what is still wrong. Every call can be made again
without harm but two, those that send a notice, so the clients of these try once.

The clients are made from `CLIENTS`, the codes below decide, and tests hold `CALLS` to what the code calls and does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from botocore.exceptions import ClientError

# --- The clients ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Patience:
    """How long a client waits, in seconds, for a connection and for the next byte of an answer; how often it tries."""

    connect: float
    read: float
    attempts: int

    @property
    def longest(self) -> float:
        """Seconds until the last attempt has timed out. botocore waits up to 1, 2, 4, … seconds between attempts."""
        return self.attempts * (self.connect + self.read) + 2 ** (self.attempts - 1) - 1


ORDINARY = Patience(connect=2, read=5, attempts=3)
SLOW = Patience(connect=2, read=20, attempts=2)  # it looks at a picture meanwhile
ONCE = Patience(connect=2, read=10, attempts=1)  # a notice whose answer got lost may have been sent
BRIEF = Patience(connect=1, read=2, attempts=1)  # for what a notice can do without

CLIENTS: Mapping[str, Patience] = {
    "s3": ORDINARY,
    "dynamodb": ORDINARY,
    "stepfunctions": ORDINARY,
    "rekognition": SLOW,
    "sesv2": ONCE,
    "sns": ONCE,
}

# A write that meets a transaction on its item is refused at once, and not tried again by botocore.
CONFLICTS = 6


def longest_conflict(attempt: int) -> float:
    """The longest wait, in seconds, after so many attempts that met a transaction."""
    return 0.05 * 2**attempt


# --- The calls --------------------------------------------------------------------------------------------------------


class Fault(StrEnum):
    """What AWS can answer, or not, when botocore has tried as often as it may."""

    THROTTLE = "throttle"
    SERVER_ERROR = "5xx"
    TIMEOUT = "timeout"
    ACCESS_DENIED = "access denied"
    VALIDATION = "validation"


class Then(StrEnum):
    """What follows. A photo that is `failed` keeps its original and tells its reason, and its owner may try again."""

    EVENT = "the event is tried twice more, then a dead letter; the sweep starts the run"
    TASK = "the task is tried again, by the state machine; then the photo is failed"
    WAIT = "waited out as long as the function has time, what is answered is kept; then as TASK"
    FAIL = "not tried again: the photo is failed at once"
    SWEEP = "the task is tried again; then the execution fails, and the sweep runs the photo anew, thrice in all"
    LEAVE = "the task is tried again; then the rendition stays, for the sweep to remove"
    NOTICE = "the task is tried again; then the notice stays unclaimed, and the sweep asks for it"
    FREE = "the claim is given back and the task tried again; then as NOTICE"
    REFUSED = "the claim is given back and the refusal counted; the sweep asks again, thrice in all"
    PLAIN = "the notice is sent without the pictures that were not read"
    SILENCE = "the claim stays: the notice may have been sent, and is not sent twice"


_TRANSIENT = (Fault.THROTTLE, Fault.SERVER_ERROR, Fault.TIMEOUT)
_HOPELESS = (Fault.ACCESS_DENIED, Fault.VALIDATION)

Answers = Mapping[Fault, Then]


def _always(then: Then) -> Answers:
    return dict.fromkeys(Fault, then)


# What is denied or invalid is an operator's mistake or ours. Where the task's retries last seconds it is tried again
# with the rest: a permission that was just granted takes some seconds to hold. Where they last minutes it is not.
_ANALYSIS = dict.fromkeys(_TRANSIENT, Then.TASK) | dict.fromkeys(_HOPELESS, Then.FAIL)
_QUESTION = _ANALYSIS | {Fault.THROTTLE: Then.WAIT}
_SENDING = {
    Fault.THROTTLE: Then.FREE,
    Fault.SERVER_ERROR: Then.SILENCE,
    Fault.TIMEOUT: Then.SILENCE,
    Fault.ACCESS_DENIED: Then.REFUSED,
    Fault.VALIDATION: Then.REFUSED,
}

CALLS: Mapping[str, Mapping[str, Answers]] = {
    "TriggerStepFunction": {
        "SFN.StartExecution": _always(Then.EVENT),
    },
    "ResizeImage": {
        "DynamoDB.UpdateItem": _always(Then.TASK),
        "DynamoDB.GetItem": _always(Then.TASK),
        "S3.GetObject": _always(Then.TASK),  # also when its body breaks off
        "S3.PutObject": _always(Then.TASK),
    },
    "RekognitionLabels": {
        "DynamoDB.GetItem": _ANALYSIS,
        "DynamoDB.TransactWriteItems": _ANALYSIS,
        "DynamoDB.UpdateItem": _ANALYSIS,
        "Rekognition.DetectLabels": _QUESTION,
        "Rekognition.DetectFaces": _QUESTION,
        "Rekognition.DetectModerationLabels": _QUESTION,
    },
    "StoreMetadata": {
        "DynamoDB.GetItem": _always(Then.TASK),
        "DynamoDB.UpdateItem": _always(Then.SWEEP),
        "S3.DeleteObject": _always(Then.LEAVE),
    },
    "NotifyUser": {
        "DynamoDB.GetItem": _always(Then.NOTICE),
        "DynamoDB.UpdateItem": _always(Then.NOTICE),
        "S3.GetObject": _always(Then.PLAIN),  # asked briefly, and no more once one was not answered
        "SESv2.SendEmail": _SENDING,
        "SNS.Publish": _SENDING,
    },
}

# --- What an error means ----------------------------------------------------------------------------------------------

THROTTLES = frozenset(
    {
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "SlowDown",
        "Throttled",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
HOPELESS = frozenset({"AccessDenied", "AccessDeniedException", "ResourceNotFoundException", "ValidationException"})


def is_throttle(error: ClientError) -> bool:
    """Whether the same call may be answered a moment later."""
    return error.response["Error"]["Code"] in THROTTLES


def is_hopeless(error: ClientError) -> bool:
    """Whether the same call gets the same answer until somebody mends the code, the permissions or the table."""
    return error.response["Error"]["Code"] in HOPELESS

"""Dead letters: events that the trigger could not handle after Lambda's retries, and what can be done about them.

A letter is held for a moment while it is read, and given back. Who acts on one takes it out of the queue anew, so that
no page needs to hold it; two who act at once do no more than one, since a replay is what the sweep does.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from django.conf import settings
from django.utils import timezone

from webapp import aws
from webapp.photos import catalog
from webapp.photos.errors import AWS_ERRORS
from webapp.photos.letters import Letter, Named, read_letter
from webapp.photos.models import Photo, Status
from webapp.photos.sweep import settle

logger = logging.getLogger(__name__)
SHOWN = 100
REACHED = 500  # letters that are looked through or replayed at once: of what hangs on it, minutes at the worst
ROUND = 10  # the most that SQS hands out
NEVER = datetime.min.replace(tzinfo=UTC)
HELD_SECONDS = 60  # more than acting on a round takes
WAIT_SECONDS = 1  # asks all of SQS's servers, and not some of them


class Outcome(StrEnum):
    """What became of a letter. The value is a sentence for whoever acted."""

    RUNNING = "The photo is being processed. The letter is gone."
    ENDED = "The photo has come to its end. The letter is gone."
    GONE = "The photo is deleted, so there is nothing to do. The letter is gone."
    DISCARDED = "The letter is gone. The photo is as it was."
    NO_ORIGINAL = "The photo's file is not there. The letter stays; the sweep closes the photo if the file stays away."
    UNREADABLE = "The letter does not name a photo's file, so it cannot be replayed. Discard it if you need it no more."
    BROKEN = "AWS did not answer as it should. The letter stays; try again later."
    AWAY = "The letter is not there: it was dealt with, or somebody else is looking at it. Look again in a minute."


STAYS = (Outcome.NO_ORIGINAL, Outcome.UNREADABLE, Outcome.BROKEN)


@dataclass(frozen=True)
class Queue:
    """What is in the queue: letters, newest first, and about how many there are in all."""

    letters: list[Letter]
    count: int


def look(limit: int = SHOWN) -> Queue:
    """Up to `limit` letters, which are given back. Raises `AWS_ERRORS`."""
    letters = [letter for fresh in _rounds(limit) for letter in fresh]
    _give_back(letters)
    newest_first = sorted(letters, key=lambda letter: letter.arrived_at or NEVER, reverse=True)
    return Queue(newest_first, max(len(letters), count()))


def count(*, probe: bool = False) -> int:
    """About how many letters there are, those that somebody looks at included. Raises `AWS_ERRORS`; a `probe` does so
    within about a second."""
    return depth(settings.DEAD_LETTER_QUEUE_URL, probe=probe)


def depth(queue_url: str, *, probe: bool = False) -> int:
    """About how many messages a queue holds, those that somebody works on included. Raises as `count` does."""
    sqs = aws.probe_sqs() if probe else aws.sqs()
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=names)
    return sum(int(answer["Attributes"][name]) for name in names)


def replay(message_id: str) -> Outcome:
    """Do for the photo of one letter what its event should have done. Raises `AWS_ERRORS`."""
    return _act_on_one(message_id, _replay)


def discard(message_id: str) -> Outcome:
    """Remove a letter, and do nothing else. Raises `AWS_ERRORS`."""
    return _act_on_one(message_id, _discard)


def replay_all() -> Counter[Outcome]:
    """Replay up to `REACHED` letters; returns how often what became of them. Raises `AWS_ERRORS`."""
    outcomes: Counter[Outcome] = Counter()
    stayed: list[Letter] = []
    try:
        for letters in _rounds(REACHED):
            became = [(_replay(letter), letter) for letter in letters]
            outcomes.update(outcome for outcome, _letter in became)
            stayed += [letter for outcome, letter in became if outcome in STAYS]
    finally:
        _give_back(stayed)  # at the end, so that none comes twice
    return outcomes


# --- One letter ---


def _act_on_one(message_id: str, act: Callable[[Letter], Outcome]) -> Outcome:
    stay: list[Letter] = []
    try:
        for letters in _rounds(REACHED):
            stay += letters
            for letter in letters:
                if letter.message_id == message_id:
                    outcome = act(letter)
                    if outcome not in STAYS:
                        stay.remove(letter)
                    return outcome
        return Outcome.AWAY
    finally:
        _give_back(stay)


def _replay(letter: Letter) -> Outcome:
    if not letter.is_readable:
        return Outcome.UNREADABLE
    try:
        outcomes = [_settle(original) for original in letter.originals]
        outcome = next((each for each in outcomes if each in STAYS), outcomes[0])
        if outcome not in STAYS:
            _remove(letter)
    except Exception:
        logger.exception("dead letter %s could not be replayed", letter.message_id)
        return Outcome.BROKEN
    logger.info("dead letter %s was replayed: %s", letter.message_id, outcome.name)
    return outcome


def _settle(original: Named) -> Outcome:
    photo = Photo.objects.filter(pk=original.photo_id, key=original.key).first()
    if photo is None:
        return Outcome.GONE  # an object without a row is a deletion to finish, which the sweep does
    settle(photo, catalog.get(photo), now=timezone.now())
    record = catalog.get(photo) if photo.pk else None
    if record is None or photo.status == Status.DELETING:
        return Outcome.GONE
    if not catalog.is_open(record):
        return Outcome.ENDED
    return Outcome.RUNNING if catalog.awaited_run(record) or record.run_id else Outcome.NO_ORIGINAL


def _discard(letter: Letter) -> Outcome:
    _remove(letter)
    logger.info("dead letter %s was discarded: %s", letter.message_id, letter.raw)
    return Outcome.DISCARDED


# --- The queue ---


def _rounds(limit: int) -> Iterator[list[Letter]]:
    """Letters as SQS hands them out, which nobody else gets for `HELD_SECONDS`; each once, until no more come or
    `limit` is reached."""
    seen: set[str] = set()
    while len(seen) < limit:
        letters = {letter.message_id: letter for letter in _receive(min(ROUND, limit - len(seen)))}
        fresh = [letter for message_id, letter in letters.items() if message_id not in seen]
        if not fresh:
            return
        seen |= letters.keys()
        yield fresh


def _receive(at_most: int) -> list[Letter]:
    answer = aws.sqs().receive_message(
        QueueUrl=settings.DEAD_LETTER_QUEUE_URL,
        MaxNumberOfMessages=at_most,
        VisibilityTimeout=HELD_SECONDS,
        WaitTimeSeconds=WAIT_SECONDS,
        MessageSystemAttributeNames=["SentTimestamp"],
    )
    return [read_letter(message) for message in answer.get("Messages", [])]


def _remove(letter: Letter) -> None:
    aws.sqs().delete_message(QueueUrl=settings.DEAD_LETTER_QUEUE_URL, ReceiptHandle=letter.receipt)


def _give_back(letters: list[Letter]) -> None:
    """So that the next one to look sees them at once. Where it fails, they come back by themselves."""
    sqs = aws.sqs()
    for letter in letters:
        try:
            sqs.change_message_visibility(
                QueueUrl=settings.DEAD_LETTER_QUEUE_URL, ReceiptHandle=letter.receipt, VisibilityTimeout=0
            )
        except sqs.exceptions.ClientError as refusal:
            logger.warning("dead letter %s was not given back: %s", letter.message_id, refusal)
        except AWS_ERRORS:
            logger.warning("dead letters were not given back; they come back within %s s", HELD_SECONDS, exc_info=True)
            return

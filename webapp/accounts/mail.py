"""Account mail: by a worker, so that no page's speed tells whether there is an account; at once without a queue."""

from __future__ import annotations

import logging

from anymail.exceptions import AnymailError
from kombu.exceptions import OperationalError

from webapp import aws

from . import tasks

logger = logging.getLogger(__name__)


class MailError(Exception):
    """The mail was neither taken by the queue nor sent."""


def send_soon(*, subject: str, body: str, to: str, person: str = "") -> None:
    """Have one plain-text mail sent, which counts for the `person` (an id) that it is about. Raises MailError."""
    try:
        tasks.send_mail.delay(subject=subject, body=body, to=to, person=person)
    except (OperationalError, *aws.ERRORS) as error:
        logger.warning("the queue does not answer, so a mail is sent without it: %s", error)
        _send_now(subject=subject, body=body, to=to, person=person)


def _send_now(**message: str) -> None:
    try:
        tasks.send_mail(**message)
    except (AnymailError, *aws.ERRORS) as error:
        logger.error("a mail could not be sent: %s", error)
        raise MailError from error

"""The end of an account: asked for by its owner, who has a week to change their mind; then all of it goes.

What is left says what is to be done next, and every step may be repeated: whoever is killed in between leaves the rest
to the next beat. The person's row goes last, and a receipt stays that does not say whose it is.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any
from uuid import UUID

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import override

from webapp.albums.models import Album, ShareLink
from webapp.costs import spending
from webapp.notices import keeping
from webapp.notices.models import Notice
from webapp.photos import conf, deletion
from webapp.photos.errors import OUT_OF_TIME
from webapp.photos.models import Batch, Photo

from . import closing_store, exports, mail, preferences
from .models import Export, Receipt, User

logger = logging.getLogger(__name__)
TIME_TO_THINK = timedelta(days=7)
AT_ONCE = 500  # photos that one beat begins to delete


# --- Asked for, and taken back ---------------------------------------------------------------------------------------


def begin(*, user: User) -> None:
    """Have an account deleted a week from now. Asked for again, the first time counts. They are told by mail: it may
    be somebody else who asks, and nothing can be had back after that week."""
    closes_at = timezone.now() + TIME_TO_THINK
    with transaction.atomic():
        if not User.objects.filter(pk=user.pk, closes_at=None).update(closes_at=closes_at):
            return
        notice = keeping.keep(owner_id=user.pk, kind=Notice.Kind.CLOSING)
    if _tell("account_closing", user, closes_at=closes_at):
        keeping.mark_sent(notice)


def take_back(*, user: User) -> bool:
    """Keep an account after all. False when nothing of the kind was asked for, or its week is over."""
    return bool(User.objects.filter(pk=user.pk, closes_at__gt=timezone.now()).update(closes_at=None))


def count(user: User) -> dict[str, int]:
    """How many a person has of what."""
    return {
        "photos": Photo.objects.of(user).count(),
        "albums": Album.objects.of(user).count(),
        "links": ShareLink.objects.filter(album__owner=user).count(),
        "uploads": Batch.objects.filter(owner=user).count(),
        "ways_in": Authenticator.objects.filter(user=user).count() + SocialAccount.objects.filter(user=user).count(),
    }


# --- Carried out -----------------------------------------------------------------------------------------------------


def go_on() -> int:
    """Take the next steps for every account whose week is over; how many of them are gone."""
    due = User.objects.filter(closes_at__lte=timezone.now()).order_by("closes_at")
    return sum(_go_on_with(user) for user in due)


def _go_on_with(user: User) -> bool:
    try:
        return finish(user)
    except OUT_OF_TIME:
        raise
    except Exception:
        logger.exception("account %s is not gone yet", user.pk)
        return False


def finish(user: User) -> bool:
    """Do for an account what can be done now. False while photos of it are still being erased, or written."""
    receipt = _shut(user)
    for export in Export.objects.of(user):
        exports.erase(export)
    Album.objects.of(user).delete()
    _delete_photos(user)
    if Photo.objects.filter(owner=user).exists() or timezone.now() < receipt.begun_at + conf.written_late():
        return False
    _erase_batches(user)
    closing_store.erase_objects(user.pk)
    closing_store.erase_items(user.pk)
    # A kill behind this sends it twice, which is better than never.
    _tell("account_closed", user, receipt=receipt, removed=receipt.removed)
    _forget(receipt, user)
    return True


@transaction.atomic
def _shut(user: User) -> Receipt:
    """Let nobody in any more, and note what there was."""
    User.objects.filter(pk=user.pk).update(is_active=False)
    receipt, _is_new = Receipt.objects.get_or_create(owner=user, defaults={"removed": count(user)})
    return receipt


def _delete_photos(user: User) -> None:
    photos = list(Photo.objects.of(user).order_by("pk")[:AT_ONCE])
    _forget_log([photo.pk for photo in photos])
    deletion.begin(photos, by=user)  # which the worker and the sweep bring to its end


def _forget_log(ids: list[UUID]) -> None:
    """What the admin's log says of these: it names people and files."""
    LogEntry.objects.filter(object_id__in=[str(each) for each in ids]).delete()


def _erase_batches(user: User) -> None:
    closing_store.erase_batches(Batch.objects.filter(owner=user).values_list("pk", flat=True))
    Batch.objects.filter(owner=user).delete()
    closing_store.erase_batches(Notice.objects.of(user).values_list("pk", flat=True))
    Notice.objects.of(user).delete()
    spending.forget_person(user.pk)


def _tell(what: str, user: User, **context: Any) -> bool:
    context |= {"SITE_URL": settings.SITE_URL}
    with override(preferences.language_of(user)):
        subject, body = (render_to_string(f"accounts/email/{what}_{part}.txt", context)
                         for part in ("subject", "message"))  # fmt: skip
    try:
        mail.send_soon(subject=subject.strip(), body=body, to=user.email, person=str(user.pk))
    except mail.MailError:
        logger.exception("%s was not told: %s", user.pk, what)
        return False
    return True


@transaction.atomic
def _forget(receipt: Receipt, user: User) -> None:
    """The person themselves, in SQL."""
    for session in Session.objects.iterator():
        if any(name in str(session.get_decoded()) for name in (str(user.pk), user.pk.hex)):  # half logged in, too
            session.delete()
    _forget_log([user.pk])
    _forget_counts(user)
    Receipt.objects.filter(pk=receipt.pk).update(done_at=timezone.now())
    user.delete()


def _forget_counts(user: User) -> None:
    """How often they did this or that of late, in the cache that all processes share."""
    table = connection.ops.quote_name(str(settings.CACHES["default"]["LOCATION"]))
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table} WHERE cache_key LIKE %s", [f"%{user.pk}%"])  # noqa: S608  our own name

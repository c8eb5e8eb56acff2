"""What the site itself tells people, or tells them on their list alone: kept there, whichever way they chose."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils import timezone

from pipeline_lambdas.photo_pipeline import contract
from webapp.photos.models import Photo

from .models import Notice


def keep(*, owner_id: UUID, kind: str, told_by: str = "", photo: Photo | None = None, reason: str = "") -> Notice:
    """Put a notice on a person's list. `told_by` is why it is not sent (a `contract.Untold`), if that is so; once it
    is, call `mark_sent`."""
    facts: dict[str, Any] = {"photo": photo, "reason": reason, "told_by": told_by}
    return Notice.objects.create(owner_id=owner_id, kind=kind, told=True, **facts)


def mark_sent(notice: Notice) -> None:
    """Note that a mail tells the same."""
    now, mail = timezone.now(), contract.Channel.MAIL.value
    Notice.objects.filter(pk=notice.pk).update(sent_at=now, told_by=mail)

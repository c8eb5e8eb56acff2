"""What an export says beside the originals, as JSON: everything that is known of a photo, and of the account."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import QuerySet

from pipeline_lambdas.photo_pipeline import contract
from webapp.albums.models import Album, ShareLink
from webapp.photos.models import Photo, Review
from webapp.review.models import Case, Verdict, Words
from webapp.review.standing import words_to_owner

from .models import User

# Names of things that are of no use outside: where files lie in S3, and who worked on them.
INTERNAL = ("owner_id", "photo_id", "key", "run_id", "requested_run", "batch_id", "renditions", "placeholder")

DECISION = ("sha256", "review", "reason", "decided_at")
DEVICE = ("created_at", "last_seen_at", "ip", "user_agent")
NOTICE = ("kind", "created_at", "sent_at", "told_by", "reason", "photo")
ELSEWHERE = ("provider", "uid", "extra_data", "date_joined", "last_login")


class _Encoder(DjangoJSONEncoder):
    def default(self, value: Any) -> Any:
        return sorted(value) if isinstance(value, set) else super().default(value)


def as_json(facts: dict[str, Any]) -> bytes:
    return json.dumps(facts, cls=_Encoder, ensure_ascii=False, indent=1).encode()


def of_photo(photo: Photo, record: contract.Photo | None, *, file: str) -> dict[str, Any]:
    """What is known of a photo; `file` is its original's name in the ZIP, empty where there is none."""
    return {
        "id": photo.pk,
        "file": file,
        "file_name": photo.file_name,
        "uploaded_at": photo.uploaded_at,
        "sha256": photo.sha256,
        "favourite": photo.favourite,
        "in_trash_since": photo.trashed_at,
        "review": _review(photo),
        "found": _without_internals(record) if record else None,
    }


def _review(photo: Photo) -> dict[str, Any]:
    """What a person decided about it, and what its owner said to that."""
    case = None if photo.review == Review.NONE else Case.objects.filter(photo=photo).first()
    if case is None:
        return {"state": photo.review}
    own = Words.objects.filter(case=case, author__person=photo.owner_id).values_list("text", flat=True)
    told = {"reason": case.reason, "in_words": words_to_owner(case), "decided_at": case.decided_at}
    return {"state": photo.review, **told, "appealed_at": case.appealed_at, "appeal": "\n".join(own)}


def _without_internals(record: contract.Photo) -> dict[str, Any]:
    return {name: value for name, value in asdict(record).items() if name not in INTERNAL}


def of_account(user: User, *, details: Iterable[str]) -> dict[str, Any]:
    """What is known of a person and of what they made of their photos. `details` are the files in the ZIP that tell
    the rest of each photo."""
    return {
        "mail_address": user.email,
        "joined": user.date_joined,
        "last_login": user.last_login,
        "notifications": _preferences(user),
        "second_factors": [_second_factor(each) for each in Authenticator.objects.filter(user=user).order_by("pk")],
        "accounts_elsewhere": list(SocialAccount.objects.filter(user=user).order_by("pk").values(*ELSEWHERE)),
        "devices": list(UserSession.objects.filter(user=user).order_by("pk").values(*DEVICE)),
        "uploads": list(user.batches.order_by("pk").values("id", "created_at", "expected")),
        "notices": list(user.notices.order_by("pk").values(*NOTICE)),
        "albums": [_album(album) for album in Album.objects.of(user)],
        "photos": list(details),
        # They hold for a file that is sent again, also when the photo is gone.
        "decisions_about_files": list(_decisions(user).values(*DECISION)),
    }


def _decisions(user: User) -> QuerySet[Verdict]:
    return Verdict.objects.filter(owner=user, is_undone=False).order_by("pk")


def _second_factor(found: Authenticator) -> dict[str, Any]:
    """Without what lets somebody in."""
    names = ("type", "created_at", "last_used_at")
    return {"name": found.data.get("name", "")} | {name: getattr(found, name) for name in names}


def _preferences(user: User) -> dict[str, Any]:
    preferences = getattr(user, "preferences", None)
    if not preferences:
        return {}
    record = asdict(preferences.as_record())
    del record["unsubscribe_url"]  # which lets in whoever reads it
    del record["digest_channel"], record["silent"]  # the pipeline's way to say the rhythm, and what stopped
    # What they chose, whether it reaches them or not.
    chosen = {"channel": preferences.channel, "email": user.email, "phone": str(preferences.phone or "")}
    names = ("rhythm", "hour", "weekday", "phone_confirmed_at", "stopped_because", "stopped_at")
    return record | chosen | {name: getattr(preferences, name) for name in names}


def _album(album: Album) -> dict[str, Any]:
    return {
        "name": album.name,
        "created_at": album.created_at,
        "photos": [entry.photo_id for entry in album.shown()],
        # Without their addresses, which let in whoever reads them.
        "links": [_link(link) for link in ShareLink.objects.of(album)],
    }


def _link(link: ShareLink) -> dict[str, Any]:
    names = ("created_at", "expires_at", "revoked_at", "views", "last_viewed_at")
    return {"has_password": bool(link.password)} | {name: getattr(link, name) for name in names}

from __future__ import annotations

from django import template
from django.utils.formats import number_format

from webapp.accounts.quota import Room

register = template.Library()


@register.inclusion_tag("accounts/_room.html")
def told(room: Room) -> dict[str, object]:
    """How much of what a person may keep they have: sizes in GB with one decimal."""
    return {
        "room": room,
        "used": _gigabytes(room.bytes_used),
        "limit": _gigabytes(room.bytes_limit),
        "photos": number_format(room.photos_used, force_grouping=True),
        "most": number_format(room.photos_limit, force_grouping=True),
    }


def _gigabytes(size: int) -> str:
    return number_format(f"{size / 1e9:.1f}")

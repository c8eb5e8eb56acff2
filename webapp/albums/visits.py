"""What a visitor's session knows of links: which were opened with a password, and which were counted."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from allauth.core import ratelimit
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from webapp.albums import shares
from webapp.albums.models import ShareLink

KEPT = "shares"


def is_let_in(request: HttpRequest, link: ShareLink) -> bool:
    """Whether a link asks for no password, or was opened with the one that it has now."""
    return not link.password or constant_time_compare(_known(request, link).get("lock", ""), link.lock)


def let_in(request: HttpRequest, link: ShareLink) -> None:
    _keep(request, link, lock=link.lock)
    for action, key in _limits(request, link):
        ratelimit.clear(request, action=action, key=key)


def may_try(request: HttpRequest, link: ShareLink) -> bool:
    """Whether another password may be tried: so many from one address, and so many from all of them."""
    return all(ratelimit.consume(request, action=action, key=key) for action, key in _limits(request, link))


def count_once(request: HttpRequest, link: ShareLink) -> None:
    """Count a visit, once a session. Its owner is no visitor."""
    if request.method == "HEAD" or _known(request, link).get("seen") or link.album.owner_id == request.user.pk:
        return
    _keep(request, link, seen="yes")
    shares.count_view(link=link)


def _limits(request: HttpRequest, link: ShareLink) -> list[tuple[str, str]]:
    address = get_adapter(request).get_client_ip(request)
    return [("share_password", f"{link.pk} {address}"), ("share_password_of_all", str(link.pk))]


def _known(request: HttpRequest, link: ShareLink) -> dict[str, str]:
    known: dict[str, str] = request.session.get(KEPT, {}).get(str(link.pk), {})
    return known


def _keep(request: HttpRequest, link: ShareLink, **facts: str) -> None:
    kept = request.session.get(KEPT, {})
    request.session[KEPT] = {**kept, str(link.pk): {**_known(request, link), **facts}}

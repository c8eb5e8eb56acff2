"""Albums and links for staff, to look at. A link's address is a key to it, so it is not shown."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from webapp.albums.models import Album, ShareLink
from webapp.photos.admin import ReadOnlyAdmin


@admin.register(Album)
class AlbumAdmin(ReadOnlyAdmin):
    list_display = ("name", "owner", "photo_count", "order", "created_at")
    list_filter = ("created_at",)
    list_select_related = ("owner",)
    search_fields = ("name", "owner__email")
    show_full_result_count = False
    view_on_site = False  # what is there is its owner's alone
    actions = None
    fields = ("id", "owner", "name", "order", "photo_count", "created_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Album]:  # noqa: ARG002
        return Album.objects.described().order_by("-pk")

    @admin.display(description="photos")
    def photo_count(self, album: Any) -> int:
        count: int = album.photo_count
        return count


@admin.register(ShareLink)
class ShareLinkAdmin(ReadOnlyAdmin):
    list_display = ("album", "owner", "created_at", "expires_at", "revoked_at", "asks", "views", "last_viewed_at")
    list_filter = ("created_at", "expires_at", "revoked_at")
    list_select_related = ("album__owner",)
    search_fields = ("album__name", "album__owner__email")
    show_full_result_count = False
    view_on_site = False
    actions = None
    fields = ("album", "owner", "created_at", "expires_at", "revoked_at", "asks", "views", "last_viewed_at")

    @admin.display(description="owner")
    def owner(self, link: ShareLink) -> str:
        return str(link.album.owner)

    @admin.display(description="asks for a password", boolean=True)
    def asks(self, link: ShareLink) -> bool:
        return bool(link.password)

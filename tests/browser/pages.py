"""Every page of the site, with something on it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.stack.pipeline import wishes_of
from tests.stack.site import UUID, Site

PASSWORD = "three violets"

# Name of the address -> the pages behind it. What stands for the names in braces: `Belongings`.
OUTSIDE = {
    "home": ["/"],
    "account_login": ["/accounts/login/"],
    "account_signup": ["/accounts/signup/"],
    "account_inactive": ["/accounts/inactive/"],
    "account_email_verification_sent": ["/accounts/confirm-email/"],
    "account_confirm_email": ["/accounts/confirm-email/not-a-key/"],
    "account_reset_password": ["/accounts/password/reset/"],
    "account_reset_password_done": ["/accounts/password/reset/done/"],
    "account_reset_password_from_key": ["/accounts/password/reset/key/a-b/"],
    "account_reset_password_from_key_done": ["/accounts/password/reset/key/done/"],
    "albums:shared": ["/s/{token}/", "/s/{locked}/"],
    "albums:shared_photo": ["/s/{token}/{entry}/"],
    "unsubscribe": ["/unsubscribe/{unsubscribe}/"],
    "albums:shared_report": ["/s/{token}/{entry}/report/"],
    "devstack:inbox": ["/dev/inbox/"],
}
INSIDE = {
    "photos:upload": ["/upload/"],
    "photos:gallery": [
        "/gallery/",
        "/gallery/?label=Cat",
        "/gallery/?label=Nothing",
        "/gallery/?favourites=on",
        "/gallery/?status=processing",
    ],
    "photos:labels": ["/gallery/labels/", "/gallery/labels/?find=zz"],
    "photos:months": ["/gallery/months/"],
    "notices": ["/notices/"],
    "photos:photo": ["/photos/{photo}/", "/photos/{torn}/", "/photos/{trashed}/"],
    "photos:trash": ["/trash/"],
    "photos:empty_trash": ["/trash/empty/"],
    "photos:settings": ["/settings/photos/"],
    "albums:albums": ["/albums/"],
    "albums:add": ["/albums/add/?photo={photo}"],
    "albums:album": ["/albums/{album}/?share=1", "/albums/{empty}/"],
    "albums:rename": ["/albums/{album}/rename/"],
    "albums:delete": ["/albums/{album}/delete/"],
    "albums:arrange": ["/albums/{album}/arrange/"],
    "settings_notifications": ["/settings/notifications/"],
    "settings_data": ["/settings/data/"],
    "close_account": ["/settings/data/delete/"],
    "account_logout": ["/accounts/logout/"],
    "account_reauthenticate": ["/accounts/reauthenticate/"],
    "account_email": ["/accounts/email/"],
    "account_change_password": ["/accounts/password/change/"],
    "usersessions_list": ["/accounts/sessions/"],
    "mfa_index": ["/accounts/2fa/"],
    "mfa_list_webauthn": ["/accounts/2fa/webauthn/"],
}
NO_PAGES = {
    "healthz", "readyz",  # JSON for machines
    "photos:tiles", "albums:choice",  # parts of pages, fetched by their scripts
    "albums:shared_thumb", "albums:shared_display",  # pictures
    "review:queue", "review:log",  # of staff, looked at in test_review.py
    "operations:pipeline", "operations:failures", "operations:labels", "operations:campaigns",  # test_operations
    "costs:page",  # there too
}  # fmt: skip


@dataclass(frozen=True)
class Belongings:
    """What a person has: ids and tokens by the names that stand in braces above. `locked` asks for `PASSWORD`."""

    person: Site
    names: dict[str, str]

    def addresses(self, pages: dict[str, list[str]]) -> list[str]:
        return [address.format(**self.names) for each in pages.values() for address in each]


def fill(person: Site, **photos: str) -> Belongings:
    """Give somebody an album with photos, two links to it, and an empty album. `photos` are ids by name: `photo`
    becomes a favourite and goes into the album with `torn`, `trashed` goes into the trash."""
    album, empty = make_album(person, "Weekend by the sea"), make_album(person, "Still to come")
    act(person, "album", [photos["photo"], photos["torn"]], album=album)
    act(person, "favourite", [photos["photo"]])
    act(person, "trash", [photos["trashed"]])
    token, locked = share(person, album), share(person, album, password=PASSWORD)
    (entry,) = re.findall(rf"/s/{token}/([\w-]+)/", Site(person.stack).get(f"/s/{token}/").text)[:1]
    unsubscribe = wishes_of(person.stack, person.email).unsubscribe_url.rstrip("/").rpartition("/")[2]
    names = {"album": album, "empty": empty, "token": token, "locked": locked, "entry": entry}
    names["unsubscribe"] = unsubscribe
    return Belongings(person, {**photos, **names})


def act(person: Site, do: str, photos: list[str], **fields: str) -> None:
    """Do something with many photos, as the gallery's form does."""
    person.post("/photos/bulk/", {"do": do, "photo": photos, **fields})


def make_album(person: Site, name: str) -> str:
    """The id of a new album."""
    (album,) = re.findall(rf"/albums/({UUID})/", person.post("/albums/", {"name": name}).url)
    return album


def share(person: Site, album: str, **fields: str) -> str:
    """The token of a new link to an album, which works until it is turned off if nothing else is said."""
    before = _tokens(person, album)
    person.post(f"/albums/{album}/links/", {"ends": "never", "password": "", **fields})
    (made,) = _tokens(person, album) - before
    return made


def _tokens(person: Site, album: str) -> set[str]:
    return set(re.findall(r"/s/([\w-]{43})/", person.get(f"/albums/{album}/").text))

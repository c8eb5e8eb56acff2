"""What can be done with many photos at once. Photos that are not the person's are as if they did not exist."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from webapp.albums.forms import ChooseAlbumForm
from webapp.photos import corrections, favourites, trash
from webapp.photos.errors import AWS_ERRORS
from webapp.photos.forms import AddLabelForm
from webapp.photos.models import Photo

logger = logging.getLogger(__name__)
MOST = 500


@dataclass(frozen=True)
class Outcome:
    """What to say of an action, whether it went well, and the photos that can be had back from the trash."""

    text: str
    went_well: bool = True
    undo: tuple[UUID, ...] = ()


@dataclass(frozen=True)
class Asked:
    """Who asks, for which of their photos, with the rest of the form."""

    owner: Any
    photo_ids: Sequence[UUID]
    form: QueryDict

    def photos(self) -> list[Photo]:
        """Those that are in the person's gallery, in its order."""
        return list(Photo.objects.for_gallery(self.owner).filter(pk__in=self.photo_ids))


def act(do: str, asked: Asked) -> Outcome | None:
    """Do it. None when there is no such action."""
    action = ACTIONS.get(do)
    if action is None:
        return None
    return action(asked) if asked.photo_ids else nothing_selected()


def nothing_selected() -> Outcome:
    return Outcome(_("Select some photos first."), went_well=False)


def _favourite(asked: Asked) -> Outcome:
    count = favourites.set_favourite(owner=asked.owner, photo_ids=asked.photo_ids, favourite=True)
    if not count:
        return Outcome(_("These photos are favourites already, or gone."))
    return Outcome(ngettext("%d photo is a favourite now.", "%d photos are favourites now.", count) % count)


def _unfavourite(asked: Asked) -> Outcome:
    count = favourites.set_favourite(owner=asked.owner, photo_ids=asked.photo_ids, favourite=False)
    if not count:
        return Outcome(_("None of these photos was a favourite."))
    return Outcome(ngettext("%d photo is no favourite now.", "%d photos are no favourites now.", count) % count)


def _trash(asked: Asked) -> Outcome:
    gone = trash.throw_away(owner=asked.owner, photo_ids=asked.photo_ids)
    if not gone:
        return Outcome(_("These photos are in the trash already, or gone."), went_well=False)
    said = ngettext("%d photo is in the trash.", "%d photos are in the trash.", len(gone)) % len(gone)
    return Outcome(said, undo=tuple(photo.pk for photo in gone))


def restore(asked: Asked) -> Outcome:
    """Out of the trash again."""
    count = trash.restore(owner=asked.owner, photo_ids=asked.photo_ids)
    if not count:
        return back_already()
    return Outcome(ngettext("%d photo is back in your gallery.", "%d photos are back in your gallery.", count) % count)


def back_already() -> Outcome:
    """None of the photos is in the trash any more."""
    return Outcome(_("These photos are back already, or gone."), went_well=False)


def not_in_gallery() -> Outcome:
    """None of the photos is in the gallery any more."""
    return Outcome(_("These photos are in the trash, or gone."), went_well=False)


def _delete(asked: Asked) -> Outcome:
    count = trash.delete(owner=asked.owner, photo_ids=asked.photo_ids)
    if not count:
        return back_already()
    return Outcome(ngettext("%d photo was deleted.", "%d photos were deleted.", count) % count)


def _label(asked: Asked) -> Outcome:
    form = AddLabelForm({"name": asked.form.get("label", "")})
    if not form.is_valid():
        return Outcome(str(form.errors["name"][0]), went_well=False)
    name, photos = form.cleaned_data["name"], asked.photos()
    try:
        labelled = corrections.add_to_many(owner=asked.owner, photos=photos, name=name)
    except AWS_ERRORS:
        logger.exception("%s photos were not all labelled", len(photos))
        return Outcome(_("Not all of this could be saved. Try again in a minute."), went_well=False)
    return _say_labelled(name, labelled, left=len(photos) - labelled)


def _say_labelled(name: str, labelled: int, *, left: int) -> Outcome:
    said = ngettext("%(count)d photo shows %(label)s now.", "%(count)d photos show %(label)s now.", labelled)
    parts = [said % {"count": labelled, "label": name}]
    if left:
        why = ngettext("%d was left as it is: it is not ready, or has too many labels.",
                       "%d were left as they are: they are not ready, or have too many labels.", left)  # fmt: skip
        parts.append(why % left)
    return Outcome(" ".join(parts), went_well=labelled > 0)


def _album(asked: Asked) -> Outcome:
    form, photos = ChooseAlbumForm(asked.form, owner=asked.owner), asked.photos()
    if not photos:
        return not_in_gallery()
    if not form.is_valid():
        return Outcome(str(next(iter(form.errors.values()))[0]), went_well=False)
    _put_there, said = form.put(photos)
    return Outcome(said)


ACTIONS: Mapping[str, Callable[[Asked], Outcome]] = {
    "favourite": _favourite,
    "unfavourite": _unfavourite,
    "trash": _trash,
    "restore": restore,
    "delete": _delete,
    "label": _label,
    "album": _album,
}

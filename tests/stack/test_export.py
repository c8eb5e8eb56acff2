"""All that a person has as a ZIP, made with no more than the site's own permissions."""

from __future__ import annotations

import io
import json
import re
import zipfile

from tests import photo_files

from .pipeline import mails_to, until
from .running import RunningStack
from .site import PASSWORD, UUID, Site

PAGE = "/settings/data/"


def test_a_person_takes_along_the_very_bytes_that_they_brought(stack: RunningStack) -> None:
    ana = Site(stack).sign_up()
    brought = photo_files.many(3)
    ana.upload(brought)
    ana.wait_until_processed()

    ana.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": PAGE})
    ana.post(f"{PAGE}export/", {})
    until(lambda: "Download the ZIP" in ana.get(PAGE).text)

    (address,) = re.findall(rf"{PAGE}export/{UUID}/", ana.get(PAGE).text)
    archive = zipfile.ZipFile(io.BytesIO(ana.get(address).content))
    originals = {name: archive.read(f"originals/{name}") for name in brought}
    assert originals == brought
    assert all(json.loads(archive.read(f"details/{name}.json"))["found"]["labels"] for name in brought)
    until(lambda: "Your photos are ready to take along" in [mail["Subject"] for mail in mails_to(stack, ana.email)])

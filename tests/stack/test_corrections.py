"""What an owner says of labels, through a new analysis of the whole pipeline."""

from __future__ import annotations

import re
import subprocess
import sys

from infra.local.stack import ROOT, clean_env
from tests import photo_files

from .pipeline import until
from .running import RunningStack
from .site import Site


def run_again(stack: RunningStack, photo_id: str) -> None:
    """As staff do in the admin."""
    script = (
        "from webapp.photos.models import Photo; from webapp.photos.reruns import rerun;"
        f"print(rerun(Photo.objects.get(pk='{photo_id}')).name)"
    )
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", script],
        cwd=ROOT, env=clean_env(stack.parts), check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout.strip().endswith("ASKED"), done.stdout


def test_corrections_outlive_a_new_analysis(stack: RunningStack) -> None:
    ana = Site(stack).sign_up()
    ana.upload({"cat.jpg": photo_files.phone_jpeg()})
    ana.wait_until_processed()
    (photo_id,) = ana.photo_ids()
    page = f"/photos/{photo_id}/"
    before = ana.label_counts()
    assert {"Cat", "Animal"} <= before.keys()

    ana.post(f"{page}labels/deny/", {"name": "Cat"})
    ana.post(f"{page}labels/add/", {"name": "Whiskers"})
    corrected = {name: count for name, count in before.items() if name != "Cat"} | {"Whiskers": 1}
    assert ana.label_counts() == corrected

    run_again(stack, photo_id)
    until(lambda: "Attempt 2" in ana.get(page).text and "being processed" not in ana.gallery_pages()[0])

    assert ana.label_counts() == corrected
    assert re.search(r"<s>Cat</s>", ana.get(page).text)
    assert "added by you" in ana.get(page).text

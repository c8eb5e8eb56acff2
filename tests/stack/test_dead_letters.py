"""A file that arrives while no run can be started: its event ends as a dead letter, which staff replay."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

from infra.local.stack import STAFF_EMAIL
from tests import photo_files

from .pipeline import until
from .running import RunningStack
from .site import Site

PAGE = "/admin/photos/photo/dead-letters/"


@contextmanager
def no_run_can_be_started(stack: RunningStack) -> Iterator[None]:
    """Take the right away from the trigger, for a while."""
    iam, role = stack.aws.client("iam"), stack.started.deployment.resources["TriggerStepFunctionRole"]
    deny = {"Effect": "Deny", "Action": "states:StartExecution", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    iam.put_role_policy(RoleName=role, PolicyName="for-a-while", PolicyDocument=document)
    try:
        yield
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="for-a-while")


def log_in_as_staff(stack: RunningStack) -> Site:
    staff = Site(stack, STAFF_EMAIL)
    staff.post("/accounts/login/", {"login": STAFF_EMAIL, "password": stack.started.staff_password})
    return staff


def test_a_photo_that_could_not_be_started_is_a_dead_letter_and_is_replayed(stack: RunningStack) -> None:
    ana, staff = Site(stack).sign_up(), log_in_as_staff(stack)
    with no_run_can_be_started(stack):
        ana.upload({"stranded.jpg": photo_files.phone_jpeg()})
        until(lambda: "stranded.jpg" in staff.get(PAGE).text)
    page = staff.get(PAGE).text
    assert "The trigger failed each time that it was tried" in page
    assert "AccessDenied" in page
    assert "being processed" in ana.gallery_pages()[0]
    (letter,) = re.findall(r'name="letter" value="([^"]+)"', page)

    answer = staff.post(PAGE, {"action": "replay", "letter": letter})

    assert "The photo is being processed. The letter is gone." in answer.text
    ana.wait_until_processed()
    assert len(ana.thumbnails()) == 1
    assert "There are none." in staff.get(PAGE).text

"""Photos that go straight to S3, by an address signed for one key, size and type alone."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
import requests

from pipeline_lambdas.photo_pipeline.contract import SNIFF_BYTES
from tests import photo_files

from .pipeline import until
from .running import RunningStack
from .site import SECONDS, Site
from .test_main_job import notices, records

JPEG = photo_files.phone_jpeg()


class Script:
    """What the upload page's script does, for one person."""

    def __init__(self, person: Site) -> None:
        self.person = person
        self.batch = self.post("begin", {})["batch"]

    def post(self, what: str, body: dict[str, Any]) -> dict[str, Any]:
        cookies = self.person.session.cookies
        answer = self.person.session.post(
            f"{self.person.stack.site_url}/upload/{what}/",
            json=body,
            headers={"X-CSRFToken": cookies["csrftoken"]},
            timeout=SECONDS,
        )
        assert answer.status_code in (200, 204), answer.text
        return answer.json() if answer.content else {}

    def ask(self, data: bytes = JPEG, name: str = "IMG_0001.JPG") -> dict[str, Any]:
        head = base64.b64encode(data[:SNIFF_BYTES]).decode()
        said = {"name": name, "size": len(data), "head": head, "width": 300, "height": 451}
        said["sha256"] = hashlib.sha256(data).hexdigest()
        (place,) = self.post("addresses", {"batch": self.batch, "files": [said]})["files"]
        return place

    def finish(self) -> None:
        self.post("finish", {"batch": self.batch})


def put(place: dict[str, Any], data: bytes = JPEG, **headers: str) -> requests.Response:
    sent = {name: value for name, value in {**place["headers"], **headers}.items() if value}
    with requests.Session() as session:
        session.trust_env = False
        return session.put(place["url"], data=data, headers=sent, timeout=SECONDS)


@pytest.fixture(scope="module")
def person(stack: RunningStack) -> Site:
    return Site(stack).sign_up()


def test_a_photo_that_is_put_to_its_address_becomes_ready_and_is_told_about_once(stack: RunningStack) -> None:
    person = Site(stack).sign_up()
    script = Script(person)
    place, other = script.ask(), script.ask(photo_files.webp(), "cup.webp")
    assert put(place).status_code == put(other, photo_files.webp()).status_code == 200
    person.wait_until_processed()
    assert {record.status for record in records(person)} == {"ready"}
    assert notices(person) == [], "more may come"
    script.finish()
    until(lambda: notices(person))
    assert notices(person) == ["2 photos ready"]
    assert script.ask()["arrived"]
    assert Script(person).ask()["duplicate"]


def test_a_key_is_written_once(person: Site) -> None:
    data = photo_files.webp("rocket")
    place = Script(person).ask(data, "rocket.webp")
    assert [put(place, data).status_code for _ in range(2)] == [200, 412]


@pytest.mark.parametrize(
    ("data", "headers"),
    [
        (JPEG + b"more", {}),
        (JPEG[:-1], {}),
        (JPEG, {"Content-Type": "text/html"}),
        (JPEG, {"If-None-Match": ""}),
    ],
    ids=["longer", "shorter", "of another type", "over what may be there"],
)
def test_what_is_not_as_it_was_said_is_refused(person: Site, data: bytes, headers: dict[str, str]) -> None:
    place = Script(person).ask(photo_files.phone_jpeg(name="astronaut")[: len(JPEG)].ljust(len(JPEG), b"\0"), "x.jpg")
    assert put(place, data, **headers).status_code == 403


def test_an_address_opens_nothing_else(person: Site) -> None:
    place = Script(person).ask(photo_files.webp("coffee"), "coffee.webp")
    elsewhere = {**place, "url": place["url"].replace(place["photo"], "0" * 8 + place["photo"][8:])}
    assert put(elsewhere, photo_files.webp("coffee")).status_code == 403
    with requests.Session() as session:
        session.trust_env = False
        assert session.get(place["url"], timeout=SECONDS).status_code == 403


def test_an_address_that_is_over_is_refused(stack: RunningStack) -> None:
    """Signed as the site signs, with its own rights, and good for no time at all."""
    signed = {"Bucket": stack.outputs["OriginalsBucketName"], "Key": "originals/x", "ContentLength": len(JPEG)}
    signed |= {"ContentType": "image/jpeg", "IfNoneMatch": "*"}
    url = stack.site_client("s3").generate_presigned_url("put_object", Params=signed, ExpiresIn=-1)
    place = {"url": url, "headers": {"Content-Type": "image/jpeg", "If-None-Match": "*"}}
    assert put(place).status_code == 403


def test_a_browser_may_put_from_the_site_and_from_nowhere_else(stack: RunningStack, person: Site) -> None:
    place = Script(person).ask(photo_files.webp("chelsea"), "chelsea.webp")
    asked = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "content-type,if-none-match"}
    with requests.Session() as session:
        session.trust_env = False
        answers = [
            session.options(place["url"], headers={"Origin": origin, **asked}, timeout=SECONDS)
            for origin in (stack.site_url, "https://elsewhere.example")
        ]
    allowed = [answer.headers.get("Access-Control-Allow-Origin") for answer in answers]
    assert allowed == [stack.site_url, None]

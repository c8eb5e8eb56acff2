from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.conf import settings as site

from webapp import aws as site_aws
from webapp.photos.presign import addresses

KEY = "renditions/0190/thumb ü~(1)+a.webp"
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def parts(address: str) -> tuple[str, dict[str, str]]:
    split = urlsplit(address)
    return f"{split.scheme}://{split.netloc}{split.path}", dict(parse_qsl(split.query))


def moment(address: str) -> datetime:
    return datetime.strptime(parts(address)[1]["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


@pytest.mark.parametrize("token", ["", "a/session+token=="])
@pytest.mark.parametrize("endpoint", ["", "http://127.0.0.1:4566"])
def test_an_address_is_signed_as_boto3_signs(
    aws: Any, settings: Any, monkeypatch: pytest.MonkeyPatch, token: str, endpoint: str
) -> None:
    for name, value in {"AWS_SESSION_TOKEN": token, "AWS_ENDPOINT_URL": endpoint}.items():
        monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name, raising=False)
    settings.PRESIGNED_SECONDS = 2  # so that the time of signing is rounded to a second
    theirs = site_aws.s3().generate_presigned_url(
        "get_object", Params={"Bucket": site.RENDITIONS_BUCKET, "Key": KEY}, ExpiresIn=2
    )
    ours = addresses([KEY], now=moment(theirs))[KEY]
    assert parts(ours) == parts(theirs)


def test_an_address_stays_the_same_for_half_its_life_and_has_half_of_it_left(aws: Any, settings: Any) -> None:
    settings.PRESIGNED_SECONDS = 3600
    first, late, next_one = (addresses([KEY], now=NOON + timedelta(minutes=m))[KEY] for m in (0, 29, 30))
    assert first == late != next_one
    assert moment(late) + timedelta(hours=1) - (NOON + timedelta(minutes=29)) >= timedelta(minutes=30)


def test_other_credentials_make_another_address(aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.conftest import forget_clients

    before = addresses([KEY], now=NOON)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "rotated")
    forget_clients()
    after = addresses([KEY], now=NOON)
    assert parts(after[KEY])[1]["X-Amz-Credential"].startswith("rotated/")
    assert before != after

from __future__ import annotations

from typing import Any

import pytest

from infra.local.left_out import lifecycle_rule


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        (
            {"Id": "a", "Status": "Enabled", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}},
            {"ID": "a", "Status": "Enabled", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
             "Filter": {"Prefix": ""}},
        ),
        (
            {"Status": "Enabled", "Prefix": "exports/", "ExpirationInDays": 7},
            {"Status": "Enabled", "Filter": {"Prefix": "exports/"}, "Expiration": {"Days": 7}},
        ),
    ],
)  # fmt: skip
def test_lifecycle_rule_becomes_what_s3_takes(declared: dict[str, Any], expected: dict[str, Any]) -> None:
    assert lifecycle_rule(declared) == expected

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import Error, register


@register()
def thresholds_are_in_order(**_kwargs: Any) -> list[Error]:
    flag, quarantine = settings.REVIEW_FLAG_ABOVE, settings.REVIEW_QUARANTINE_ABOVE
    if 0 <= flag <= quarantine <= 100:
        return []
    said = f"REVIEW_FLAG_ABOVE is {flag} and REVIEW_QUARANTINE_ABOVE is {quarantine}"
    return [Error(f"{said}: both are percents, and the first is at most the second.", id="review.E001")]

"""What may be spent, as the environment says it."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from django.core.exceptions import ImproperlyConfigured


def monthly_cap(told: str) -> Decimal | None:
    """Dollars a month; None where nothing is told, and nothing is capped. At 0 nothing new is analysed. Raises
    ImproperlyConfigured."""
    if not told.strip():
        return None
    try:
        dollars = Decimal(told.strip())
    except InvalidOperation:
        dollars = Decimal("nan")
    if not dollars.is_finite() or dollars < 0:
        raise ImproperlyConfigured(
            f"MONTHLY_COST_CAP is {told!r}. Set it to dollars a month, such as 25, to 0 to have nothing new analysed,"
            " or leave it empty for no cap."
        )
    return dollars

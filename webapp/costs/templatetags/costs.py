from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django import template

from webapp.accounts.roles import Role, has_role
from webapp.costs import cap

register = template.Library()
LEAST = Decimal("0.0001")  # that is told


@register.simple_tag
def analysis_paused_until() -> date | None:
    """The day on which new analysis goes on, or None while it is not paused."""
    pause = cap.current()
    return pause.until.date() if pause else None


@register.filter
def may_see_costs(user: Any) -> bool:
    return has_role(user, Role.OPERATOR)


@register.filter
def money(dollars: Decimal | None) -> str:
    """Dollars with cents, and with four decimals where cents would say little; a dash where there are none to tell."""
    if dollars is None:
        return "–"
    if 0 < dollars < LEAST:
        return f"< ${LEAST}"
    says_little = 0 < abs(dollars) < 1 and dollars != round(dollars, 2)
    return f"${dollars:,.4f}" if says_little else f"${dollars:,.2f}"


@register.filter
def amount(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 or number == int(number) else f"{number:,.2f}"


@register.filter
def share(part: Decimal) -> str:
    """A part of one in percent."""
    return f"{part * 100:.0f} %" if not 0 < part < Decimal("0.01") else "< 1 %"


@register.filter
def plain(number: float) -> str:
    """A number as SVG reads it, in any language."""
    return f"{number:g}"

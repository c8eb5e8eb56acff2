"""The page of costs, for operators."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from webapp.accounts.roles import Role, for_role

from . import report


@never_cache
@require_safe
@for_role(Role.OPERATOR)
def page(request: HttpRequest) -> HttpResponse:
    """What the pipeline costs, and the monthly cap."""
    context = {**admin.site.each_context(request), "title": "Costs", "report": report.make(timezone.now())}
    return TemplateResponse(request, "admin/costs/cost.html", context)

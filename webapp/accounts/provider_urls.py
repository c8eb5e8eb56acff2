"""Addresses of the providers that are set up, and none else: where there is none, nothing of this is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.socialaccount import views as social_views
from allauth.socialaccount.providers.github import views as github
from allauth.socialaccount.providers.google import views as google
from allauth.socialaccount.providers.openid_connect import views as openid_connect
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.views.decorators.cache import never_cache

from . import oidc

KNOWN = {"process", "next"}


def leave(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Leads to the provider by a page instead of a redirect: our policy lets forms lead to this site alone, and nobody
    knows beforehand which sites a provider leads through. Nor may an address say what the provider is asked for."""

    @never_cache
    def answer(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        if not set(request.GET) <= KNOWN or request.GET.get("process", "login") not in ("login", "connect"):
            raise Http404
        response = view(request, **kwargs)
        if response.status_code != 302 or not response["Location"].startswith(("https://", "http://")):
            return response
        return render(request, "socialaccount/leave.html", {"to": response["Location"]})

    return answer


def patterns_for(providers: dict[str, Any]) -> list[URLPattern]:
    """Of SOCIALACCOUNT_PROVIDERS."""
    there = {name for name, each in providers.items() if each.get("APPS")}
    found = [each for name in sorted(there) for each in OF_PROVIDER[name]]
    return [*OF_ALL, *found] if found else []


OF_ALL = [
    path("3rdparty/", social_views.connections, name="socialaccount_connections"),
    path("3rdparty/login/cancelled/", social_views.login_cancelled, name="socialaccount_login_cancelled"),
    path("3rdparty/login/error/", social_views.login_error, name="socialaccount_login_error"),
]
OF_PROVIDER = {
    "google": [
        path("google/login/", leave(google.oauth2_login), name="google_login"),
        path("google/login/callback/", google.oauth2_callback, name="google_callback"),
    ],
    "github": [
        path("github/login/", leave(github.oauth2_login), name="github_login"),
        path("github/login/callback/", github.oauth2_callback, name="github_callback"),
    ],
    "openid_connect": [
        path("oidc/<slug:provider_id>/login/", leave(openid_connect.login), name="openid_connect_login"),
        path("oidc/<slug:provider_id>/login/callback/", oidc.callback, name="openid_connect_callback"),
    ],
}
urlpatterns = patterns_for(settings.SOCIALACCOUNT_PROVIDERS)

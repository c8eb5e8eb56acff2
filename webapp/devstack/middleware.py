from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.request import split_domain_port

from infra.local.stack import HOST


class LoopbackAddressMiddleware:
    """Sends `localhost` to 127.0.0.1: an S3 signature is bound to one host name, and a cookie too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        name, port = split_domain_port(request.get_host())
        if name != "localhost":
            return self.get_response(request)
        address = f"{HOST}:{port}" if port else HOST
        return HttpResponseRedirect(f"http://{address}{request.get_full_path()}", preserve_request=True)

"""What holds for the answers of every page."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth import SESSION_KEY
from django.http.request import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import add_never_cache_headers

Answer = Callable[[HttpRequest], HttpResponseBase]


def keep_to_the_person(get_response: Answer) -> Answer:
    """Lets nobody keep a copy of what somebody who is logged in was answered, unless a view says otherwise."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        # An answer for which nobody looked at the session is the same for everybody.
        if "Cache-Control" not in response and request.session.accessed and SESSION_KEY in request.session:
            add_never_cache_headers(response)
        return response

    return answer

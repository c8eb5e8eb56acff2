from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, str]:  # noqa: ARG001  the shape of a context processor
    """What every page and mail may say about the site itself."""
    return {"SITE_URL": settings.SITE_URL, "SOURCE_URL": settings.SOURCE_URL}

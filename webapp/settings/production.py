"""Shoebox in production: behind a proxy that ends TLS and sets X-Forwarded-Proto. Every setting comes from the
environment; a missing one stops the start, and all that are missing are named at once."""

import os

from django.core.exceptions import ImproperlyConfigured

REQUIRED = (
    "SECRET_KEY",
    "DATABASE_URL",
    "ALLOWED_HOSTS",
    "SITE_URL",
    "MAIL_SENDER",
    "AWS_REGION",
    "ORIGINALS_BUCKET",
    "RENDITIONS_BUCKET",
    "PHOTO_TABLE",
    "STATE_MACHINE_ARN",
    "NOTIFY_USER_FUNCTION",
    "TASKS_QUEUE_URL",
    "DEAD_LETTER_QUEUE_URL",
    "FEEDBACK_QUEUE_URL",
    "MAIL_CONFIGURATION_SET",
)
if missing := [name for name in REQUIRED if not os.environ.get(name)]:
    raise ImproperlyConfigured(f"Set these environment variables: {', '.join(missing)}. See README.md, 'Deploy'.")

from .base import *  # noqa: E402, F403  only with a whole environment
from .base import SITE_URL, STORAGES, env  # noqa: E402

CSRF_TRUSTED_ORIGINS = [SITE_URL]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = True
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]  # a load balancer asks without TLS
SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = True
SESSION_COOKIE_NAME = "__Host-sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken"
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https"
# Rate limits count by address: that of the client, which the last of so many proxies has seen.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=1)
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}}

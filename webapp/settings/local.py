"""Shoebox on a laptop. `manage.py runstack` deploys the pipeline and passes its outputs as the environment; it also
leaves them in `var/site.env`, so that every other command of manage.py finds the same stack."""

import os
from pathlib import Path

import environ

REPOSITORY = Path(__file__).resolve().parent.parent.parent
environ.Env.read_env(Path(os.environ.get("SHOEBOX_DATA_DIR", REPOSITORY / "var")) / "site.env")

# Before the first start there is no stack yet, and runstack itself needs none.
BEFORE_FIRST_START = {
    "SECRET_KEY": "local-only",
    "ALLOWED_HOSTS": "127.0.0.1,localhost",
    "SITE_URL": "http://127.0.0.1:8000",
    "MAIL_SENDER": "shoebox@localhost.localdomain",
    "AWS_REGION": "eu-west-1",
    "ORIGINALS_BUCKET": "not-deployed-yet",
    "RENDITIONS_BUCKET": "not-deployed-yet",
    "PHOTO_TABLE": "not-deployed-yet",
    "STATE_MACHINE_ARN": "not-deployed-yet",
    "NOTIFY_USER_FUNCTION": "not-deployed-yet",
    "TASKS_QUEUE_URL": "not-deployed-yet",
    "DEAD_LETTER_QUEUE_URL": "not-deployed-yet",
    "FEEDBACK_QUEUE_URL": "not-deployed-yet",
    "MAIL_CONFIGURATION_SET": "not-deployed-yet",
}
for name, value in BEFORE_FIRST_START.items():
    os.environ.setdefault(name, value)

from .base import *  # noqa: E402, F403  base reads the environment made above
from .base import ALLOWED_HOSTS, INSTALLED_APPS, LOGGING, MIDDLEWARE  # noqa: E402

INSTALLED_APPS = [*INSTALLED_APPS, "webapp.devstack"]
MIDDLEWARE = ["webapp.devstack.middleware.LoopbackAddressMiddleware", *MIDDLEWARE]
ALLOWED_HOSTS = [*ALLOWED_HOSTS, ".localhost"]  # browsers keep passkeys for names, such as shoebox.localhost
STAFF_NEED_MFA = False  # the password that `make run` prints is all it takes
EXTRA_URLS = [("dev/", "webapp.devstack.urls")]
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = True  # no collectstatic, and a changed file shows at once
# Every task twice, each ten seconds, is more than a person at a terminal wants to know.
QUIET = {name: {"level": "WARNING"} for name in ("celery.worker.strategy", "celery.app.trace")}
LOGGING = {**LOGGING, "loggers": {**LOGGING["loggers"], **QUIET}}  # type: ignore[dict-item]

"""For tests: no AWS, SQLite in memory unless DATABASE_URL names another, tasks run where they are called."""

import os

os.environ.update(
    SECRET_KEY="test-only",  # noqa: S106  signs nothing that lasts
    ALLOWED_HOSTS="testserver,127.0.0.1,localhost",
    SITE_URL="http://testserver",
    MAIL_SENDER="shoebox@example.org",
    AWS_REGION="eu-west-1",
    AWS_DEFAULT_REGION="eu-west-1",
    AWS_ACCESS_KEY_ID="testing",
    AWS_SECRET_ACCESS_KEY="testing",  # noqa: S106  opens nothing
    ORIGINALS_BUCKET="originals-test",
    RENDITIONS_BUCKET="renditions-test",
    PHOTO_TABLE="photos-test",
    STATE_MACHINE_ARN="arn:aws:states:eu-west-1:123456789012:stateMachine:photos-test",
    NOTIFY_USER_FUNCTION="notify-user-test",
    TASKS_QUEUE_URL="https://sqs.eu-west-1.amazonaws.com/123456789012/tasks-test",
    DEAD_LETTER_QUEUE_URL="https://sqs.eu-west-1.amazonaws.com/123456789012/dead-letters-test",
    FEEDBACK_QUEUE_URL="https://sqs.eu-west-1.amazonaws.com/123456789012/feedback-test",
    MAIL_CONFIGURATION_SET="mails-test",
)
os.environ.setdefault("DATABASE_URL", "sqlite://:memory:")
for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_PROFILE"):
    os.environ.pop(name, None)

from .base import *  # noqa: E402, F403  base reads the environment made above

STAFF_NEED_MFA = False  # those tests that are about it say so
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = True  # nothing is collected for tests

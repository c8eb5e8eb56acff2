"""Settings: production starts whole or not at all, and what each overlay promises holds."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test import Client

from webapp.settings.production import REQUIRED

REPOSITORY = Path(__file__).parent.parent.parent
WHOLE = {
    "SECRET_KEY": "k7#mZq2!vX9@pLw4$tRb8^nYc6&hGd3*jFs5(eUa1)iOo0-production-test-key",
    "DATABASE_URL": "postgres://shoebox@127.0.0.1/shoebox",
    "ALLOWED_HOSTS": "photos.example.org",
    "SITE_URL": "https://photos.example.org",
    "MAIL_SENDER": "shoebox@example.org",
    "AWS_REGION": "eu-west-1",
    "ORIGINALS_BUCKET": "my-originals",
    "RENDITIONS_BUCKET": "my-renditions",
    "PHOTO_TABLE": "photos",
    "STATE_MACHINE_ARN": "arn:aws:states:eu-west-1:123456789012:stateMachine:photos",
    "NOTIFY_USER_FUNCTION": "notify",
    "TASKS_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/123456789012/tasks",
    "DEAD_LETTER_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/123456789012/dead-letters",
    "FEEDBACK_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/123456789012/feedback",
    "MAIL_CONFIGURATION_SET": "mails",
}


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """manage.py under production settings, with `environment` and nothing else."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=REPOSITORY,
        env={"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "webapp.settings.production", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def setting(name: str, **environment: str) -> str:
    return manage(
        "shell", "-v0", "-c", f"from django.conf import settings; print(settings.{name})", **environment
    ).stdout


def test_production_without_an_environment_names_everything_that_is_missing_at_once() -> None:
    result = manage("check")

    assert result.returncode != 0
    line = result.stderr.splitlines()[-1]
    assert "Set these environment variables" in line
    assert all(name in line for name in REQUIRED)


def test_production_names_only_what_is_missing_and_an_empty_value_is_missing() -> None:
    result = manage("check", **(WHOLE | {"PHOTO_TABLE": ""}))

    line = result.stderr.splitlines()[-1]
    assert "Set these environment variables" in line
    assert "PHOTO_TABLE" in line
    assert "SECRET_KEY" not in line


def test_production_refuses_to_write_addresses_without_tls_into_mails() -> None:
    result = manage("check", "--deploy", **{**WHOLE, "SITE_URL": "http://photos.example.org"})

    assert result.returncode != 0
    assert "SITE_URL has to begin with https://." in result.stderr


def test_production_passes_djangos_checks_for_deployment() -> None:
    result = manage("check", "--deploy", "--fail-level", "WARNING", **WHOLE)

    assert result.returncode == 0, result.stderr


def test_the_browser_may_reach_the_two_buckets_and_no_other() -> None:
    assert ast.literal_eval(setting("S3_ORIGINS", **WHOLE)) == [
        "https://s3.eu-west-1.amazonaws.com",
        "https://my-originals.s3.eu-west-1.amazonaws.com",
        "https://my-renditions.s3.eu-west-1.amazonaws.com",
    ]


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1", "us-gov-west-1", "cn-north-1", "eusc-de-east-1"])
def test_a_presigned_address_is_one_that_the_browser_may_reach(region: str) -> None:
    """us-east-1 signs for a host of its own unless told, and other partitions have other domains."""
    result = manage(
        "shell",
        "-v0",
        "-c",
        "from django.conf import settings; from webapp.aws import s3; print(settings.S3_ORIGINS); print("
        "s3().generate_presigned_url('get_object', Params={'Bucket': settings.RENDITIONS_BUCKET, 'Key': 'k'}))",
        **(WHOLE | {"AWS_REGION": region, "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}),
    )
    origins, address = result.stdout.splitlines()
    scheme, _, host, *_ = address.split("/")
    assert f"{scheme}//{host}" in ast.literal_eval(origins)


def test_a_region_that_does_not_exist_is_said_at_once() -> None:
    result = manage("check", **(WHOLE | {"AWS_REGION": "moon-1"}))

    assert "moon-1" in result.stderr.splitlines()[-1]


def test_with_an_endpoint_the_browser_may_reach_that_alone() -> None:
    assert ast.literal_eval(setting("S3_ORIGINS", **WHOLE, AWS_ENDPOINT_URL="http://127.0.0.1:4566/")) == [
        "http://127.0.0.1:4566"
    ]


def test_a_message_stays_hidden_for_longer_than_any_task_may_run() -> None:
    options = settings.CELERY_BROKER_TRANSPORT_OPTIONS

    assert options["visibility_timeout"] > settings.CELERY_TASK_TIME_LIMIT > settings.CELERY_TASK_SOFT_TIME_LIMIT
    assert list(options["predefined_queues"]) == [settings.CELERY_TASK_DEFAULT_QUEUE]


def test_every_scheduled_task_exists() -> None:
    from webapp.celery import app

    app.loader.import_default_modules()
    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} <= set(app.tasks)


@pytest.mark.django_db
def test_migrating_is_all_that_the_shared_cache_needs() -> None:
    cache.set("a-key", {"of": "ours"}, 60)

    assert cache.get("a-key") == {"of": "ours"}


def test_sqlite_lets_readers_and_a_writer_work_at_once(tmp_path: Path) -> None:
    pragmas = (
        "from django.db import connection as c; cursor = c.cursor(); "
        "print([cursor.execute(f'PRAGMA {name}').fetchone()[0] for name in ('journal_mode', 'busy_timeout')])"
    )

    result = manage("shell", "-v0", "-c", pragmas, **(WHOLE | {"DATABASE_URL": f"sqlite:///{tmp_path}/site.sqlite3"}))

    assert result.stdout.strip() == "['wal', 20000]", result.stderr


@pytest.mark.django_db
def test_the_site_is_up_and_says_which_part_is_not_ready(client: Client, aws: object) -> None:
    assert client.get("/healthz").status_code == 200
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"database": True, "table": True})

    aws.table.delete()  # type: ignore[attr-defined]

    not_ready = client.get("/readyz")
    assert (not_ready.status_code, not_ready.json()) == (503, {"database": True, "table": False})
    assert client.get("/healthz").status_code == 200
    assert connection.vendor in ("sqlite", "postgresql")

"""One clock for all: what is moved moves for the site, the pipeline and AWS."""

from __future__ import annotations

import time
from datetime import timedelta
from types import SimpleNamespace

from django.utils import timezone

from pipeline_lambdas.photo_pipeline.deadline import Deadline
from pipeline_lambdas.photo_pipeline.results import utc_now
from tests.conftest import ORIGINALS
from tests.faults.clock import START, stopped
from tests.pipeline_lambdas.invocation import Invocation
from webapp.photos import clock as records_clock


def test_time_stands_still_until_it_is_moved() -> None:
    with stopped() as clock:
        assert (timezone.now(), timezone.now()) == (START, START)
        clock.advance(minutes=15)
        later = START + timedelta(minutes=15)
        assert (timezone.now(), records_clock.parse(utc_now()), time.time()) == (later, later, later.timestamp())


def test_time_never_goes_back() -> None:
    with stopped() as clock:
        clock.reach(START + timedelta(hours=1))
        clock.reach(START)
        assert clock.now == START + timedelta(hours=1)


def test_the_clock_goes_on_when_it_is_let_go() -> None:
    with stopped():
        pass
    assert timezone.now() > START


def test_aws_knows_the_same_time(cloud: SimpleNamespace) -> None:
    with stopped() as clock:
        clock.advance(days=2)
        cloud.aws.s3.put_object(Bucket=ORIGINALS, Key="originals/dated", Body=b"x")
        written = cloud.aws.s3.head_object(Bucket=ORIGINALS, Key="originals/dated")["LastModified"]
    cloud.aws.s3.delete_object(Bucket=ORIGINALS, Key="originals/dated")
    assert written == START + timedelta(days=2)


def test_a_function_that_waits_lets_time_pass_for_all_and_has_less_of_its_own() -> None:
    context = Invocation(seconds=60)
    with stopped(context.sleep) as clock:
        Deadline(context).wait(5)
        assert clock.now == START + timedelta(seconds=5)
    assert context.seconds == 55

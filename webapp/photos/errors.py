"""What can go wrong between the site and AWS, for callers that go on without it."""

from celery.exceptions import SoftTimeLimitExceeded

from webapp import aws

AWS_ERRORS = aws.ERRORS
OUT_OF_TIME = SoftTimeLimitExceeded  # the worker ends the task a minute later

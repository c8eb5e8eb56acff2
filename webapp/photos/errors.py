"""What can go wrong between the site and AWS, for callers that go on without it."""

from webapp import aws

AWS_ERRORS = aws.ERRORS

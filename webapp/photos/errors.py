"""What can go wrong between the site and AWS, for callers that go on without it."""

from botocore.exceptions import BotoCoreError, ClientError

AWS_ERRORS = (BotoCoreError, ClientError, OSError)

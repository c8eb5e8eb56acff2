"""The whole local stack, from the first process to the last: what `manage.py runstack` does."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from . import stack as parts
from .access import provide_rekognition_key, provide_site_key
from .aws import Aws
from .claims import sole_use
from .deploy import Deployment, deploy_pipeline
from .secret_store import SecretStore, write_private
from .stack import Stack
from .supervisor import Supervisor

OUTPUT_NAMES = {
    "ORIGINALS_BUCKET": "OriginalsBucketName",
    "RENDITIONS_BUCKET": "RenditionsBucketName",
    "PHOTO_TABLE": "PhotoTableName",
    "STATE_MACHINE_ARN": "StateMachineArn",
    "NOTIFY_USER_FUNCTION": "NotifyUserFunctionName",
    "TASKS_QUEUE_URL": "TasksQueueUrl",
    "DEAD_LETTER_QUEUE_URL": "DeadLetterQueueUrl",
    "FEEDBACK_QUEUE_URL": "FeedbackQueueUrl",
    "MAIL_CONFIGURATION_SET": "MailConfigurationSetName",
    "SMS_A_DAY": "SmsADayInAll",
}


@dataclass(frozen=True)
class Started:
    """A stack that runs: what was deployed, the site's environment, and the password of the member of staff."""

    deployment: Deployment
    site_env: Mapping[str, str]
    staff_password: str


@contextlib.contextmanager
def running_stack(stack: Stack, supervisor: Supervisor) -> Iterator[Started]:
    """The stack while it runs; at the end, however it comes, every process is ended. Raises `StackError`."""
    with sole_use(stack.data_dir, stack.ports):
        try:
            yield start(stack, supervisor)
        finally:
            supervisor.stop()


def forget_own_aws() -> None:
    """Leave nothing in this process's environment that could lead boto3 to the person's own AWS account."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(parts.NO_OTHER_AWS)


def start(stack: Stack, supervisor: Supervisor) -> Started:
    """Start everything, in the order in which one part needs another."""
    store = SecretStore(stack.data_dir / "secrets.json")
    supervisor.start(parts.aws_process(stack))
    supervisor.output.say("Deploying the pipeline ...")
    deployment = deploy_pipeline(stack)
    supervisor.output.say("The pipeline was deployed." if deployment.changed else "The pipeline is up to date.")
    aws = Aws(stack.aws_url)
    site_env = make_site_env(stack, deployment, provide_site_key(aws, deployment, store), store)
    password = store.get_or_make("staff_password", lambda: secrets.token_urlsafe(12))
    write_private(stack.env_file, "".join(f"{name}={value}\n" for name, value in site_env.items()))
    rekognition_key = provide_rekognition_key(aws, deployment, store)
    aws.save()
    supervisor.start(parts.rekognition_process(stack, rekognition_key))
    supervisor.output.say("Preparing the database, and what was left unfinished ...")
    supervisor.run(parts.prepare_process(stack, site_env, password))
    supervisor.start(*parts.site_processes(stack, site_env))
    return Started(deployment, site_env, password)


def make_site_env(stack: Stack, deployment: Deployment, key: Mapping[str, str], store: SecretStore) -> dict[str, str]:
    """All that the site reads from its environment."""
    outputs = {name: deployment.outputs[output] for name, output in OUTPUT_NAMES.items()}
    ours = {
        "DJANGO_SETTINGS_MODULE": "webapp.settings.local",
        "SECRET_KEY": store.get_or_make("secret_key", lambda: secrets.token_urlsafe(50)),
        "DATABASE_URL": f"sqlite:///{stack.data_dir / 'site.sqlite3'}",
        "ALLOWED_HOSTS": f"{parts.HOST},localhost",
        "SITE_URL": stack.site_url,
        "MAIL_SENDER": parts.MAIL_SENDER,
    }
    return ours | outputs | parts.aws_env(stack, key)

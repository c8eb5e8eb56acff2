"""`manage.py runstack`: all of Shoebox on this machine."""

from __future__ import annotations

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from infra.local.run import Started, forget_own_aws, running_stack
from infra.local.stack import STAFF_EMAIL, Stack, StackError, read_stack
from infra.local.supervisor import Stopped, Supervisor, stop_signals_raise

READY = """
Shoebox runs at   {site}/
Mail and SMS      {site}/dev/inbox/
Admin             {site}/admin/   {email}, password {password}
Everything is kept in {data_dir}. Ctrl-C ends it; nothing is lost.
"""


class Command(BaseCommand):
    help = "Run Shoebox on this machine: a local AWS with the pipeline, the site, and its workers. Ctrl-C ends it."
    requires_system_checks: list[str] = []

    def handle(self, **_options: Any) -> None:
        forget_own_aws()
        supervisor = Supervisor()
        try:
            stack = read_stack(os.environ)
            with stop_signals_raise(), running_stack(stack, supervisor) as started:
                supervisor.output.say(describe(stack, started))
                supervisor.watch()
        except StackError as error:
            raise CommandError(str(error)) from error
        except Stopped:
            supervisor.output.say("Shoebox has stopped.")


def describe(stack: Stack, started: Started) -> str:
    """Where everything is, for the person who started it."""
    return READY.format(
        site=stack.site_url, email=STAFF_EMAIL, password=started.staff_password, data_dir=stack.data_dir
    )

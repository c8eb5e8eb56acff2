"""The local site before it starts: nothing that the last run set going is alive, so nothing is waited for."""

from .local import *  # noqa: F403

SWEEP_AFTER_SECONDS = 0

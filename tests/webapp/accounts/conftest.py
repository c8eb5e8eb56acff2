from __future__ import annotations

import pytest
from django.db import transaction


@pytest.fixture
def committed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for the end of a transaction is done at once: the test's own never ends, and the request would."""
    monkeypatch.setattr(transaction, "on_commit", lambda function, **_: function())

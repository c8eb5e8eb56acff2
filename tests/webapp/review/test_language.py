"""What owners are told, in the language that they chose for mails."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories import make_user
from tests.webapp.review.cases import held, make_case, make_reviewer, pass_time
from webapp.accounts.models import NotificationPreferences
from webapp.review import decisions, telling

pytestmark = pytest.mark.django_db


def test_the_owner_is_told_in_their_language(mailoutbox: list[Any]) -> None:
    owner, reviewer = make_user(), make_reviewer()
    NotificationPreferences.objects.update_or_create(user=owner, defaults={"language": "de"})
    case = held(make_case(owner), reviewer)
    decisions.reject(reviewer=reviewer, case_id=case.pk, reason="violence")
    pass_time(case, seconds=61)
    telling.tell_due()
    (mail,) = mailoutbox
    assert mail.subject == "Ein Foto von dir wird anderen nicht gezeigt"
    assert "Gewalt" in mail.body

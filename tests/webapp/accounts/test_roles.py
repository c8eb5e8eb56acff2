from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, Group
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.test import RequestFactory

from tests.factories import make_user
from webapp.accounts.roles import Role, for_role, has_role

pytestmark = pytest.mark.django_db


def member(role: Role, **fields: Any) -> Any:
    user = make_user(**{"is_staff": True, **fields})
    user.groups.add(Group.objects.get(name=role))
    return user


def test_whoever_is_in_a_group_has_its_role_and_no_other() -> None:
    user = member(Role.REVIEWER)
    assert has_role(user, Role.REVIEWER)
    assert not has_role(user, Role.OPERATOR)


def test_a_superuser_has_every_role() -> None:
    assert all(has_role(make_user(email=f"{role}@b.example", is_staff=True, is_superuser=True), role) for role in Role)


@pytest.mark.parametrize("fields", [{"is_staff": False}, {"is_active": False}])
def test_who_is_not_staff_any_more_has_no_role(fields: dict[str, Any]) -> None:
    assert not has_role(member(Role.OPERATOR, **fields), Role.OPERATOR)


def test_a_view_for_a_role_refuses_other_staff_and_asks_strangers_to_log_in() -> None:
    view = for_role(Role.OPERATOR)(lambda _request: HttpResponse("costs"))
    request = RequestFactory().get("/admin/cost/")
    request.user = member(Role.OPERATOR, email="o@b.example")
    assert view(request).content == b"costs"
    request.user = AnonymousUser()
    assert view(request).status_code == 302
    request.user = member(Role.REVIEWER, email="r@b.example")
    with pytest.raises(PermissionDenied):
        view(request)

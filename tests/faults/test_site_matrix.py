"""Every call of AWS that the site makes, and everything that can happen to it: nothing is lost, doubled or stuck."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.faults import site
from tests.faults.flows import FLOWS
from tests.faults.injection import CallSite, Fault
from tests.faults.uploads import make_keeper

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("nothing_else")]
SITES = [
    (name, CallSite(site.SITE, operation, number + 1))
    for name, flow in FLOWS.items()
    for operation, count in flow.calls.items()
    for number in range(count)
]
# Photos that nothing but their own flow touches share a sweep, which is what takes its time.
TOGETHER = [
    (name, each, faults)
    for name, each in SITES
    for faults in ([(fault,) for fault in Fault] if FLOWS[name].alone else [tuple(Fault)])
]


def _say(part: Any) -> str:
    return (part[0].value if len(part) == 1 else "all faults") if isinstance(part, tuple) else str(part)


@pytest.fixture(autouse=True)
def _an_hour_goes_by(settings: Any) -> None:
    for name, seconds in site.AN_HOUR_GOES_BY.items():
        setattr(settings, name, seconds)


def _make_calls(cloud: SimpleNamespace, owner: Any, name: str) -> None:
    site.act(cloud, FLOWS[name].prepare(cloud, owner))
    if FLOWS[name].events:
        site.deliver(cloud, owner)


def _assert_good_end(cloud: SimpleNamespace, owner: Any, name: str, what: str) -> None:
    left = site.what_is_left(cloud, owner)
    assert left.wrong == [], what
    assert tuple(sorted(left.ends.values())) in FLOWS[name].ends, what


@pytest.mark.parametrize("name", FLOWS)
def test_the_matrix_has_every_call_that_the_site_makes_and_every_fault(cloud: SimpleNamespace, name: str) -> None:
    owner = make_keeper()
    _make_calls(cloud, owner, name)
    made = [each for each in cloud.injector.seen if each.function == site.SITE]
    assert sorted(made) == sorted(each for flow, each in SITES if flow == name)
    assert sum(len(faults) for flow, _, faults in TOGETHER if flow == name) == len(made) * len(Fault)
    site.settle(cloud, sweeps=FLOWS[name].sweeps)
    _assert_good_end(cloud, owner, name, "nothing went wrong")


@pytest.mark.parametrize(("name", "call", "faults"), TOGETHER, ids=_say)
def test_a_call_of_the_site_that_goes_wrong_is_made_good(
    cloud: SimpleNamespace, name: str, call: CallSite, faults: tuple[Fault, ...]
) -> None:
    owners = {fault: make_keeper() for fault in faults}
    for fault, owner in owners.items():
        cloud.injector.arm(call, fault)
        _make_calls(cloud, owner, name)
        assert cloud.injector.struck == call, fault
    site.settle(cloud, sweeps=FLOWS[name].sweeps)
    for fault, owner in owners.items():
        _assert_good_end(cloud, owner, name, fault)

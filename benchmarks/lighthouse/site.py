"""The pages that are scored: of a person with a gallery, on a stack of their own, served as they are deployed."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from infra.local.stack import Process, Stack, clean_env
from infra.local.supervisor import Output, Supervisor
from tests import photo_files
from tests.stack.running import RunningStack, free_ports, new_stack, run_stack
from tests.stack.site import Site

from . import photos

NAMES = ("landing", "gallery", "photo", "upload", "album", "shared album")
TOGETHER = 12
THROUGH_PROXY = {"X-Forwarded-Proto": "https"}  # said by the proxy that a deployed site stands behind


@dataclass(frozen=True)
class Page:
    """A page's name, its address, and what a browser sends along."""

    name: str
    address: str
    headers: Mapping[str, str] = field(repr=False)


@contextmanager
def pages(folder: Path, source: Path, count: int) -> Iterator[list[Page]]:
    """The pages, while they are served; everything is kept in `folder`. The gallery has `count` photos that are made
    from those of `source`, and one that is damaged."""
    with run_stack(new_stack(folder)) as stack, deployed(stack) as address:
        person = Site(stack).sign_up()
        _fill(person, {**photos.cuttings(source, count), "torn.jpg": photo_files.truncated_jpeg()})
        yield _pages(person, address)


def _fill(person: Site, files: Mapping[str, bytes]) -> None:
    """Some at a time: a machine that is busy takes minutes for all of them, and nobody waits longer for a few."""
    names = list(files)
    for start in range(0, len(names), TOGETHER):
        person.upload({name: files[name] for name in names[start : start + TOGETHER]})
        person.wait_until_processed()


def _pages(person: Site, address: str) -> list[Page]:
    ids = person.photo_ids()
    album, shared = _share_album(person, ids[1:41])
    session = {"Cookie": f"__Host-sessionid={person.session.cookies['sessionid']}"}
    photo = f"/photos/{ids[1]}/"  # the first is the damaged one
    paths = dict(zip(NAMES, ("/", "/gallery/", photo, "/upload/", album, shared), strict=True))
    strangers = {"landing", "shared album"}
    return [
        Page(name, f"{address}{path}", THROUGH_PROXY if name in strangers else THROUGH_PROXY | session)
        for name, path in paths.items()
    ]


def _share_album(person: Site, ids: list[str]) -> tuple[str, str]:
    """The paths of a new album with these photos, and of its link."""
    form: Any = {"do": "album", "new_album": "Spring", "photo": ids}
    person.post("/photos/bulk/", form)
    found = re.search(r"/albums/[0-9a-f-]{36}/", person.get("/albums/").text)
    assert found, "there is no album"
    shared = re.search(r"/s/[\w-]+/", person.post(f"{found[0]}links/", {"ends": "week"}).text)
    assert shared, "there is no link"
    return found[0], shared[0]


@contextmanager
def deployed(stack: RunningStack) -> Iterator[str]:
    """The address at which the stack's site is served once more, under the settings of a deployed one."""
    (port,) = free_ports(1)
    parts = replace(stack.parts, port=port)
    env = clean_env(parts, **stack.site_env) | {
        "DJANGO_SETTINGS_MODULE": "benchmarks.lighthouse.settings",
        "SITE_URL": parts.site_url,
    }
    with stack.log.open("a") as log:
        supervisor = Supervisor(Output(log))
        try:
            supervisor.run(Process("collect", (sys.executable, "manage.py", "collectstatic", "--no-input"), env))
            supervisor.start(_server(parts, env))
            yield parts.site_url
        finally:
            supervisor.stop()


def _server(parts: Stack, env: Mapping[str, str]) -> Process:
    command = (sys.executable, "-m", "gunicorn", "webapp.wsgi", "--bind", f"127.0.0.1:{parts.port}")
    return Process("deployed", (*command, "--log-level", "warning"), env, ready_url=f"{parts.site_url}/healthz")

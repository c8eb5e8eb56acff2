from __future__ import annotations

from pathlib import Path

from infra.local.secret_store import SecretStore


def test_secret_is_made_once(tmp_path: Path) -> None:
    store = SecretStore(tmp_path / "secrets.json")
    assert store.get_or_make("a", lambda: "first") == "first"
    assert SecretStore(tmp_path / "secrets.json").get_or_make("a", lambda: "second") == "first"


def test_one_secret_leaves_the_others(tmp_path: Path) -> None:
    store = SecretStore(tmp_path / "secrets.json")
    store.keep("a", {"key": 1})
    store.keep("b", 2)
    assert (store.get("a"), store.get("b")) == ({"key": 1}, 2)


def test_file_is_for_its_owner_alone_even_when_it_was_not_before(tmp_path: Path) -> None:
    path = tmp_path / "new" / "secrets.json"
    path.parent.mkdir()
    path.touch(mode=0o644)
    SecretStore(path).keep("a", 1)
    assert path.stat().st_mode & 0o777 == 0o600


def test_damaged_file_starts_empty(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text("{")
    assert SecretStore(tmp_path / "secrets.json").get("a") is None

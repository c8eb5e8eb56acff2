from __future__ import annotations

from pathlib import Path

import pytest

from infra.local.rekognition import model_files
from infra.local.rekognition.model_files import FACES, LABELS, MODERATION, DamagedModelError, ModelFile, open_session


def test_a_changed_file_is_refused_with_a_remedy(tmp_path: Path) -> None:
    content = bytearray(LABELS.path.read_bytes())
    content[1000] ^= 1
    damaged = ModelFile(tmp_path / "labels.onnx", LABELS.sha256)
    damaged.path.write_bytes(content)
    with pytest.raises(DamagedModelError, match=r"labels\.onnx is damaged.*git checkout"):
        open_session(damaged)


def test_a_missing_file_is_refused_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(DamagedModelError, match=r"missing.*git checkout"):
        open_session(ModelFile(tmp_path / "labels.onnx", LABELS.sha256))


@pytest.mark.parametrize("model", [LABELS, FACES, MODERATION], ids=lambda model: model.path.name)
def test_the_readme_states_the_checksum(model: ModelFile) -> None:
    assert f"| `{model.sha256}` |" in (model_files.FOLDER / "README.md").read_text("utf-8")

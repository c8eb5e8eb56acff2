"""The Lambda zip: built as SAM builds it, into an empty place, where every handler must import."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import cloudformation

SOURCE = Path(__file__).resolve().parents[2] / "pipeline_lambdas"
LIMIT = 250 * 2**20  # Lambda's, unzipped


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("zip")
    requirements = SOURCE / "requirements.txt"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    constraints = SOURCE.parent / "constraints.txt"
    subprocess.run([*pip, "--target", str(target), "-r", str(requirements), "-c", str(constraints)], check=True)
    shutil.copytree(SOURCE / "photo_pipeline", target / "photo_pipeline", ignore=shutil.ignore_patterns("__pycache__"))
    return target


@pytest.mark.parametrize("function", cloudformation.resources("AWS::Serverless::Function"))
def test_handler_imports_with_nothing_but_the_zip(built: Path, function: str) -> None:
    module, name = cloudformation.resources("AWS::Serverless::Function")[function]["Handler"].rsplit(".", 1)
    program = (
        f"import sys; sys.path = [path for path in sys.path if 'site-packages' not in path] + [{str(built)!r}]; "
        f"import importlib; assert callable(importlib.import_module({module!r}).{name}); "
        f"assert 'django' not in sys.modules and 'webapp' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_zip_fits_lambda(built: Path) -> None:
    assert sum(file.stat().st_size for file in built.rglob("*") if file.is_file()) < LIMIT

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
    subprocess.run([*pip, "--no-deps", "--target", str(target), "-r", str(requirements)], check=True)
    shutil.copytree(SOURCE / "photo_pipeline", target / "photo_pipeline", ignore=shutil.ignore_patterns("__pycache__"))
    return target


@pytest.mark.parametrize("function", cloudformation.resources("AWS::Serverless::Function"))
def test_handler_imports_with_nothing_but_the_zip(built: Path, function: str) -> None:
    module, name = cloudformation.resources("AWS::Serverless::Function")[function]["Handler"].rsplit(".", 1)
    program = (
        f"import sys; sys.path = [path for path in sys.path if 'site-packages' not in path] + [{str(built)!r}]; "
        f"import importlib; assert callable(importlib.import_module({module!r}).{name})"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_requirement_has_a_wheel_for_lambda(tmp_path: Path) -> None:
    """For the template's Python and processor on Amazon Linux 2023; pyvips is pure Python, built from its source."""
    lines = (SOURCE / "requirements.txt").read_text().splitlines()
    wheels = [line for line in lines if line and not line.startswith(("#", "pyvips=="))]
    platforms = [f"--platform=manylinux_2_{minor}_aarch64" for minor in (17, 26, 27, 28)]
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    target = ["--only-binary=:all:", "--python-version=3.13", *platforms, "--platform=manylinux2014_aarch64"]
    done = subprocess.run(
        [*pip, *target, "--dest", str(tmp_path), *wheels], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert len(list(tmp_path.glob("*.whl"))) == len(wheels)


def test_zip_fits_lambda(built: Path) -> None:
    assert sum(file.stat().st_size for file in built.rglob("*") if file.is_file()) < LIMIT

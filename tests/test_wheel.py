"""The wheel holds all it needs: built, installed in a fresh environment, run elsewhere."""

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def call(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(list(map(str, command)), capture_output=True, encoding="utf-8", cwd=cwd, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.wheel
def test_wheel_installed_elsewhere_computes_and_finds_its_data(tmp_path):
    call(sys.executable, "-m", "build", "--wheel", "--outdir", tmp_path, ROOT, cwd=tmp_path)
    (wheel,) = tmp_path.glob("carbon_accounting-*.whl")
    venv.create(tmp_path / "env", with_pip=True, symlinks=True)
    python = tmp_path / "env" / ("Scripts" if os.name == "nt" else "bin") / "python"
    call(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel, cwd=tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert "FAIL" not in call(python, "-m", "carbon", "selftest", cwd=elsewhere)
    call(python.with_name("carbon"), "init", "mine", cwd=elsewhere)
    call(python.with_name("carbon"), "run", "mine", cwd=elsewhere)
    assert (elsewhere / "mine" / "results" / "totals.csv").is_file()
    where = call(python, "-c", "from carbon import shipped; print(shipped.folder('factors'))", cwd=elsewhere)
    assert str(tmp_path / "env") in where

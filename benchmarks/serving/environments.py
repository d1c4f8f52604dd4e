"""The peers' own environments: one each, made when it is first needed, or a reason why not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

SAME = ("scikit-learn", "numpy")
"""What has to be the version that fitted the model."""
REQUIREMENTS: Mapping[str, Sequence[str]] = {
    # Its worker process needs an event loop that uvloop 0.22 no longer makes.
    "mlserver": ("mlserver==1.7.1", "mlserver-sklearn==1.7.1", "uvloop<0.22"),
    "bentoml": ("bentoml==1.4.39",),
    "litserve": ("litserve==0.2.19",),
}
STAMP = "requirements.txt"


class NotInstalled(RuntimeError):
    """A peer could not be installed; the message ends in what the installer said."""


def python_of(peer: str, folder: Path) -> Path:
    """Return the interpreter of a peer's environment, made if need be. Raises `NotInstalled`."""
    environment = folder / "envs" / peer
    python = environment / "bin" / "python"
    wanted = [*REQUIREMENTS[peer], *(f"{name}=={version(name)}" for name in SAME)]
    stamp = environment / STAMP
    if stamp.exists() and stamp.read_text(encoding="utf-8").split() == wanted:
        return python
    print(f"installing {' '.join(wanted)}", flush=True)
    _run([sys.executable, "-m", "venv", "--clear", str(environment)])
    _run(_installer(python) + wanted)
    stamp.write_text("\n".join(wanted), encoding="utf-8")
    return python


def installed(peer: str, python: Path) -> str:
    """Return the name of a peer with its version."""
    code = f"import importlib.metadata; print(importlib.metadata.version({peer!r}))"
    return f"{peer} {_run([str(python), '-c', code]).strip()}"


def _installer(python: Path) -> list[str]:
    fast = Path(sys.executable).parent / "uv"
    if fast.exists():
        return [str(fast), "pip", "install", "--quiet", "--python", str(python)]
    return [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise NotInstalled(" ".join([*command[:4], *said[-3:]]))
    return done.stdout


def tool(name: str, folder: Path) -> Path:
    """Return a program of an environment of its own. Raises `NotInstalled`."""
    environment = folder / "envs" / name
    program = environment / "bin" / name
    if not program.exists():
        _run([sys.executable, "-m", "venv", "--clear", str(environment)])
        _run([*_installer(environment / "bin" / "python"), name])
    return program

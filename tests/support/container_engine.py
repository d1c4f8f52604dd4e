"""Containers without an engine that runs all the time and without a registry: podman, and a base
image made of the distribution's own packages.

Needs root and a Debian mirror. Everything lies in one folder and is gone with it: images,
containers, networks. Nothing of this machine goes into an image but what its package mirror serves.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

PACKAGES = ("podman", "buildah", "runc", "netavark", "aardvark-dns", "mmdebstrap", "iptables")
PROGRAMS = ("podman", "runc", "mmdebstrap")
BASE_PACKAGES = "python3,python3-venv,ca-certificates"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
FREE_BYTES = 5 << 30
SOURCE = re.compile(r"^(?:URIs:|deb(?: \[.*?\])?)\s+(\S*/debian/?)(?:\s|$)", re.M)
ALLOWED = "CONTENDER_CONTAINERS"
"""Set where these tests may run outside CI; to a folder, where images are to be kept there."""
RELEASE = "bookworm"
"""It has the Python that the project runs on."""
STORAGE = """[storage]
driver = "overlay"
graphroot = "{folder}/images"
runroot = "{folder}/run"
"""
# Limits of its own, because those of the engine may be more than this machine may give; runc,
# because the other runtime wants the newer kind of control groups.
ENGINE = """[containers]
default_ulimits = ["nofile=4096:4096","nproc=4096:4096"]
log_driver = "k8s-file"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
network_config_dir = "{folder}/networks"
"""


class NoContainers(RuntimeError):
    """Containers cannot be run here; the message says why."""


def why_not() -> str | None:
    """Return why containers cannot be run here, or None."""
    if os.geteuid() != 0:
        return "it takes root"
    if shutil.which("apt-get") is None:
        return "it takes a Debian with apt-get"
    if not os.environ.get("CI") and not os.environ.get(ALLOWED):
        return f"it may install packages on this machine: set {ALLOWED}=1 to allow it"
    return None


def kept_folder() -> Path | None:
    """Return the folder in which images are kept from one run to the next, if one is named."""
    named = os.environ.get(ALLOWED, "")
    return Path(named) if named.startswith("/") else None


def install() -> None:
    """Install what is missing. Raises `NoContainers`."""
    if all(shutil.which(program) for program in PROGRAMS):
        return
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (("update",), ("install", "--yes", "--no-install-recommends", *PACKAGES)):
        done = subprocess.run(
            ["apt-get", "-qq", *command], env=quiet, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise NoContainers(f"apt-get {command[0]}: {done.stderr[-500:]}")


def mirror() -> str:
    """Return the package mirror of this machine. Raises `NoContainers`."""
    for path in sorted(Path("/etc/apt").glob("sources.list*")):
        for file in sorted(path.iterdir()) if path.is_dir() else [path]:
            text = file.read_text(encoding="utf-8", errors="replace")
            if found := SOURCE.search(text):
                return found[1]
    raise NoContainers("this machine's apt knows no Debian mirror")


class Engine:
    """podman with its images, containers and networks in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
        if free < FREE_BYTES:
            raise NoContainers(f"{folder} has {free >> 20} MB left; {FREE_BYTES >> 20} are wanted")
        for name, text in (("storage.conf", STORAGE), ("containers.conf", ENGINE)):
            (folder / name).write_text(text.format(folder=folder), encoding="utf-8")
        self.environment = {
            **os.environ,
            "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
            "CONTAINERS_CONF": str(folder / "containers.conf"),
            # Without these, settings of this machine would be laid over ours.
            "TMPDIR": str(folder),
            "PODMAN_IGNORE_CGROUPSV1_WARNING": "1",
        }

    def run(self, *arguments: object, check: bool = True, seconds: float = 600.0) -> str:
        """Run a podman command and return what it says. Raises `AssertionError` with the reason."""
        done = subprocess.run(
            ["podman", *map(str, arguments)],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        if check and done.returncode:
            said = f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
            raise AssertionError(f"podman {' '.join(map(str, arguments))}: {said}")
        return done.stdout.strip()

    def inspect(self, container: str) -> dict:
        """Return what podman knows about a container."""
        return json.loads(self.run("inspect", container))[0]

    def make_base(self, name: str) -> None:
        """Make a base image, unless it is there: the distribution's packages, and Python."""
        if self.run("images", "--quiet", name):
            return
        archive = self.folder / "base.tar"
        command = ["mmdebstrap", "--mode=root", "--variant=apt", f"--include={BASE_PACKAGES}"]
        command += [
            "--dpkgopt=path-exclude=/usr/share/doc/*",
            "--dpkgopt=path-exclude=/usr/share/man/*",
        ]
        command += ["--dpkgopt=force-unsafe-io", RELEASE, str(archive), mirror()]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NoContainers(f"mmdebstrap: {done.stderr[-1000:]}")
        self.run("import", archive, name)
        archive.unlink()

    def build(
        self,
        file: Path,
        context: Path,
        tag: str,
        arguments: Mapping[str, str],
        target: str | None = None,
    ) -> None:
        """Build an image. This machine's certificates are lent to it and stay outside."""
        options: list[object] = ["--file", file, "--tag", tag, "--layers", "--network", "host"]
        options += ["--format", "docker"]  # the other format forgets health checks
        options += [part for pair in arguments.items() for part in ("--build-arg", "=".join(pair))]
        if target is not None:
            options += ["--target", target]
        if CERTIFICATES.exists():
            options += ["--volume", f"{CERTIFICATES}:{CERTIFICATES}:ro"]
        self.run("build", "--isolation", "chroot", *options, context, seconds=1800)

    def remove_containers(self) -> None:
        """Stop and delete containers and what they kept."""
        self.run("rm", "--all", "--force", "--depend", "--time", "2", check=False)
        self.run("volume", "rm", "--all", "--force", check=False)

    def remove_everything(self) -> None:
        """Stop and delete all there is, and the folder."""
        self.remove_containers()
        self.run("system", "reset", "--force", check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

"""What `kubectl kustomize FOLDER` makes, of the parts of kustomize that docker/kubernetes uses.

So that the manifests can be built and looked at where there is no kubectl; where there is one, a
test holds the two together. Knows resources, namespace, images and patches; anything else is an
error.
"""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import yaml

Manifest = dict[str, Any]
KNOWN = {"apiVersion", "kind", "namespace", "resources", "images", "patches"}
MERGE_KEYS = {"containers": "name", "volumes": "name", "volumeMounts": "mountPath", "env": "name"}
"""Lists of which a strategic merge changes one element; others it replaces."""


def build(folder: Path) -> list[Manifest]:
    """Return the manifests of a kustomization."""
    stated = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))
    assert stated.keys() <= KNOWN, f"{folder}: {stated.keys() - KNOWN} is not known here"
    found = [each for name in stated["resources"] for each in _resource(folder / name)]
    for patch in stated.get("patches", []):
        text = patch.get("patch") or (folder / patch["path"]).read_text(encoding="utf-8")
        _apply(found, yaml.safe_load(text), patch.get("target"))
    for manifest in found:
        if manifest["kind"] != "Namespace":
            manifest["metadata"]["namespace"] = stated["namespace"]
    for image in stated.get("images", []):
        _rename(found, image)
    return found


def _resource(path: Path) -> list[Manifest]:
    if path.is_dir():
        return build(path)
    documents = yaml.safe_load_all(path.read_text(encoding="utf-8"))
    return [document for document in documents if document]


def _apply(manifests: list[Manifest], patch: Any, target: dict[str, str] | None) -> None:
    if target is None:
        metadata = patch["metadata"]
        target = {"kind": patch["kind"], "name": metadata["name"]}
    meant = [each for each in manifests if _is_meant(each, target)]
    assert meant, f"the patch of {target} meets nothing"
    for manifest in meant:
        if isinstance(patch, list):
            for operation in patch:
                _operate(manifest, operation)
        else:
            own = {key: value for key, value in patch.items() if key not in ("apiVersion", "kind")}
            own.pop("metadata")
            _merge(manifest, own)


def _is_meant(manifest: Manifest, target: dict[str, str]) -> bool:
    metadata = manifest["metadata"]
    if not re.fullmatch(target["kind"], manifest["kind"]):
        return False
    if not re.fullmatch(target.get("name", ".*"), metadata["name"]):
        return False
    wanted = dict(part.split("=") for part in target.get("labelSelector", "").split(",") if part)
    return wanted.items() <= metadata.get("labels", {}).items()


def _operate(manifest: Manifest, operation: dict[str, Any]) -> None:
    *way, last = operation["path"].strip("/").split("/")
    place = manifest
    for step in way:
        place = place[step]
    assert operation["op"] in {"add", "replace"}
    assert operation["op"] == "add" or last in place, f"{operation} replaces nothing"
    place[last] = operation["value"]


def _merge(into: dict[str, Any], patch: dict[str, Any]) -> None:
    for key, value in patch.items():
        there = into.get(key)
        if isinstance(value, dict) and isinstance(there, dict):
            _merge(there, value)
        elif isinstance(there, list) and key in MERGE_KEYS:
            into[key] = _merged_list(there, value, MERGE_KEYS[key])
        else:
            into[key] = copy.deepcopy(value)


def _merged_list(there: list[Any], patch: list[Any], by: str) -> list[Any]:
    known = {each[by]: each for each in there}
    for each in patch:
        if each[by] in known:
            _merge(known[each[by]], each)
    fresh = [copy.deepcopy(each) for each in patch if each[by] not in known]
    return [*fresh, *there]  # as kustomize orders them


def _rename(manifests: list[Manifest], image: dict[str, str]) -> None:
    for manifest in manifests:
        for container in containers(manifest):
            if container["image"] == image["name"]:
                container["image"] = f"{image['newName']}:{image['newTag']}"


def containers(manifest: Manifest) -> list[dict[str, Any]]:
    """Return the containers of a workload, those that go before first; of anything else none."""
    pod = manifest.get("spec", {}).get("template", {}).get("spec", {})
    return [*pod.get("initContainers", []), *pod.get("containers", [])]

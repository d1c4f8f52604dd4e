"""Secrets in the addresses of `contender.toml`: named there, and held by the environment or files.

`https://reader:${SHOP_PASSWORD}@shop.example/items.csv` is filled from the variable of that name,
or from the file that `SHOP_PASSWORD_FILE` names. A password that stands there itself is refused:
the file is copied, shown and kept under version control.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from pipelines.addresses_settings import variable_of
from pipelines.secret_files import SecretFileError, holds_secret, with_files

NAMED = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
APART = frozenset({"addresses"})
"""Whose addresses hold neither names nor passwords, and say so themselves."""


class SecretInFile(ValueError):
    """The settings file holds a secret, or names one that is not set; the message says where."""


def filled(document: Mapping[str, Any], variables: Mapping[str, str]) -> dict[str, Any]:
    """Return a settings document whose addresses have the secrets that they name.

    Raises `SecretInFile`, which never shows the secret.
    """
    if "logins" in document:
        raise SecretInFile(
            "logins: names and passwords come from the environment, see docs/operations.md"
        )
    return {
        name: value if name in APART else _filled(value, name, variables)
        for name, value in document.items()
    }


def _filled(value: Any, where: str, variables: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _filled(each, f"{where}.{key}", variables) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, where, variables) for each in value]
    if not isinstance(value, str) or "://" not in value:
        return value
    if holds_secret(NAMED.sub("", value)):  # what is named is no secret yet
        variable = variable_of(where)
        instead = f"set {variable}, or {variable}_FILE; or " if variable else ""
        raise SecretInFile(
            f"{where}: no passwords in this file; {instead}write ${{NAME}} in its place, and set "
            "NAME, or name a file that holds it in NAME_FILE"
        )
    return NAMED.sub(lambda found: _quoted(found[1], where, variables), value)


def _quoted(name: str, where: str, variables: Mapping[str, str]) -> str:
    """Return a secret as it stands in an address."""
    try:
        value = with_files(variables, [name]).get(name)
    except SecretFileError as error:
        raise SecretInFile(f"{where}: {error}") from error
    if not value:
        raise SecretInFile(f"{where}: ${{{name}}} is not set; set {name}, or {name}_FILE")
    return quote(value, safe="")

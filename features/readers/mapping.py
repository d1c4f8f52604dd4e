"""Which of a source's columns stands for which of ours."""

from __future__ import annotations

import difflib
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence

from features.readers.table import SourceError
from features.schema import FrameSchema, SchemaError, Violation


def resolve(
    found: Sequence[str], schema: FrameSchema, columns: Mapping[str, str], where: str
) -> dict[str, str]:
    """Return our name -> the source's name for every column of the schema that is there.

    Raises `SchemaError` naming every column that is missing, with the ones there are and the
    likeliest meant; `SourceError` when the mapping itself is wrong or a name is there twice.
    """
    ours = {column.name: column for column in schema.columns}
    if unknown := [name for name in columns if name not in ours]:
        raise SourceError(
            f"{where}: the column mapping names {_listed(unknown)}, "
            f"which the model does not know; it knows {_listed(list(ours))}"
        )
    wanted = {
        name: columns.get(name, name)
        for name, column in ours.items()
        if column.required or columns.get(name, name)
    }
    # A column the user has mapped is wanted, even where the model could do without it.
    missing = [
        _missing(name, theirs, found)
        for name, theirs in wanted.items()
        if theirs not in found and (ours[name].required or name in columns)
    ]
    if missing:
        raise SchemaError(where, tuple(missing))
    present = {name: theirs for name, theirs in wanted.items() if theirs in found}
    _refuse_ambiguous(found, present, where)
    return present


def _missing(name: str, theirs: str, found: Sequence[str]) -> Violation:
    likely = nearest(theirs, found)
    hint = f"; did you mean columns = {{ {name} = {likely!r} }}?" if likely else ""
    as_ours = f" (for {name!r})" if theirs != name else ""
    message = f"column {theirs!r}{as_ours} is missing; the source has {_listed(found)}{hint}"
    return Violation(name, None, message)


def _refuse_ambiguous(found: Sequence[str], present: Mapping[str, str], where: str) -> None:
    counts = Counter(found)
    for theirs in present.values():
        if counts[theirs] > 1:
            at = [str(i) for i, name in enumerate(found, start=1) if name == theirs]
            raise SourceError(
                f"{where}: column {theirs!r} is there {counts[theirs]} times "
                f"(positions {', '.join(at)}); rename or remove the others"
            )


def nearest(name: str, found: Sequence[str]) -> str | None:
    """Return the column of `found` whose spelling is closest to `name`, if any is close."""
    folded = {fold(column): column for column in reversed(found)}
    close = difflib.get_close_matches(fold(name), list(folded), n=1, cutoff=0.6)
    return folded[close[0]] if close else None


def fold(name: str) -> str:
    """Return a name without case, accents and separators: `Descripción ` is `descripcion`."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    return "".join(character for character in plain if character.isalnum())


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:30])
    return f"{shown} and {len(names) - 30} more" if len(names) > 30 else shown or "no columns"

"""Two recommenders' lists made into one, so that what people choose says which is better.

Arm draft (Radlinski, Kurup and Joachims, "How does clickthrough data reflect retrieval quality?",
CIKM 2008): as captains pick players, the ranker with fewer picks, by a coin where they have the
same number, puts its best item that is not in the list yet. A choice counts for the ranker that
put the item there. Which captain is ahead is decided by coins alone, so equal rankers win alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipelines.contract import Row
from pipelines.rollouts.losses import ITEM, ITEMS, TEAM
from pipelines.rollouts.plan import Arm

Coin = Callable[[], bool]
"""A fair coin; True lets the challenger pick first."""


class ChoiceRefused(ValueError):
    """The item that is said to be chosen was not in the list."""


@dataclass(frozen=True)
class Interleaved:
    """One list as it is shown, which says nothing of teams, and as it is logged, which does."""

    shown: Row
    logged: Row


def interleave(champion: Row, challenger: Row, coin: Coin) -> Interleaved | None:
    """Make one list of two rows' lists, as long as the champion's; the rest is the champion's.

    None where either row has no list, or one that cannot be read: a version from elsewhere may
    answer a rating alone. Such a request says nothing about lists.
    """
    ours, theirs = items_of(champion), items_of(challenger)
    if not ours or not theirs:
        return None
    drafted = team_draft(ours, theirs, len(ours), coin)
    return Interleaved(
        shown={**champion, ITEMS: [item for item, _ in drafted]},
        logged={**champion, ITEMS: [{**item, TEAM: team} for item, team in drafted]},
    )


def team_draft(
    champion: Sequence[Mapping[str, object]],
    challenger: Sequence[Mapping[str, object]],
    length: int,
    coin: Coin,
) -> list[tuple[Mapping[str, object], Arm | None]]:
    """Return at most `length` items, each once, with the team that picked it.

    Once a list is used up its captain can pick no more, and the draft is over: what the other
    still has fills the list for no team.
    """
    picked: list[tuple[Mapping[str, object], Arm | None]] = []
    taken: set[object] = set()
    lists = {"champion": _untaken(champion, taken), "challenger": _untaken(challenger, taken)}
    counts: dict[Arm, int] = {"champion": 0, "challenger": 0}
    drafting = True
    while len(picked) < length:
        team = _captain(counts, coin)
        item = next(lists[team], None)
        if item is None:
            team = "champion" if team == "challenger" else "challenger"
            drafting, item = False, next(lists[team], None)
        if item is None:
            break
        taken.add(item[ITEM])
        counts[team] += drafting
        picked.append((item, team if drafting else None))
    return picked


def require_shown(answer: Sequence[Mapping[str, object]], chosen: str) -> None:
    """Raise `ChoiceRefused` unless an answer's list showed the item."""
    if not any(str(item[ITEM]) == chosen for row in answer for item in items_of(row)):
        raise ChoiceRefused(f"{chosen!r} was not in the list of that answer")


def items_of(row: Mapping[str, object]) -> list[Mapping[str, object]]:
    """Return what of a row's list can be read; empty where there is none."""
    listed = row.get(ITEMS)
    entries = listed if isinstance(listed, list) else []
    return [
        item
        for item in entries
        if isinstance(item, Mapping) and isinstance(item.get(ITEM), str | int)
    ]


def _captain(counts: Mapping[Arm, int], coin: Coin) -> Arm:
    ahead = counts["challenger"] - counts["champion"]
    first = coin() if ahead == 0 else ahead < 0
    return "challenger" if first else "champion"


def _untaken(
    items: Sequence[Mapping[str, object]], taken: set[object]
) -> Iterator[Mapping[str, object]]:
    # Looked at when it is asked for: the other captain may have picked it in the meantime.
    return (item for item in items if item[ITEM] not in taken)

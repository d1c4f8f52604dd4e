"""A connection to Redis that fails at once rather than hang, and never asks twice by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from redis import Redis

CONNECT_SECONDS = 1.0
ANSWER_SECONDS = 2.0
"""A Redis that takes longer for any step counts as away; what blocks, blocks for less."""
BLOCK_SECONDS = 0.5


def open_redis(url: str, name: str) -> Redis:
    """Return a client, which connects when it is first used; `name` is what Redis lists it by."""
    # Only here: a server without model workers needs no such library.
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return Redis.from_url(
        url,
        client_name=name,
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=ANSWER_SECONDS,
        # A question that was put twice would be answered twice: whoever asks decides that.
        retry=Retry(NoBackoff(), 0),
        protocol=2,
    )


def failures() -> tuple[type[Exception], ...]:
    """Return what any step may raise where Redis is away or refuses."""
    from redis.exceptions import RedisError

    return (RedisError, OSError)


def do(client: Redis, command: tuple[str | bytes | int, ...]) -> Any:
    """Run one command as it is written; in a pipeline, when that is executed."""
    return client.execute_command(*command)  # type: ignore[no-untyped-call]

"""What Redis does in one step: take a question, give an answer, fetch answers.

Written for Redis 6.2 and later; `replicate_commands` is what 6.2 wants before a script that asks
for the time may write, and later ones do by themselves. Queues and results are named by arguments
that are no keys of one slot, so a Redis Cluster is not supported.
"""

from __future__ import annotations

from serving.remote.wire import ALIVE_MS, GROUP, KEEP_MS, Target, answered_key, result_key

QUEUE_MS = 3_600_000
"""A queue that nobody uses for so long is forgotten; it is made anew when needed."""

SUBMIT = """
redis.replicate_commands()
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local workers = redis.call('ZCOUNT', KEYS[2], now - ARGV[1], '+inf')
local waiting = redis.call('XLEN', KEYS[1])
if workers == 0 then return {'nobody', waiting, 0} end
if waiting >= tonumber(ARGV[2]) then return {'full', waiting, workers} end
local entry = redis.call('XADD', KEYS[1], '*',
    'id', ARGV[3], 'asker', ARGV[4], 'left', ARGV[5], 'body', ARGV[6])
redis.call('PEXPIRE', KEYS[1], ARGV[7])
return {'taken', waiting, workers, entry}
"""
"""Put a question into a queue, unless nobody would answer it or the queue is full."""

ANSWER = """
redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
if redis.call('XDEL', KEYS[1], ARGV[2]) == 0 then return 0 end
redis.call('SET', KEYS[2], ARGV[4], 'PX', ARGV[5])
redis.call('RPUSH', KEYS[3], ARGV[3])
redis.call('PEXPIRE', KEYS[3], ARGV[5])
return 1
"""
"""Answer a question, once: whoever takes it out of the queue is the one whose answer counts."""

FETCH = """
local found = {}
local question = ARGV[1]
while question do
    local result = redis.call('GET', ARGV[2] .. question)
    if result then
        found[#found + 1] = question
        found[#found + 1] = result
    end
    question = redis.call('LPOP', KEYS[1])
end
return found
"""
"""Return the answer to one question, and to all others that this asker was told of.

They stay where they are: this reply may get lost on its way.
"""

Command = tuple[str | bytes | int, ...]


def submit(
    target: Target, question_id: str, asker: str, *, body: bytes, left_ms: int, limit: int
) -> Command:
    """Return the command that queues a question where fewer than `limit` are.

    Redis answers `taken`, `full` or `nobody`, how many questions the queue held and how many
    workers have the version; where it was taken, its entry too.
    """
    keys = (target.queue, target.serving)
    given = (ALIVE_MS, limit, question_id, asker, left_ms, body, QUEUE_MS)
    return ("EVAL", SUBMIT, 2, *keys, *given)


def answer(target: Target, entry: str, question_id: str, asker: str, body: bytes) -> Command:
    """Return the command that answers a question, unless that was done or it was taken back."""
    keys = (target.queue, result_key(question_id), answered_key(asker))
    return ("EVAL", ANSWER, 3, *keys, GROUP, entry, question_id, body, KEEP_MS)


def fetch(asker: str, question_id: str) -> Command:
    """Return the command that fetches an answer and all others that wait for this asker.

    Redis answers ids and replies in turn.
    """
    return ("EVAL", FETCH, 1, answered_key(asker), question_id, result_key(""))


def take_back(target: Target, entry: str) -> Command:
    """Return the command that takes a question out of its queue: nobody waits for it any more."""
    return ("XDEL", target.queue, entry)

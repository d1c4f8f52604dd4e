"""`GET /recommendation` answered by a model worker through a real Redis: as by the API itself."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial

import pytest
from asgi_client import AppClient
from domain_stage import DomainStage
from fashion_stage import serve_fashion, write_shop
from redis_server import RedisServer

from serving.live.batching import QueueLimits, Unwatched
from serving.live.loaded import LiveModel
from serving.model_worker.reading import Reader
from serving.remote.connection import open_redis
from serving.remote.desk import RemoteDesk
from serving.remote.post import Post
from serving.remote.versions import RemoteRuntime
from serving.remote.wire import Target

MODEL = "fashion_recommendations"
ASKED = (
    "/recommendation?customer_id=ana&top=5",
    "/recommendation?customer_id=nobody&top=3",
    "/recommendation",
    "/recommendation?customer_id=ana&top=0",
    "/recommendation?customer_id=ana&top=x",
)
NAMED_ANEW = ("request_id", "prediction_id")


@pytest.fixture
def shop(tmp_path):
    return write_shop(tmp_path / "shop")


@pytest.fixture
def stage(make_settings, shop):
    stage = DomainStage(make_settings(models={MODEL: {"source": {"url": str(shop)}}}))
    yield stage
    stage.close()


def told(client: AppClient) -> list[tuple[int, object]]:
    found = []
    for path in ASKED:
        answer = client.get(path)
        document = answer.json()
        found.append(
            (answer.status_code, {k: v for k, v in document.items() if k not in NAMED_ANEW})
        )
    return found


def test_get_recommendation_is_the_same_both_ways(stage, shop, tmp_path):
    with RedisServer(tmp_path) as server, AppClient(app := stage.app()) as client:
        serve_fashion(app, shop)
        itself = told(client)
        slots = app.state.services.slots
        live = slots.acquire(MODEL, 1)
        live.release()

        redis, target = open_redis(server.url, "worker"), Target(MODEL, live.served.digest)
        reader = Reader(redis, "w", target, live.loaded, lambda: int(time.time() * 1000))
        reader.start()
        redis.zadd(target.serving, {"w": time.time() * 1000 + 60_000})
        post = Post("api", partial(open_redis, server.url, "api"))
        desk = RemoteDesk(
            post,
            target,
            lambda: live.loaded.cost,
            name=MODEL,
            limits=QueueLimits(),
            watch=Unwatched(),
        )
        loaded = replace(live.loaded, runtime=RemoteRuntime(desk), remote=True)
        slots.put(LiveModel(live.served, loaded, queue=desk))
        by_worker = told(client)
        came_by = redis.xinfo_stream(target.queue)["last-generated-id"]
        reader.stop()
        reader.join(5)
        post.close()
        redis.close()

    assert by_worker == itself
    assert [status for status, _ in itself] == [200, 200, 200, 422, 422]
    assert came_by != b"0-0", "nothing went through Redis"

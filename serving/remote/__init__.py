"""Models that worker processes answer: how the API hands them requests through Redis.

Nothing here is loaded unless a model is listed in `workers.models`; `serving.model_worker` is the
other end.
"""

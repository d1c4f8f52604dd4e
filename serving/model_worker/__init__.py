"""`python -m serving.model_worker`: answers the requests of some models, which come through Redis.

Processes like this one run beside the API or on other machines, as many as the models need.
"""

"""A drill strikes what is there, or says that there was nothing to strike."""

from __future__ import annotations

import pytest

from cli.drills.ground import Ground, NeverHappened


def test_a_fault_that_strikes_nobody_is_no_drill(settings):
    ground = Ground(settings.home)
    ground.settings = settings

    with pytest.raises(NeverHappened, match="no process of api"):
        ground.kill("api")
    with pytest.raises(NeverHappened, match="no process of mlflow"), ground.hanging("mlflow"):
        pass

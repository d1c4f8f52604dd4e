"""What a drill has others do: it ends in time, and says why where it does not end well."""

from __future__ import annotations

import pytest

from cli.drills.commands import ProgramFailed, run_python
from cli.drills.ground import Ground

SHOW = "import os; print(os.environ['CONTENDER_STACK_SERVICE'], os.environ['CONTENDER_HOME'])"


@pytest.fixture
def ground(settings):
    ground = Ground(settings.home)
    ground.settings = settings
    return ground


def test_it_runs_marked_in_the_home_of_the_drill(ground):
    printed = run_python(ground, "judge", "-c", SHOW, seconds=120)

    assert printed.split() == ["drill-judge", str(ground.settings.home)]


def test_what_it_said_last_is_quoted_where_it_fails(ground):
    with pytest.raises(ProgramFailed, match="the judge ended with 3: no such version"):
        run_python(
            ground,
            "judge",
            "-c",
            "import sys; sys.stderr.write('no such version'); sys.exit(3)",
            seconds=120,
        )


def test_what_does_not_end_is_ended(ground):
    with pytest.raises(ProgramFailed, match="the judge did not end within 0 s"):
        run_python(ground, "judge", "-c", "import time; time.sleep(60)", seconds=0.2)

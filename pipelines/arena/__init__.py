"""Where a version meets the champion: judging in sequence, and keeping the registry true."""

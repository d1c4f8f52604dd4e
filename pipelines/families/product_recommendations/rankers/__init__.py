"""Rankers: which products a user is shown, learnt from what users liked, not from ratings."""

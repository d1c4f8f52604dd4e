"""Who answers while a rollout runs."""

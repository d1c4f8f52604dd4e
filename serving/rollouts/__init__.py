"""A server's part in the rollouts that the decision log says are running."""

"""Orchestration: Prefect flows and their deployments, and nothing else."""

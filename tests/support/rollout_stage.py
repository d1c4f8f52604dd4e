"""Real packages of recommenders, decided and admitted, and an application that loads them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from domain_stage import DomainStage, contract_of

from pipelines.contract import ModelFamily, Row
from pipelines.decisions.log import DecisionLog, NewDecision
from pipelines.settings import Settings
from pipelines.versions.artifact import write_contract


class RolloutStage(DomainStage):
    """A home whose champion and challenger are packages in a registry's folder."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.log = DecisionLog(self.store, settings.var / "predictions")

    def package(
        self, family: ModelFamily, version: str, golden: Row, save: Callable[[Path], None]
    ) -> str:
        """Seal and admit what `save` writes; return the digest."""
        folder = self.settings.home / "registry" / family.name / version
        (folder / "compiled").mkdir(parents=True)
        save(folder / "compiled")
        contract = contract_of(family.name, "user_id", family.target).model_copy(
            update={
                "request_schema": family.Request.model_json_schema(),
                "response_schema": family.Response.model_json_schema(),
                "golden": (golden,),
                "entity": family.entity,
            }
        )
        digest = write_contract(folder, contract).digest
        self.log.append(
            NewDecision("admitted", family.name, version=version, artifact_digest=digest)
        )
        return digest

    def decide(self, family: ModelFamily, version: str, digest: str) -> None:
        """Make a version champion."""
        self.log.append(
            NewDecision(
                "verdict",
                family.name,
                version=version,
                verdict="promoted",
                artifact_digest=digest,
                becomes_champion=True,
            )
        )

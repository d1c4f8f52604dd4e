import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useMay } from "../access/session";
import { ask } from "../api/client";
import type { CheckView, RolloutSummary } from "../api/schema";
import { Checks } from "../decision/Checks";
import { tellerOf } from "../decision/sentences";
import { useTold } from "../decision/told/told";
import { runningTrial } from "../decision/told/trial";
import { saidOfTrial, trialSoFar } from "../decision/told/trialChecks";
import { toneOf } from "../decision/tones";
import { useFormat } from "../shell/format";
import { useWords } from "../shell/language";
import { Link } from "../shell/router";
import { Badge } from "../ui/Badge";
import { Button } from "../ui/Button";
import { Card } from "../ui/Card";
import { EmptyState, ErrorState, Skeleton } from "../ui/States";
import { type Column, Table } from "../ui/Table";
import { actionWords } from "../words/actions";
import { lifecycleWords, named } from "../words/lifecycle";
import { modelWords } from "../words/model";
import { Confirm, type Person } from "./Confirm";

const REFRESH_MS = 4_000;

/** The trial that runs, with what was seen so far, and those before it. */
export function Rollouts({ model }: { model: string }) {
  const words = useWords(modelWords);
  const { data, error, refetch } = useQuery({
    queryKey: ["rollouts", model],
    queryFn: ({ signal }) => ask("GET /v1/models/{name}/rollouts", { path: { name: model } }, signal),
    refetchInterval: REFRESH_MS,
  });
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton lines={4} />;
  if (data.rollouts.length === 0) return <EmptyState icon="play" title={words.noRollouts} hint={words.noRolloutsHint} />;
  const running = data.rollouts.find(({ verdict }) => verdict === "running");
  return (
    <div className="decision-parts">
      {running && <Running rollout={running} />}
      <div className="decision-wide">
        <Ended rollouts={data.rollouts} />
      </div>
    </div>
  );
}

function Running({ rollout }: { rollout: RolloutSummary }) {
  const words = useWords(modelWords);
  const own = useWords(lifecycleWords);
  const told = useTold();
  const { ago, percent, dateTime } = useFormat();
  const path = { rollout_id: rollout.rollout_id };
  const { data } = useQuery({
    queryKey: ["rollout", rollout.rollout_id],
    queryFn: ({ signal }) => ask("GET /v1/rollouts/{rollout_id}", { path }, signal),
    refetchInterval: REFRESH_MS,
  });
  const say = (check: CheckView) => (data ? saidOfTrial(check, runningTrial(data.arms, data.evidence), tellerOf(told)) : null);
  return (
    <>
      <Card
        className="decision-wide"
        title={`${named(own.modes, rollout.mode)}: v${rollout.challenger} / v${rollout.champion}`}
        aside={`${words.since(ago(rollout.started_at))}, ${words.ends(dateTime(rollout.ends_at))}`}
      >
        <div className="rollout-now">
          <p>{data ? trialSoFar(runningTrial(data.arms, data.evidence), told) : "…"}</p>
          {data && rollout.mode !== "shadow" && <Badge tone="accent">{percent(data.share)}</Badge>}
          <Stop rollout={rollout} />
        </div>
      </Card>
      {data && data.checks.length > 0 && <Checks checks={data.checks} say={say} />}
    </>
  );
}

function Stop({ rollout }: { rollout: RolloutSummary }) {
  const may = useMay("operator");
  const words = useWords(actionWords);
  const own = useWords(lifecycleWords);
  const [open, setOpen] = useState(false);
  const act = async (person: Person) => {
    await ask("POST /v1/rollouts/{rollout_id}/stop", { path: { rollout_id: rollout.rollout_id }, body: person });
    return words.stopDone;
  };
  if (!may) return null;
  return (
    <>
      <Button tone="bad" icon="cross" onClick={() => setOpen(true)}>
        {words.stop}
      </Button>
      <Confirm
        title={words.stopTitle(named(own.modes, rollout.mode))}
        what={words.stopWhat}
        confirm={words.stop}
        tone="bad"
        open={open}
        onClose={() => setOpen(false)}
        act={act}
      />
    </>
  );
}

function Ended({ rollouts }: { rollouts: RolloutSummary[] }) {
  const words = useWords(modelWords);
  const own = useWords(lifecycleWords);
  const { dateTime } = useFormat();
  const columns: Column<RolloutSummary>[] = [
    { key: "started", title: words.when, cell: ({ started_at: at }) => <time dateTime={at}>{dateTime(at)}</time> },
    { key: "mode", title: words.mode, cell: ({ mode }) => named(own.modes, mode) },
    { key: "version", title: words.version, cell: ({ challenger, champion }) => `v${challenger} / v${champion}` },
    {
      key: "verdict",
      title: words.outcome,
      cell: ({ verdict }) =>
        verdict === "running" ? (
          <Badge tone="accent">{words.running}</Badge>
        ) : (
          <Badge tone={toneOf(verdict)}>{named(own.verdicts, verdict)}</Badge>
        ),
    },
    {
      key: "id",
      title: words.decision,
      cell: ({ rollout_id: start, end_decision_id: end }) => (
        <Link to={`/decisions/${end ?? start}`}>
          <code>{end ?? start}</code>
        </Link>
      ),
    },
  ];
  return <Table caption={words.rollouts} columns={columns} rows={rollouts} rowKey={({ rollout_id: id }) => id} />;
}

import { useState } from "react";
import { OperatorsAct } from "../access/OnlyLooking";
import { useMay } from "../access/session";
import type { ModelStory } from "../api/schema";
import { useWords } from "../shell/language";
import { useShortcuts } from "../shell/shortcuts";
import { Button } from "../ui/Button";
import { actionWords } from "../words/actions";
import { Retrain } from "./Retrain";
import { Judge, RollBack, StartRollout } from "./VersionActions";

type Act = "retrain" | "judge" | "rollback" | "rollout";

/** What may be started about a model; each asks who wants it and why. */
export function Actions({ story, title }: { story: ModelStory; title: string }) {
  const words = useWords(actionWords);
  const may = useMay("operator");
  const [act, setAct] = useState<Act | null>(null);
  const close = () => setAct(null);
  const earlier = story.versions.some(({ standing }) => standing === "former_champion");
  const keys = [
    { keys: ["t"], label: words.retrain, run: () => setAct("retrain") },
    { keys: ["p"], label: words.promote, run: () => setAct("judge") },
  ];
  useShortcuts(title, may ? keys : []);
  if (!may) return <OperatorsAct />;
  const dialog = { story, title, open: true, onClose: close };
  return (
    <div className="model-actions" role="group" aria-label={words.actions}>
      <Button tone="main" icon="refresh" shortcut="t" onClick={() => setAct("retrain")}>
        {words.retrain}
      </Button>
      <Button icon="crown" shortcut="p" onClick={() => setAct("judge")}>
        {words.promote}
      </Button>
      <Button icon="play" disabled={story.champion === null} onClick={() => setAct("rollout")}>
        {words.rollout}
      </Button>
      <Button icon="undo" disabled={!earlier} onClick={() => setAct("rollback")}>
        {words.rollback}
      </Button>
      {act === "retrain" && <Retrain model={story.name} title={title} open onClose={close} />}
      {act === "judge" && <Judge {...dialog} />}
      {act === "rollback" && <RollBack {...dialog} />}
      {act === "rollout" && <StartRollout {...dialog} />}
    </div>
  );
}

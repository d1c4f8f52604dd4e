import { useState } from "react";
import { OperatorsAct } from "../access/OnlyLooking";
import { useMay } from "../access/session";
import { ask } from "../api/client";
import type { Explanation } from "../api/schema";
import { Confirm, type Person } from "../model/Confirm";
import { useWords } from "../shell/language";
import { Button } from "../ui/Button";
import { actionWords } from "../words/actions";
import { lifecycleWords } from "../words/lifecycle";

type Act = "approve" | "refuse" | "override";

/** What a named person may decide here, if anything. */
export function Settle({ one }: { one: Explanation }) {
  const words = useWords(actionWords);
  const may = useMay("operator");
  const [act, setAct] = useState<Act | null>(null);
  if (!one.approvable && !one.overridable) return null;
  if (!may) return <OperatorsAct />;
  return (
    <div className="settle">
      {one.approvable && (
        <>
          <Button tone="main" icon="check" onClick={() => setAct("approve")}>
            {words.approve}
          </Button>
          <Button tone="bad" icon="cross" onClick={() => setAct("refuse")}>
            {words.refuse}
          </Button>
        </>
      )}
      {one.overridable && (
        <Button tone="bad" icon="crown" onClick={() => setAct("override")}>
          {words.override}
        </Button>
      )}
      {act && <Asked one={one} act={act} onClose={() => setAct(null)} />}
    </div>
  );
}

function Asked({ one, act, onClose }: { one: Explanation; act: Act; onClose: () => void }) {
  const words = useWords(actionWords);
  const own = useWords(lifecycleWords);
  const version = own.version(one.version ?? "");
  const path = { decision_id: one.decision_id };
  const said = {
    approve: { title: words.approveTitle(version), what: words.approveWhat(version), confirm: words.approve, done: words.approved(version) },
    refuse: { title: words.refuseTitle(version), what: words.refuseWhat(version), confirm: words.refuse, done: words.refused(version) },
    override: { title: words.overrideTitle(version), what: words.overrideWhat, confirm: words.override, done: words.overridden(version) },
  }[act];
  const settle = async (person: Person) => {
    if (act === "override") await ask("POST /v1/decisions/{decision_id}/override", { path, body: person });
    else await ask("POST /v1/decisions/{decision_id}/approval", { path, body: { ...person, approved: act === "approve" } });
    return said.done;
  };
  return (
    <Confirm
      title={said.title}
      what={said.what}
      confirm={said.confirm}
      tone={act === "approve" ? "main" : "bad"}
      open
      onClose={onClose}
      act={settle}
    />
  );
}

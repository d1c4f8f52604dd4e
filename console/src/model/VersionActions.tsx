import { useState } from "react";
import { ask } from "../api/client";
import type { ModelStory, RolloutRequest } from "../api/schema";
import { useWords } from "../shell/language";
import { numberTyped } from "../shell/typed";
import { SelectField, TextField } from "../ui/Field";
import { actionWords } from "../words/actions";
import { lifecycleWords, named } from "../words/lifecycle";
import { Confirm, type Person } from "./Confirm";

interface Props {
  story: ModelStory;
  title: string;
  open: boolean;
  onClose: () => void;
}

/** Have the gate judge a registered version. */
export function Judge({ story, title, open, onClose }: Props) {
  const words = useWords(actionWords);
  const [version, setVersion] = useState("");
  const act = async (person: Person) => {
    const body = { ...person, version: version.trim() };
    const run = await ask("POST /v1/models/{name}/judgements", { path: { name: story.name }, body });
    setVersion("");
    return words.promoteStarted(run.name);
  };
  return (
    <Confirm
      title={words.promoteTitle(title)}
      what={words.promoteWhat}
      confirm={words.promote}
      open={open}
      onClose={onClose}
      act={act}
      ready={version.trim() !== ""}
    >
      <TextField
        label={words.promoteVersion}
        hint={words.promoteVersionHint}
        value={version}
        maxLength={32}
        inputMode="numeric"
        autoComplete="off"
        required
        onChange={({ target }) => setVersion(target.value)}
      />
    </Confirm>
  );
}

/** Go back to an earlier champion. */
export function RollBack({ story, title, open, onClose }: Props) {
  const words = useWords(actionWords);
  const own = useWords(lifecycleWords);
  const earlier = story.versions.filter(({ standing }) => standing === "former_champion").reverse();
  const [chosen, setChosen] = useState<string | null>(null);
  const to = chosen ?? story.rollback_to ?? earlier[0]?.version ?? "";
  const act = async (person: Person) => {
    await ask("POST /v1/models/{name}/rollback", { path: { name: story.name }, body: { ...person, to } });
    return words.rollbackDone(to);
  };
  return (
    <Confirm
      title={words.rollbackTitle(title)}
      what={words.rollbackWhat(own.version(story.champion ?? ""))}
      confirm={words.rollback}
      tone="bad"
      open={open}
      onClose={onClose}
      act={act}
      ready={to !== ""}
    >
      <SelectField label={words.rollbackTo} value={to} onChange={({ target }) => setChosen(target.value)}>
        {earlier.map(({ version }) => (
          <option key={version} value={version}>
            {own.version(version)}
          </option>
        ))}
      </SelectField>
    </Confirm>
  );
}

type Mode = RolloutRequest["mode"];
const MODES: Mode[] = ["shadow", "canary", "ab", "interleaving"];

/** Versions that may be tried: whatever was admitted and is not champion. */
export const triable = (story: ModelStory): string[] =>
  story.versions.filter(({ standing }) => standing !== "champion").map(({ version }) => version).reverse();

/** Try a version among real requests, for a time. */
export function StartRollout({ story, title, open, onClose }: Props) {
  const words = useWords(actionWords);
  const own = useWords(lifecycleWords);
  const [plan, setPlan] = useState({ mode: "shadow" as Mode, challenger: "", share: "10", hours: "24" });
  const options = triable(story);
  const challenger = plan.challenger || (options[0] ?? "");
  const share = (numberTyped(plan.share) ?? 0) / 100;
  const seconds = (numberTyped(plan.hours) ?? 0) * 3600;
  const act = async (person: Person) => {
    const body = { ...person, mode: plan.mode, challenger, share, seconds };
    await ask("POST /v1/models/{name}/rollouts", { path: { name: story.name }, body });
    return words.rolloutStarted(own.version(challenger));
  };
  return (
    <Confirm
      title={words.rolloutTitle(title)}
      what={named(words.modeHints, plan.mode)}
      confirm={words.start}
      open={open}
      onClose={onClose}
      act={act}
      ready={challenger !== "" && share > 0 && share <= 1 && seconds > 0}
    >
      <div className="parameter-fields">
        <SelectField
          label={words.mode}
          value={plan.mode}
          onChange={({ target }) => setPlan({ ...plan, mode: MODES.find((mode) => mode === target.value) ?? "shadow" })}
        >
          {MODES.map((mode) => (
            <option key={mode} value={mode}>
              {named(own.modes, mode)}
            </option>
          ))}
        </SelectField>
        <SelectField
          label={words.challenger}
          value={challenger}
          hint={options.length === 0 ? words.noChallengers : undefined}
          onChange={({ target }) => setPlan({ ...plan, challenger: target.value })}
        >
          {options.map((version) => (
            <option key={version} value={version}>
              {own.version(version)}
            </option>
          ))}
        </SelectField>
        {plan.mode !== "shadow" && (
          <TextField
            label={words.share}
            value={plan.share}
            inputMode="decimal"
            onChange={({ target }) => setPlan({ ...plan, share: target.value })}
          />
        )}
        <TextField
          label={words.duration}
          value={plan.hours}
          inputMode="decimal"
          onChange={({ target }) => setPlan({ ...plan, hours: target.value })}
        />
      </div>
    </Confirm>
  );
}

import type { DecisionSummary } from "../../api/schema";
import { named } from "../../words/lifecycle";
import { part, type Recorded, textIn } from "./recorded";
import { actorName, type Told } from "./told";

/** As much of a decision as its headline needs; some kinds say more where the record is there. */
export type Headlined = Pick<DecisionSummary, "kind" | "verdict" | "version" | "actor" | "against"> & { record?: Recorded };

type Sentence = (one: Headlined, told: Told) => string | null;

const version = (one: Headlined): string => one.version ?? "";
const champion = (one: Headlined): string => one.against ?? "";

/** What each verdict says. */
export const VERDICTS: Record<string, Sentence> = {
  promoted: (one, { words }) => words.promoted(version(one), champion(one)),
  first_champion: (one, { words }) => words.firstChampion(version(one)),
  rejected: (one, { words }) =>
    one.against ? words.rejected(version(one), one.against) : words.rejectedAlone(version(one)),
  undecided: (one, { words }) => words.undecided(version(one), champion(one)),
  awaiting_approval: (one, { words }) =>
    one.against ? words.awaiting(version(one), one.against) : words.awaitingFirst(version(one)),
  incomparable: (one, { words }) => words.incomparable(version(one)),
  champion_unloadable: (one, { words }) => words.unloadable(version(one)),
};

function restored({ record = {} }: Headlined, { kinds }: Told): string | null {
  const [before, after] = [textIn(record["from"]), textIn(record["to"])];
  return before && after ? kinds.restored(before, after) : null;
}

function effect(one: Headlined, { kinds }: Told): string | null {
  const { record = {} } = one;
  if ("alias" in record) return kinds.aliasSet(textIn(part(record["alias"])["after"]) ?? version(one));
  return "confirmations" in record ? kinds.served(version(one)) : null;
}

/** What each kind of decision says that is no verdict. */
export const KINDS: Record<string, Sentence> = {
  admitted: (one, { words }) => words.admitted(version(one)),
  rollback: (one, told) => told.words.rollback(actorName(one.actor, told), version(one)),
  restored,
  foreign_edit: (one, { kinds }) => (one.version ? kinds.foreignMoved(one.version) : kinds.foreignRemoved),
  override: (one, told) => told.words.override(actorName(one.actor, told), version(one)),
  approval: (one, told) => {
    const say = one.verdict === "approved" ? told.words.approval : told.words.refusal;
    return say(actorName(one.actor, told), version(one));
  },
  test_set: (one, { kinds }) => (one.version ? kinds.sealOpened(one.version) : kinds.testSetRetired),
  effect,
  rollout_started: (one, { words }) => words.rolloutStarted(version(one)),
  rollout_ended: (one, { words }) => words.rolloutEnded(version(one)),
  labels_requested: (one, { words }) => words.labelsRequested(version(one)),
  labels_closed: (one, { words }) => words.labelsClosed(version(one)),
};

/** What was decided, in one sentence. */
export function headline(one: Headlined, told: Told): string {
  const say = one.kind === "verdict" ? VERDICTS[one.verdict ?? ""] : KINDS[one.kind];
  const said = say?.(one, told) ?? unknown(one, told);
  return said.charAt(0).toUpperCase() + said.slice(1);
}

function unknown(one: Headlined, { words, names }: Told): string {
  const kind = named(names.kinds, one.kind);
  return one.version ? words.other(kind, one.version) : words.otherAlone(kind);
}

/** Why, as shortly as a list can say it: what was not passed, or else what was decided. */
export function inShort(one: Headlined & Pick<DecisionSummary, "failed">, told: Told, name: (check: string) => string): string {
  const { words } = told;
  return one.failed.length > 0 ? words.failed(one.failed.length, one.failed.map(name).join(", ")) : headline(one, told);
}

import type { Tone } from "../ui/Badge";

const TONES: Record<string, Tone> = {
  champion: "good",
  promoted: "good",
  first_champion: "good",
  approved: "good",
  superior: "good",
  healthy: "good",
  serving: "good",
  awaiting_approval: "asked",
  undecided: "warn",
  drifting: "warn",
  loading: "warn",
  incomparable: "warn",
  champion_unloadable: "warn",
  rejected: "bad",
  refused: "bad",
  rolled_back: "bad",
  failing: "bad",
  failed: "bad",
};

/** The tone in which a verdict, a standing or a condition is shown. */
export const toneOf = (name: string | null): Tone => TONES[name ?? ""] ?? "plain";

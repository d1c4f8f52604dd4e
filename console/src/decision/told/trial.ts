import { figureIn, part, parts, type Recorded } from "./recorded";

interface Side {
  units: number;
  failed: number;
  compared: number;
  agreed: number;
}

/** What a trial on traffic has seen of the two, and what became of their answers. */
export interface Trial {
  champion: Side;
  challenger: Side;
  /** Above this an answer is slow; null until that is known. */
  slowMs: number | null;
  losses: { mine: number; mineOf: number; theirs: number; theirsOf: number } | null;
  wins: { mine: number; both: number } | null;
}

const sum = (cells: Recorded[], name: string): number =>
  cells.reduce((total, cell) => total + (figureIn(cell[name]) ?? 0), 0);

const sideOf = (cells: Recorded[]): Side => ({
  units: sum(cells, "units"),
  failed: sum(cells, "unit_errors"),
  compared: sum(cells, "compared"),
  agreed: sum(cells, "agreed"),
});

function feedbackOf(feedback: Recorded): Pick<Trial, "losses" | "wins"> {
  const [mine, theirs] = [part(feedback["challenger"]), part(feedback["champion"])];
  const [mineOf, theirsOf] = [figureIn(mine["count"]) ?? 0, figureIn(theirs["count"]) ?? 0];
  const won = figureIn(feedback["challenger_wins"]) ?? 0;
  const both = won + (figureIn(feedback["champion_wins"]) ?? 0);
  const mean = (side: Recorded, count: number) => (figureIn(side["total"]) ?? 0) / (count || 1);
  return {
    losses: mineOf + theirsOf > 0 ? { mine: mean(mine, mineOf), mineOf, theirs: mean(theirs, theirsOf), theirsOf } : null,
    wins: both > 0 ? { mine: won, both } : null,
  };
}

/** Read a trial out of the record of its end. */
export function endedTrial(record: Recorded): Trial {
  const cells = parts(part(record["totals"])["cells"]);
  const evidence = part(record["evidence"]);
  const of = (arm: string) => sideOf(cells.filter((cell) => cell["arm"] === arm));
  return {
    champion: of("champion"),
    challenger: of("challenger"),
    slowMs: figureIn(evidence["latency_limit_ms"]),
    ...feedbackOf(part(evidence["feedback"])),
  };
}

/** Read a trial out of what the server says of one that runs. */
export function runningTrial(arms: Recorded, evidence: Recorded): Trial {
  const of = (arm: string) => sideOf([part(arms[arm])]);
  return {
    champion: of("champion"),
    challenger: of("challenger"),
    slowMs: figureIn(evidence["latency_limit_ms"]),
    ...feedbackOf(part(evidence["feedback"])),
  };
}

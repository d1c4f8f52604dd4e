/** Reading a record, which is whatever was hashed then: nothing in it is taken for granted. */
export type Recorded = Record<string, unknown>;

const NOTHING: Recorded = {};

export const part = (value: unknown): Recorded =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Recorded) : NOTHING;

export const parts = (value: unknown): Recorded[] => (Array.isArray(value) ? value.map(part) : []);

export const figureIn = (value: unknown): number | null => (typeof value === "number" ? value : null);

export const textIn = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);

/** The guardrails of the policy that a verdict was made by. */
export function guardrailsOf(record: Recorded): { metric: string; direction: string; margin: number | null }[] {
  const policy = part(part(record["policy"])["text"]);
  return parts(policy["guardrails"]).map((rail) => {
    const metric = part(rail["metric"]);
    return {
      metric: textIn(metric["name"]) ?? "",
      direction: textIn(metric["direction"]) ?? "up",
      margin: figureIn(rail["margin"]),
    };
  });
}

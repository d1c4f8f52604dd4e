import { useQuery } from "@tanstack/react-query";
import { ask } from "../api/client";
import { useWords } from "../shell/language";
import { MarkedWords } from "../ui/MarkedWords";
import { type Segment, segmentsOf } from "../ui/segments";
import { reviewWords } from "../words/review";
import type { Driver, Line } from "./shapes";

/** The words that drove the prediction, looked up at once where the desk does not have them yet. */
function useDrivers(line: Line): Driver[] {
  const { data } = useQuery({
    queryKey: ["review", "drivers", line.line_id, line.prediction_id],
    queryFn: ({ signal }) =>
      ask("GET /v1/review/lines/{line_id}/drivers", { path: { line_id: line.line_id } }, signal),
    enabled: line.drivers.length === 0 && line.code !== null && !line.code.confirmed,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  return line.drivers.length > 0 ? line.drivers : (data?.drivers ?? []);
}

/** What was written, with the words that drove the prediction marked as strongly as they weighed. */
export function Description({ line }: { line: Line }) {
  const segments = segmentsOf(line.description, useDrivers(line));
  return (
    <div>
      <h2 className="line-description">
        <MarkedWords segments={segments} />
      </h2>
      <Legend segments={segments} />
    </div>
  );
}

/** What the marks mean; read out as the words themselves. */
function Legend({ segments }: { segments: Segment[] }) {
  const words = useWords(reviewWords);
  const sides = [
    { key: "driver-for", title: words.whyFor, texts: segments.filter(({ strength }) => strength > 0) },
    { key: "driver-against", title: words.whyAgainst, texts: segments.filter(({ strength }) => strength < 0) },
  ].filter(({ texts }) => texts.length > 0);
  if (sides.length === 0) return null;
  return (
    <p className="driver-legend">
      {words.why}:{" "}
      {sides.map(({ key, title, texts }) => (
        <span key={key}>
          <span className={key}>{title}</span> <span className="only-read">{texts.map(({ text }) => text).join(", ")}. </span>
        </span>
      ))}
    </p>
  );
}

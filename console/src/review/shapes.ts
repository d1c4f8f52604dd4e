import type { Operations } from "../api/schema";

/** The review desk's own names for what the server sends. */
export type Snapshot = Operations["GET /v1/review/lines"]["answer"];
export type Message = Snapshot["messages"][number];
export type Line = Message["lines"][number];
export type Suggestion = Line["alternatives"][number];
export type Doubt = Line["doubts"][number];
export type Driver = Line["drivers"][number];
export type Progress = Snapshot["progress"];
export type Chosen = NonNullable<Line["chosen"]>;
export type Choice = Operations["POST /v1/review/choices"]["body"]["choices"][number];
export type Outcome = Operations["POST /v1/review/choices"]["answer"]["outcomes"][number];
export type SimilarLine = Operations["GET /v1/review/lines/{line_id}/similar"]["answer"]["lines"][number];

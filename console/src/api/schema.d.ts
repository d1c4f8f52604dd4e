// Written by `npm run types` from openapi.json. Not for editing.

type Nothing = Record<string, never>;

export type Accepted = { message: string; };

export type Alternative = { category: string; confidence: number; };

export type AnsweringView = { batch_ms: number | null; batched: boolean; instances_a_call: number; reason: string; single_ms: number; waiting: number; where: "event loop" | "thread" | "worker process"; };

export type ApprovalRequest = { actor: string; approved: boolean; reason: string; };

export type AssessmentList = { assessments: (Record<string, unknown>)[]; };

export type ContractView = { code: Record<string, string>; created_at: string; examples: (Record<string, unknown>)[]; fingerprints: Record<string, string>; form: string; latency_budget_ms: number; libraries: Record<string, string>; many: boolean; origin: string; params: Record<string, unknown>; request_schema: Record<string, unknown>; response_schema: Record<string, unknown>; target: string; training_window: Record<string, string>; values: Record<string, number>; };

export type DecisionDocument = { artifact_digest: string | null; created_at: string; decision_id: string; followed: (Record<string, unknown>)[]; generation: number | null; hash: string; kind: string; look: number | null; model: string; prev_hash: string; reasons: (string)[]; record: Record<string, unknown>; test_set_id: string | null; verdict: string | null; version: string | null; };

export type DecisionList = { decisions: (DecisionSummary)[]; };

export type DecisionSummary = { created_at: string; decision_id: string; generation: number | null; kind: string; look: number | null; model: string; reasons: (string)[]; test_set_id: string | null; verdict: string | null; version: string | null; };

export type Disagreement = { challenger: (Record<string, unknown>)[]; champion: (Record<string, unknown>)[]; instance: Record<string, unknown>; prediction_id: string; };

export type FeedbackRequest = { actual?: unknown; chosen?: string | null; prediction_id: string; reviewer: string; };

export type FeedbackResponse = { feedback_id: string; model: ServedVersion; prediction_id: string; request_id: string; };

export type Guardrails = { agreement_floor?: number | null; alpha?: number; error_share?: number; errors?: boolean; latency?: boolean; latency_grace_ms?: number; latency_ratio?: number; latency_share?: number; metric?: boolean; metric_margin?: number; };

export type Health = { decision_log: "reachable" | "away"; registry: "reachable" | "away"; slots: (SlotView)[]; status: "running"; worker_id: string; };

export type JobList = { jobs: (JobView)[]; };

export type JobView = { created_at: string; decision_id: string | null; error: string | null; eta_seconds: number | null; finished_at: string | null; format: "csv" | "jsonl" | "parquet"; generation: number | null; input: "csv" | "jsonl" | "parquet" | "catalogue"; job_id: string; location: string; model: string; result: string | null; rows_done: number; rows_per_second: number | null; rows_refused: number; rows_total: number | null; started_at: string | null; state: "queued" | "running" | "done" | "failed" | "cancelled"; version: string | null; };

export type ModelList = { models: (SlotView)[]; };

export type ModelView = { alias: string | null; answering: AnsweringView | null; champion: ServedVersion | null; condition: "serving" | "loading" | "failed" | "no_champion"; contract: ContractView | null; decision: DecisionSummary | null; digest: string | null; model: string; note: string; rollout: string | null; workers: (WorkerView)[]; };

export type PredictResponse = { model: ServedVersion; prediction_ids: (string)[]; predictions: (Record<string, unknown> | (Record<string, unknown>)[])[]; request_id: string; };

export type PredictionHistory = { decision: Record<string, unknown>; feedback: (Record<string, unknown>)[]; prediction: Record<string, unknown>; today: Today | null; trained: Record<string, unknown> | null; verdicts: (Record<string, unknown>)[]; };

export type Problem = { detail: string; errors: (Record<string, unknown>)[] | null; instance: string; request_id: string; status: number; title: string; type: string; };

export type RetrainRequest = { actor?: string; params?: Record<string, string | number | boolean | null>; reason?: string; };

export type RetrainResponse = { message: string; model: ServedVersion | null; run: Run; started: boolean; };

export type RollbackRequest = { actor: string; reason: string; to?: string | null; };

export type RolloutCheck = { limit: number | string | null; name: string; note: string; passed: boolean | null; value: number | string | null; };

export type RolloutList = { rollouts: (RolloutSummary)[]; };

export type RolloutRequest = { actor: string; alpha?: number; challenger: string; guardrails?: Guardrails; metric?: "zero_one" | "squared_error" | "choices" | null; mode: "shadow" | "canary" | "ab" | "interleaving"; on_success?: "report" | "promote"; ramp?: (Step)[]; reason: string; seconds: number; share?: number; };

export type RolloutSummary = { challenger: string; champion: string; end_decision_id: string | null; ended_at: string | null; ended_by: string | null; ends_at: string; mode: "shadow" | "canary" | "ab" | "interleaving"; model: string; promoted: boolean; rollout_id: string; started_at: string; verdict: "completed" | "superior" | "rolled_back" | "superseded" | "stopped" | "running"; };

export type RolloutView = { arms: Record<string, Record<string, unknown>>; challenger: string; champion: string; checks: (RolloutCheck)[]; disagreements: (Disagreement)[]; end_decision_id: string | null; ended_at: string | null; ended_by: string | null; ends_at: string; finding: string; here: "loading" | "taking_part" | "given_up" | null; mode: "shadow" | "canary" | "ab" | "interleaving"; model: string; plan: Record<string, unknown>; promoted: boolean; remaining_seconds: number; rollout_id: string; share: number; stage: number; started_at: string; verdict: "completed" | "superior" | "rolled_back" | "superseded" | "stopped" | "running"; };

export type Run = { id: string; name: string; state: string; url: string; };

export type ServedVersion = { decision_id: string; generation: number; name: string; version: string; };

export type SlotView = { alias: string | null; champion: ServedVersion | null; condition: "serving" | "loading" | "failed" | "no_champion"; model: string; note: string; };

export type Step = { seconds: number; share: number; };

export type StopRequest = { actor: string; reason: string; };

export type Today = { answer: (Record<string, unknown>)[] | null; decision_id: string; refused: string | null; same: boolean; version: string; };

export type WorkerView = { confirmed_at: string; decision_id: string; generation: number; version: string; worker_id: string; };

export type serving__routers__product_categories__InferenceResponse = { alternatives: ((Alternative)[])[]; categories: (string)[]; confidence: (number | null)[]; decision_id: string; errors: boolean; model_name: string; prediction_ids: (string)[]; request_id: string; version: string; };

/** What each operation takes and answers. */

export interface Operations {
  "GET /health": {
    path: Nothing;
    query: Nothing;
    body: undefined;
    answer: Health;
  };
  "POST /v1/categorizer/inference": {
    path: Nothing;
    query: Nothing;
    body: { model_name?: "product_categories" | "" | null; product_list: (string)[]; };
    answer: serving__routers__product_categories__InferenceResponse;
  };
  "GET /v1/decisions": {
    path: Nothing;
    query: { "model"?: string | null; "limit"?: number; };
    body: undefined;
    answer: DecisionList;
  };
  "GET /v1/decisions/{decision_id}": {
    path: { "decision_id": string; };
    query: Nothing;
    body: undefined;
    answer: DecisionDocument;
  };
  "POST /v1/decisions/{decision_id}/approval": {
    path: { "decision_id": string; };
    query: Nothing;
    body: ApprovalRequest;
    answer: DecisionDocument;
  };
  "GET /v1/jobs": {
    path: Nothing;
    query: { "model"?: string | null; "state"?: "queued" | "running" | "done" | "failed" | "cancelled" | null; "limit"?: number; };
    body: undefined;
    answer: JobList;
  };
  "GET /v1/jobs/{job_id}": {
    path: { "job_id": string; };
    query: Nothing;
    body: undefined;
    answer: JobView;
  };
  "DELETE /v1/jobs/{job_id}": {
    path: { "job_id": string; };
    query: Nothing;
    body: undefined;
    answer: unknown;
  };
  "GET /v1/jobs/{job_id}/result": {
    path: { "job_id": string; };
    query: Nothing;
    body: undefined;
    answer: unknown;
  };
  "GET /v1/models": {
    path: Nothing;
    query: Nothing;
    body: undefined;
    answer: ModelList;
  };
  "GET /v1/models/{name}": {
    path: { "name": string; };
    query: Nothing;
    body: undefined;
    answer: ModelView;
  };
  "GET /v1/models/{name}/assessments": {
    path: { "name": string; };
    query: { "limit"?: number; };
    body: undefined;
    answer: AssessmentList;
  };
  "POST /v1/models/{name}/feedback": {
    path: { "name": string; };
    query: Nothing;
    body: FeedbackRequest;
    answer: FeedbackResponse;
  };
  "POST /v1/models/{name}/invocations": {
    path: { "name": string; };
    query: Nothing;
    body: { dataframe_records?: (Record<string, unknown>)[] | null; dataframe_split?: Record<string, unknown> | null; inputs?: (unknown)[] | Record<string, unknown> | string | null; instances?: (unknown)[] | Record<string, unknown> | null; };
    answer: PredictResponse;
  };
  "POST /v1/models/{name}/jobs": {
    path: { "name": string; };
    query: { "format"?: "csv" | "jsonl" | "parquet" | null; "columns"?: string | null; };
    body: { columns?: Record<string, string>; format: "csv" | "jsonl" | "parquet"; source: "catalogue"; };
    answer: JobView;
  };
  "GET /v1/models/{name}/ping": {
    path: { "name": string; };
    query: Nothing;
    body: undefined;
    answer: unknown;
  };
  "POST /v1/models/{name}/predict": {
    path: { "name": string; };
    query: Nothing;
    body: { instances: (Record<string, unknown>)[]; };
    answer: PredictResponse;
  };
  "GET /v1/models/{name}/predictions/{prediction_id}": {
    path: { "name": string; "prediction_id": string; };
    query: Nothing;
    body: undefined;
    answer: PredictionHistory;
  };
  "POST /v1/models/{name}/retrain": {
    path: { "name": string; };
    query: Nothing;
    body: RetrainRequest | null;
    answer: RetrainResponse;
  };
  "POST /v1/models/{name}/rollback": {
    path: { "name": string; };
    query: Nothing;
    body: RollbackRequest;
    answer: DecisionDocument;
  };
  "GET /v1/models/{name}/rollouts": {
    path: { "name": string; };
    query: { "limit"?: number; };
    body: undefined;
    answer: RolloutList;
  };
  "POST /v1/models/{name}/rollouts": {
    path: { "name": string; };
    query: Nothing;
    body: RolloutRequest;
    answer: RolloutView;
  };
  "GET /v1/models/{name}/version": {
    path: Nothing;
    query: Nothing;
    body: undefined;
    answer: unknown;
  };
  "POST /v1/registry-events": {
    path: Nothing;
    query: Nothing;
    body: undefined;
    answer: Accepted;
  };
  "GET /v1/rollouts/{rollout_id}": {
    path: { "rollout_id": string; };
    query: Nothing;
    body: undefined;
    answer: RolloutView;
  };
  "POST /v1/rollouts/{rollout_id}/stop": {
    path: { "rollout_id": string; };
    query: Nothing;
    body: StopRequest;
    answer: RolloutView;
  };
}


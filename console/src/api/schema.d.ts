// Written by `npm run types` from openapi.json. Not for editing.

type Nothing = Record<string, never>;

export type Accepted = { message: string; };

export type Alternative = { category: string; confidence: number; };

export type AnsweringView = { where: "event loop" | "thread" | "worker process" | "model worker"; batched: boolean; reason: string; single_ms: number; batch_ms: number | null; instances_a_call: number; waiting: number; };

export type ApprovalRequest = { approved: boolean; actor: string; reason: string; };

export type AssessmentList = { assessments: (AssessmentView)[]; };

export type AssessmentView = { model: string; version: string; since: string; until: string; verdict: string; reasons: (string)[]; checks: (CheckView)[]; alarms: (string)[]; answers: number; labelled: number; live?: ShareView | null; estimated?: ShareView | null; figures: (LiveFigureView)[]; };

export type AuditEntry = { number: number; at: string; who: string; key_id: string | null; role: string; action: string; path: string; address: string; request_id: string; status: number; outcome: "done" | "denied" | "refused" | "failed"; note: string; };

export type AuditPage = { entries: (AuditEntry)[]; };

export type Board = { as_of: string; models: (Card)[]; links: Links; registry: "reachable" | "away"; orchestration: "reachable" | "away" | "unknown"; };

export type CalibrationBin = { confidence: number; right: number; rows: number; };

export type CalibrationPlot = { kind: "calibration"; bins: (CalibrationBin)[]; };

export type Card = { name: string; condition: "serving" | "loading" | "failed" | "no_champion"; note: string; workers: number; agreed: boolean; champion: ChampionView | null; metric: MetricView | null; history: (VersionPoint)[]; challenger: ChallengerView | null; approvals: (string)[]; traffic: TrafficView; drift: DriftView | null; rollout: RolloutBrief | null; run: RunBrief | null; label_requests: number; };

export type CatalogueDiffView = { of: string; against: string; kind: "label" | "list" | "forecast" | "number"; known: number; questions: number; changed: number; sales: number | null; changed_sales: number | null; sales_unit: "money" | "pieces" | null; counts: (DiffCount)[]; most_moved: (DiffMoved)[]; note: string; };

export type ChallengerView = { version: string; standing: "champion" | "former_champion" | "awaiting_approval" | "undecided" | "rejected" | "incomparable" | "champion_unloadable" | "promoted" | "admitted"; at: string; decision_id: string | null; reason: string; };

export type ChampionView = { version: string; generation: number; since: string; decision_id: string; kind: string; url: string | null; };

export type CheckView = { name: string; value: number | string | null; limit: number | string | null; passed: boolean | null; note: string; };

export type ChoiceOutcome = { id: string; outcome: "kept" | "already" | "refused"; reason?: string | null; };

export type ChoiceOutcomes = { outcomes: (ChoiceOutcome)[]; };

export type Chosen = { code: string | null; quantity: number; action: "accept" | "change" | "skip"; by: string; at: string; };

export type ConfusedPair = { actual: string; predicted: string; rows: number; before: number | null; };

export type ConfusionPlot = { kind: "confusion"; classes: (string)[]; counts: ((number)[])[]; pairs: (ConfusedPair)[]; right: number; rows: number; };

export type ContestantView = { version: string; origin: string; run_id: string; params?: Record<string, unknown> | null; code: Record<string, string>; fingerprints: Record<string, string>; training_window: Record<string, string>; blessing: Record<string, unknown>; url?: string | null; };

export type ContractView = { origin: string; form: string; many: boolean; target: string; request_schema: Record<string, unknown>; response_schema: Record<string, unknown>; examples: (Record<string, unknown>)[]; latency_budget_ms: number; params: Record<string, unknown>; values: Record<string, number>; fingerprints: Record<string, string>; training_window: Record<string, string>; code: Record<string, string>; libraries: Record<string, string>; created_at: string; };

export type CurvePlot = { kind: "curve"; name: string; points: (CurvePoint)[]; };

export type CurvePoint = { x: number; challenger: number | null; champion: number | null; };

export type DecisionDocument = { decision_id: string; kind: string; model: string; version: string | null; verdict: string | null; generation: number | null; test_set_id: string | null; look: number | null; created_at: string; reasons: (string)[]; actor: string | null; against: string | null; failed: (string)[]; artifact_digest: string | null; prev_hash: string; hash: string; record: Record<string, unknown>; followed: (Record<string, unknown>)[]; };

export type DecisionList = { decisions: (DecisionSummary)[]; };

export type DecisionSummary = { decision_id: string; kind: string; model: string; version: string | null; verdict: string | null; generation: number | null; test_set_id: string | null; look: number | null; created_at: string; reasons: (string)[]; actor: string | null; against: string | null; failed: (string)[]; };

export type DiffCount = { before: string | null; after: string | null; questions: number; sales: number | null; };

export type DiffMoved = { question: string; sales: number | null; asked: number; before: string | number | (string)[] | null; after: string | number | (string)[] | null; before_confidence: number | null; after_confidence: number | null; movement: number; };

export type Disagreement = { prediction_id: string; instance: Record<string, unknown>; champion: (Record<string, unknown>)[]; challenger: (Record<string, unknown>)[]; };

export type DriftView = { verdict: string; until: string; alarms: (string)[]; reason: string; answers: number; };

export type Driver = { start: number; end: number; text: string; weight: number; };

export type Drivers = { line_id: string; drivers: (Driver)[]; };

export type ErrorPlots = { decision_id: string; version: string | null; rows: number; plots: (ConfusionPlot | CalibrationPlot | HistogramPlot | CurvePlot)[]; };

export type Explanation = { decision_id: string; kind: string; model: string; version: string | null; verdict: string | null; generation: number | null; test_set_id: string | null; look: number | null; created_at: string; reasons: (string)[]; actor: string | null; against: string | null; failed: (string)[]; artifact_digest: string | null; prev_hash: string; hash: string; rule: string | null; alpha: number | null; alpha_left: number | null; p: number | null; rows: number | null; test_set_generation: number | null; disagreements: number | null; unjudged: number; identical: boolean; checks: (CheckView)[]; figures: (FigureView)[]; slices: (SliceView)[]; mcnemar: WitnessView | null; shortfall: ShortfallView | null; labels: LabelEvidence | null; trigger: TriggerView | null; champion: ContestantView | null; challenger: ContestantView | null; settings: Record<string, unknown>; policy_sha256: string | null; environment: Record<string, string>; of: string | null; followed: (Followed)[]; settled: Settled | null; approvable: boolean; overridable: boolean; replayable: boolean; champion_now: string | null; record: Record<string, unknown>; };

export type FeedbackRequest = { prediction_id: string; actual?: unknown; chosen?: string | null; reviewer: string; };

export type FeedbackResponse = { feedback_id: string; prediction_id: string; model: ServedVersion; request_id: string; };

export type FigureView = { metric: string; role: "primary" | "component" | "guardrail" | "other" | "floor" | "anchor"; direction: "up" | "down"; champion: number | null; challenger: number | null; gain: number | null; lower: number | null; upper: number | null; units: number; differing: number; };

export type Followed = { decision_id: string; at: string; what: "alias" | "confirmed" | "other"; names: (string)[]; };

export type ForecastAsked = { horizon?: number; future?: (PlannedDay)[]; };

export type FoundProduct = { code: string; description: string; product_id: string | null; price: number | null; image_url: string | null; score: number; };

export type FoundProducts = { products: (FoundProduct)[]; };

export type Guardrails = { alpha?: number; errors?: boolean; error_share?: number; latency?: boolean; latency_ratio?: number; latency_grace_ms?: number; latency_share?: number; metric?: boolean; metric_margin?: number; agreement_floor?: number | null; };

export type Health = { status: "running"; worker_id: string; registry: "reachable" | "away"; decision_log: "reachable" | "away"; slots: (SlotView)[]; };

export type HiddenMessage = { message_id: string; lines: number; };

export type HistogramBin = { lower: number; upper: number; challenger: number; champion: number | null; };

export type HistogramPlot = { kind: "histogram"; name: string; bins: (HistogramBin)[]; };

export type HourlyProgress = { hour: string; done: number; };

export type JobList = { jobs: (JobView)[]; };

export type JobView = { job_id: string; model: string; state: "queued" | "running" | "done" | "failed" | "cancelled"; input: "csv" | "jsonl" | "parquet" | "catalogue"; format: "csv" | "jsonl" | "parquet"; rows_total: number | null; rows_done: number; rows_refused: number; rows_per_second: number | null; eta_seconds: number | null; version: string | null; decision_id: string | null; generation: number | null; error: string | null; created_at: string; started_at: string | null; finished_at: string | null; location: string; result: string | null; };

export type JudgementRequest = { version: string; actor: string; reason: string; };

export type KnownEntities = { model: string; total: number; entities: (KnownEntity)[]; };

export type KnownEntity = { id: string; note: string | null; };

export type LabelEvidence = { campaign: string; questions: number; disagree: number; asked: number; labelled: number; challenger_only: number; champion_only: number; log_e: number | null; needed: number | null; log_e_against: number | null; needed_against: number | null; gain: number | null; lower: number | null; upper: number | null; };

export type LabelQueue = { model: string; decision_id: string | null; updates: string | null; challenger: string | null; questions: number; disagree: number; asked: number; answered: number; deadline: string | null; requests: (Question)[]; };

export type LabelRequest = { text: string; value: string; reviewer: string; };

export type LabelResponse = { label_id: string; model: string; pool: "train" | "test"; asked: boolean; open: number; request_id: string; };

export type LineModel = { name: string; version: string; decision_id: string; };

export type Links = { mlflow: string; prefect: string; };

export type LiveFigureView = { version: string; name: string; value: number; lower: number; upper: number; answers: number; };

export type MetricView = { name: string; direction: "up" | "down"; };

export type ModelList = { models: (SlotView)[]; };

export type ModelStory = { name: string; metric: MetricView | null; champion: string | null; rollback_to: string | null; versions: (VersionPoint)[]; figures: (FigureView)[]; slices: (SliceView)[]; explained_by: string | null; decisions: (DecisionSummary)[]; url: string; };

export type ModelView = { model: string; condition: "serving" | "loading" | "failed" | "no_champion"; champion: ServedVersion | null; alias: string | null; note: string; digest: string | null; contract: ContractView | null; answering: AnsweringView | null; decision: DecisionSummary | null; rollout: string | null; workers: (WorkerView)[]; };

export type NamedProduct = { code: string; description: string | null; image_url: string | null; };

export type NamedProducts = { products: (NamedProduct)[]; };

export type Order = { order_id: string; message_id: string; part: number; reviewer: string; created_at: string; lines: (OrderedLine)[]; delivery: "none" | "waiting" | "sent" | "failed"; attempts: number; next_attempt_at: string | null; delivered_at: string | null; error: string | null; };

export type OrderedLine = { line_id: string; description: string; quantity: number; code: string; product: string | null; product_id: string | null; price: number | null; };

export type Orders = { orders: (Order)[]; post_to: string | null; };

export type OverrideRequest = { actor: string; reason: string; };

export type PlannedDay = { date: string; promotion?: boolean | null; price?: number | null; };

export type PredictResponse = { predictions: (Record<string, unknown> | (Record<string, unknown>)[])[]; model: ServedVersion; request_id: string; prediction_ids: (string)[]; };

export type PredictionHistory = { prediction: Record<string, unknown>; decision: Record<string, unknown>; verdicts: (Record<string, unknown>)[]; trained: Record<string, unknown> | null; feedback: (Record<string, unknown>)[]; today: Today | null; };

export type Problem = { type: string; title: string; status: number; detail: string; instance: string; request_id: string; errors: (Record<string, unknown>)[] | null; };

export type ProductSales = { product_id: string; category: string | null; name: string | null; days: (SoldDay)[]; };

export type Progress = { since: string; lines: number; beyond: number; done: number; accepted: number; changed: number; skipped: number; requested_open: number; per_hour: (HourlyProgress)[]; };

export type Question = { place: number; text: string; answers: Record<string, string> | null; };

export type ReplayOutcome = { decision_id: string; holds: boolean; differences: (string)[]; seconds: number; };

export type RetrainForm = { parameters: Record<string, unknown>; values: Record<string, unknown>; url: string; };

export type RetrainRequest = { actor?: string; reason?: string; params?: Record<string, string | number | boolean | null>; };

export type RetrainResponse = { message: string; started: boolean; run: Run; model: ServedVersion | null; };

export type ReviewChoice = { id: string; line_id: string; action: "accept" | "change" | "skip" | "undo"; code?: string | null; quantity?: number | null; shown_state?: string; prediction_id?: string | null; at: string; };

export type ReviewChoices = { reviewer: string; choices: (ReviewChoice)[]; };

export type ReviewLine = { line_id: string; description: string; quantity: number; code: SuggestedCode | null; category: SuggestedCategory | null; alternatives: (Suggestion)[]; drivers: (Driver)[]; doubts: ("unsure" | "close" | "category" | "challenger" | "refused")[]; uncertain: boolean; disagrees: boolean; requested: boolean; priority: number; chosen: Chosen | null; prediction_id: string | null; model: LineModel | null; refused: string | null; };

export type ReviewLines = { state: string; refreshed_at: string; refresh_seconds: number; messages: (ReviewMessage)[]; awaits: "champion" | "feed" | null; progress: Progress; };

export type ReviewMessage = { message_id: string; received_at: string; audio: boolean; read: boolean; orders: (string)[]; lines: (ReviewLine)[]; };

export type Reviewer = { reviewer: string; };

export type RollbackRequest = { actor: string; reason: string; to?: string | null; };

export type RolloutBrief = { rollout_id: string; mode: string; challenger: string; share: number; ends_at: string; };

export type RolloutCheck = { name: string; value: number | string | null; limit: number | string | null; passed: boolean | null; note: string; };

export type RolloutList = { rollouts: (RolloutSummary)[]; };

export type RolloutRequest = { mode: "shadow" | "canary" | "ab" | "interleaving"; challenger: string; seconds: number; share?: number; ramp?: (Step)[]; metric?: "zero_one" | "squared_error" | "choices" | null; alpha?: number; guardrails?: Guardrails; on_success?: "report" | "promote"; actor: string; reason: string; };

export type RolloutSummary = { rollout_id: string; model: string; mode: "shadow" | "canary" | "ab" | "interleaving"; champion: string; challenger: string; verdict: "completed" | "superior" | "rolled_back" | "superseded" | "stopped" | "running"; started_at: string; ends_at: string; ended_at: string | null; ended_by: string | null; end_decision_id: string | null; promoted: boolean; };

export type RolloutView = { rollout_id: string; model: string; mode: "shadow" | "canary" | "ab" | "interleaving"; champion: string; challenger: string; verdict: "completed" | "superior" | "rolled_back" | "superseded" | "stopped" | "running"; started_at: string; ends_at: string; ended_at: string | null; ended_by: string | null; end_decision_id: string | null; promoted: boolean; stage: number; share: number; remaining_seconds: number; finding: string; checks: (RolloutCheck)[]; arms: Record<string, Record<string, unknown>>; evidence: Record<string, unknown>; disagreements: (Disagreement)[]; plan: Record<string, unknown>; here: "loading" | "taking_part" | "given_up" | null; };

export type Run = { id: string; name: string; url: string; state: string; };

export type RunBrief = { id: string; name: string; url: string; state: string; share: number | null; step: string | null; };

export type ServedVersion = { name: string; version: string; decision_id: string; generation: number; };

export type SessionView = { name: string; role: "anyone" | "viewer" | "reviewer" | "operator"; by: "key" | "session" | "none"; key_id: string | null; until: string | null; anonymous: "anyone" | "viewer" | "reviewer" | "operator"; };

export type Settled = { decision_id: string; approved: boolean; actor: string; reason: string; at: string; };

export type ShareView = { value: number; lower: number; upper: number; rows: number; };

export type ShortfallView = { effect: number; requests: number; labels: number; have: number; sentence: string; };

export type SignIn = { key: string; };

export type SimilarLine = { line_id: string; message_id: string; description: string; similarity: number; code: string | null; confidence: number; };

export type SimilarLines = { line_id: string; lines: (SimilarLine)[]; };

export type SliceView = { name: string; rows: number; figure: FigureView | null; p_worse: number | null; };

export type SlotView = { model: string; condition: "serving" | "loading" | "failed" | "no_champion"; champion: ServedVersion | null; alias: string | null; note: string; };

export type SoldDay = { date: string; quantity: number; promotion: number; price: number | null; open: boolean; };

export type Step = { share: number; seconds: number; };

export type StopRequest = { actor: string; reason: string; };

export type SuggestedCategory = { value: string; confidence: number; prediction_id: string; model: LineModel; };

export type SuggestedCode = { value: string; description: string | null; confidence: number; image_url: string | null; product_id: string | null; confirmed: boolean; };

export type Suggestion = { code: string; description: string | null; confidence: number; image_url: string | null; product_id: string | null; };

export type Today = { version: string; decision_id: string; answer: (Record<string, unknown>)[] | null; same: boolean; refused: string | null; };

export type TrafficView = { window_seconds: number; answers: number; answers_per_minute: number; requests: number; failed: number; refused: number; p50_ms: number | null; p99_ms: number | null; };

export type TriggerView = { kind: string; actor: string; reason: string; url?: string | null; };

export type VersionPoint = { version: string; standing: "champion" | "former_champion" | "awaiting_approval" | "undecided" | "rejected" | "incomparable" | "champion_unloadable" | "promoted" | "admitted"; at: string; decision_id: string | null; verdict: string | null; value: number | null; lower: number | null; upper: number | null; test_set_id: string | null; generation: number | null; champion_since: string | null; champion_by: string | null; origin: string; params: Record<string, unknown> | null; rows: string | null; asked_by: string | null; url: string | null; };

export type WitnessView = { challenger_only: number; champion_only: number; p: number; };

export type WordsAsked = { text: string; answer: string; };

export type WordsTold = { model: ServedVersion; drivers: (Driver)[]; };

export type WorkerView = { worker_id: string; version: string; generation: number; decision_id: string; confirmed_at: string; };

export type serving__routers__product_categories__InferenceResponse = { errors: boolean; categories: (string)[]; model_name: string; confidence: (number | null)[]; alternatives: ((Alternative)[])[]; version: string; decision_id: string; request_id: string; prediction_ids: (string)[]; };

/** What each operation takes and answers. */

export interface Operations {
  "GET /health": {
    path: Nothing;
    query: Nothing;
    body: undefined;
    answer: Health;
  };
  "GET /v1/audit": {
    path: Nothing;
    query: { "who"?: string | null; "outcome"?: "done" | "denied" | "refused" | "failed" | null; "before"?: number | null; "limit"?: number; };
    body: undefined;
    answer: AuditPage;
  };
  "GET /v1/board": {
    path: Nothing;
    query: Nothing;
    body: undefined;
    answer: Board;
  };
  "POST /v1/categorizer/inference": {
    path: Nothing;
    query: Nothing;
    body: { product_list: (string)[]; model_name?: "product_categories" | "" | null; };
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
  "GET /v1/decisions/{decision_id}/diff": {
    path: { "decision_id": string; };
    query: Nothing;
    body: undefined;
    answer: CatalogueDiffView;
  };
  "GET /v1/decisions/{decision_id}/errors": {
    path: { "decision_id": string; };
    query: Nothing;
    body: undefined;
    answer: ErrorPlots;
  };
  "GET /v1/decisions/{decision_id}/explanation": {
    path: { "decision_id": string; };
    query: Nothing;
    body: undefined;
    answer: Explanation;
  };
  "POST /v1/decisions/{decision_id}/override": {
    path: { "decision_id": string; };
    query: Nothing;
    body: OverrideRequest;
    answer: DecisionDocument;
  };
  "POST /v1/decisions/{decision_id}/replay": {
    path: { "decision_id": string; };
    query: Nothing;
    body: undefined;
    answer: ReplayOutcome;
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
    body: { dataframe_split?: Record<string, unknown> | null; dataframe_records?: (Record<string, unknown>)[] | null; instances?: (unknown)[] | Record<string, unknown> | null; inputs?: (unknown)[] | Record<string, unknown> | string | null; };
    answer: PredictResponse;
  };
  "POST /v1/models/{name}/jobs": {
    path: { "name": string; };
    query: { "format"?: "csv" | "jsonl" | "parquet" | null; "columns"?: string | null; };
    body: { source: "catalogue"; columns?: Record<string, string>; format: "csv" | "jsonl" | "parquet"; };
    answer: JobView;
  };
  "POST /v1/models/{name}/judgements": {
    path: { "name": string; };
    query: Nothing;
    body: JudgementRequest;
    answer: Run;
  };
  "GET /v1/models/{name}/label-requests": {
    path: { "name": string; };
    query: { "limit"?: number; "reveal"?: boolean; };
    body: undefined;
    answer: LabelQueue;
  };
  "POST /v1/models/{name}/labels": {
    path: { "name": string; };
    query: Nothing;
    body: LabelRequest;
    answer: LabelResponse;
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
  "GET /v1/models/{name}/retrain-form": {
    path: { "name": string; };
    query: Nothing;
    body: undefined;
    answer: RetrainForm;
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
  "GET /v1/models/{name}/story": {
    path: { "name": string; };
    query: { "limit"?: number; };
    body: undefined;
    answer: ModelStory;
  };
  "GET /v1/models/{name}/version": {
    path: { "name": string; };
    query: Nothing;
    body: undefined;
    answer: unknown;
  };
  "GET /v1/playground/products": {
    path: Nothing;
    query: { "code": (string)[]; };
    body: undefined;
    answer: NamedProducts;
  };
  "GET /v1/playground/sales/{product_id}": {
    path: { "product_id": string; };
    query: { "days"?: number; };
    body: undefined;
    answer: ProductSales;
  };
  "POST /v1/playground/sales/{product_id}/forecast": {
    path: { "product_id": string; };
    query: Nothing;
    body: ForecastAsked;
    answer: PredictResponse;
  };
  "GET /v1/playground/{name}/entities": {
    path: { "name": string; };
    query: { "q"?: string; "limit"?: number; };
    body: undefined;
    answer: KnownEntities;
  };
  "POST /v1/playground/{name}/words": {
    path: { "name": string; };
    query: Nothing;
    body: WordsAsked;
    answer: WordsTold;
  };
  "POST /v1/registry-events": {
    path: Nothing;
    query: Nothing;
    body: undefined;
    answer: Accepted;
  };
  "POST /v1/review/choices": {
    path: Nothing;
    query: Nothing;
    body: ReviewChoices;
    answer: ChoiceOutcomes;
  };
  "GET /v1/review/images/{name}": {
    path: { "name": string; };
    query: Nothing;
    body: undefined;
    answer: unknown;
  };
  "GET /v1/review/lines": {
    path: Nothing;
    query: { "since"?: string | null; };
    body: undefined;
    answer: ReviewLines;
  };
  "GET /v1/review/lines/{line_id}/drivers": {
    path: { "line_id": string; };
    query: Nothing;
    body: undefined;
    answer: Drivers;
  };
  "GET /v1/review/lines/{line_id}/similar": {
    path: { "line_id": string; };
    query: Nothing;
    body: undefined;
    answer: SimilarLines;
  };
  "GET /v1/review/messages/{message_id}/audio": {
    path: { "message_id": string; };
    query: Nothing;
    body: undefined;
    answer: unknown;
  };
  "POST /v1/review/messages/{message_id}/order": {
    path: { "message_id": string; };
    query: Nothing;
    body: Reviewer;
    answer: Order;
  };
  "POST /v1/review/messages/{message_id}/read": {
    path: { "message_id": string; };
    query: Nothing;
    body: undefined;
    answer: HiddenMessage;
  };
  "GET /v1/review/orders": {
    path: Nothing;
    query: Nothing;
    body: undefined;
    answer: Orders;
  };
  "GET /v1/review/orders/{order_id}.csv": {
    path: { "order_id": string; };
    query: Nothing;
    body: undefined;
    answer: unknown;
  };
  "GET /v1/review/orders/{order_id}.json": {
    path: { "order_id": string; };
    query: Nothing;
    body: undefined;
    answer: unknown;
  };
  "POST /v1/review/orders/{order_id}/delivery": {
    path: { "order_id": string; };
    query: Nothing;
    body: undefined;
    answer: Order;
  };
  "GET /v1/review/search": {
    path: Nothing;
    query: { "q": string; "limit"?: number; };
    body: undefined;
    answer: FoundProducts;
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
  "GET /v1/session": {
    path: Nothing;
    query: Nothing;
    body: undefined;
    answer: SessionView;
  };
  "POST /v1/session": {
    path: Nothing;
    query: Nothing;
    body: SignIn;
    answer: SessionView;
  };
  "DELETE /v1/session": {
    path: Nothing;
    query: Nothing;
    body: undefined;
    answer: SessionView;
  };
}


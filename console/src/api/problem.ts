/** What the server says when it says no (RFC 9457). */
export interface ProblemDetails {
  type: string;
  title: string;
  status: number;
  detail: string;
  request_id?: string;
  errors?: Record<string, unknown>[] | null;
}

/** The server answered, and refused. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly status: number;
  /** The problem's name for programs, such as `not-found`. */
  readonly slug: string;
  readonly title: string;
  readonly requestId: string | null;
  readonly errors: Record<string, unknown>[];

  constructor(problem: ProblemDetails) {
    super(problem.detail || problem.title);
    this.status = problem.status;
    this.slug = problem.type.split(":").at(-1) ?? problem.type;
    this.title = problem.title;
    this.requestId = problem.request_id ?? null;
    this.errors = problem.errors ?? [];
  }
}

/** Nobody answered, or only something between this page and the server did. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
}

/** Statuses of what stands before a server that is away or too busy: worth asking again. */
export const passing = (status: number): boolean => status === 429 || status >= 502;

export async function refusal(response: Response): Promise<Refused> {
  const fallback = { type: `http:${response.status}`, title: response.statusText, status: response.status, detail: "" };
  try {
    return new Refused({ ...fallback, ...((await response.json()) as Partial<ProblemDetails>) });
  } catch {
    return new Refused(fallback);
  }
}

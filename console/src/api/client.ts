import { heard, unheard } from "./connection";
import { refusal, Unreachable } from "./problem";
import type { Operations } from "./schema";

export type Operation = keyof Operations;
export type Answer<O extends Operation> = Operations[O]["answer"];

type Filled<T, K extends string> = T extends Record<string, never>
  ? unknown
  : T extends undefined
    ? unknown
    : Record<never, never> extends T
      ? { [key in K]?: T }
      : { [key in K]: T };

/** What an operation must be given: its path's names, its query, its body. */
export type Asked<O extends Operation> = Filled<Operations[O]["path"], "path"> &
  Filled<Operations[O]["query"], "query"> &
  Filled<Operations[O]["body"], "body">;

interface Given {
  path?: Record<string, unknown>;
  query?: Record<string, unknown>;
  body?: unknown;
}

const PATIENCE_MS = 30_000;

/** Return the address of an operation on this very server. */
export function address(template: string, path: Record<string, unknown> = {}, query: Record<string, unknown> = {}): string {
  const filled = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(path[name])));
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each !== undefined && each !== null) asked.append(name, String(each));
    }
  }
  return asked.size > 0 ? `${filled}?${asked}` : filled;
}

/**
 * Ask one operation of the server, and return its answer.
 *
 * Throws `Refused` where the server says no, and `Unreachable` where nobody answers.
 */
export async function ask<O extends Operation>(operation: O, asked: Asked<O>, signal?: AbortSignal): Promise<Answer<O>> {
  const [method = "GET", template = "/"] = operation.split(" ");
  const given = asked as Given;
  const response = await sent(address(template, given.path, given.query), {
    method,
    signal: signal ? AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]) : AbortSignal.timeout(PATIENCE_MS),
    headers: given.body === undefined ? {} : { "Content-Type": "application/json" },
    ...(given.body === undefined ? {} : { body: JSON.stringify(given.body) }),
  });
  if (!response.ok) throw await refusal(response);
  return (await read(response)) as Answer<O>;
}

/** An answer that breaks off is none. */
async function read(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new Unreachable("the answer broke off", { cause: error });
  }
}

const isAbort = (error: unknown): boolean => error instanceof DOMException && error.name === "AbortError";

async function sent(url: string, init: RequestInit & { signal: AbortSignal }): Promise<Response> {
  try {
    const response = await fetch(url, init);
    heard();
    return response;
  } catch (error) {
    if (isAbort(error)) throw error;
    unheard();
    throw new Unreachable("the server does not answer", { cause: error });
  }
}

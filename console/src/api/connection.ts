import { useSyncExternalStore } from "react";

/** Whether the server was heard at the last try. While it is not, it is asked every few seconds. */
const RETRY_MS = 3_000;

let connected = true;
let retry: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();

export function heard(): void {
  clearTimeout(retry);
  retry = undefined;
  become(true);
}

export function unheard(): void {
  retry ??= setTimeout(knock, RETRY_MS);
  become(false);
}

async function knock(): Promise<void> {
  retry = undefined;
  try {
    await fetch("/livez", { cache: "no-store", signal: AbortSignal.timeout(RETRY_MS) });
    heard();
  } catch {
    unheard();
  }
}

function become(next: boolean): void {
  if (connected === next) return;
  connected = next;
  for (const listener of listeners) listener();
}

/** Call `listener` whenever the connection is lost or found; return how to stop that. */
export function onConnection(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const isConnected = (): boolean => connected;
export const useConnected = (): boolean => useSyncExternalStore(onConnection, isConnected);

/** Listen to what the browser itself knows of the network. Called once, by the page. */
export function watchNetwork(): void {
  window.addEventListener("offline", unheard);
  window.addEventListener("online", () => void knock());
}

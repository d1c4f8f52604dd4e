import { useSyncExternalStore } from "react";
import "./toasts.css";

export interface Toast {
  id: number;
  tone: "good" | "bad" | "plain";
  text: string;
  action?: { label: string; run: () => void };
}

const SHOWN_MS = 6_000;
const KEPT = 3;

let toasts: Toast[] = [];
let next = 1;
const listeners = new Set<() => void>();

function become(changed: Toast[]): void {
  toasts = changed;
  for (const listener of listeners) listener();
}

/** Say something in passing; it is read out too. What must be acted on does not belong here. */
export function toast(tone: Toast["tone"], text: string, action?: Toast["action"]): void {
  const one: Toast = { id: next++, tone, text, ...(action ? { action } : {}) };
  become([...toasts, one].slice(-KEPT));
  setTimeout(() => dismiss(one.id), SHOWN_MS);
}

export const dismiss = (id: number): void => become(toasts.filter((one) => one.id !== id));

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function Toasts() {
  const shown = useSyncExternalStore(subscribe, () => toasts);
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map((one) => (
        <div key={one.id} className={`toast toast-${one.tone}`}>
          <span>{one.text}</span>
          {one.action && (
            <button
              type="button"
              onClick={() => {
                one.action?.run();
                dismiss(one.id);
              }}
            >
              {one.action.label}
            </button>
          )}
        </div>
      ))}
    </div>
  );
}

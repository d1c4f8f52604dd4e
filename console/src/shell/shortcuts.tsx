import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useRef, useState } from "react";

/** One thing that keys do on the page in view. */
export interface Shortcut {
  /** As they are pressed: `"a"`, `"Enter"`, `"?"`, or two after each other, `"g b"`. */
  keys: string[];
  /** What it does, as the help says it. */
  label: string;
  run: (key: string) => void;
  /** Whether it also works while somebody types in a field. */
  inFields?: boolean;
}

export interface ShortcutGroup {
  title: string;
  shortcuts: Shortcut[];
}

interface Registry {
  groups: ShortcutGroup[];
  register: (group: ShortcutGroup) => () => void;
}

const ShortcutContext = createContext<Registry>({ groups: [], register: () => () => undefined });
const CHORD_MS = 1_200;

/** Whether keys pressed on `target` are text, or belong to the control itself. */
export function takesText(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  return target instanceof HTMLInputElement && !["checkbox", "radio", "button", "submit"].includes(target.type);
}

/** Enter and space press what has the focus; arrows move within a tab list, a slider, a player. */
export function belongsToControl(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof HTMLElement)) return false;
  const pressed = key === "Enter" || key === " ";
  if (pressed) return target.closest("button, a[href], summary, audio, [role=tab], [role=option]") !== null;
  return key.startsWith("Arrow") && target.closest("[role=tablist], [role=slider], audio") !== null;
}

/** Return the shortcut that `key` completes after `before`, the key pressed just before it. */
export function matching(groups: ShortcutGroup[], key: string, before: string | null): Shortcut | undefined {
  const all = groups.flatMap((group) => group.shortcuts);
  const chord = before === null ? undefined : all.find(({ keys }) => keys.includes(`${before} ${key}`));
  return chord ?? all.find(({ keys }) => keys.includes(key));
}

export function ShortcutProvider({ children }: { children: ReactNode }) {
  const [groups, setGroups] = useState<ShortcutGroup[]>([]);
  const newest = useRef(groups);
  newest.current = groups;
  useEffect(() => listen(() => newest.current), []);
  const register = useCallback((group: ShortcutGroup) => {
    setGroups((before) => [...before, group]);
    return () => setGroups((before) => before.filter((one) => one !== group));
  }, []);
  const registry = useMemo(() => ({ groups, register }), [groups, register]);
  return <ShortcutContext value={registry}>{children}</ShortcutContext>;
}

function listen(groups: () => ShortcutGroup[]): () => void {
  let before: { key: string; at: number } | null = null;
  const pressed = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (document.querySelector("dialog[open]") || belongsToControl(event.target, event.key)) return;
    const recent = before && event.timeStamp - before.at < CHORD_MS ? before.key : null;
    const shortcut = matching(groups(), event.key, recent);
    before = { key: event.key, at: event.timeStamp };
    if (!shortcut || (takesText(event.target) && !shortcut.inFields)) return;
    before = null;
    event.preventDefault();
    shortcut.run(event.key);
  };
  document.addEventListener("keydown", pressed);
  return () => document.removeEventListener("keydown", pressed);
}

/** Let these keys work while the calling component is shown, and list them in the help. */
export function useShortcuts(title: string, shortcuts: Shortcut[]): void {
  const { register } = useContext(ShortcutContext);
  const newest = useRef(shortcuts);
  newest.current = shortcuts;
  const known = JSON.stringify(shortcuts.map(({ keys, label }) => [keys, label]));
  useEffect(() => {
    const steady = newest.current.map((shortcut, index) => ({
      ...shortcut,
      run: (key: string) => newest.current[index]?.run(key),
    }));
    return register({ title, shortcuts: steady });
  }, [register, title, known]);
}

export const useShortcutGroups = (): ShortcutGroup[] => useContext(ShortcutContext).groups;

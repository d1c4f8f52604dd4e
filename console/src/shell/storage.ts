/** What a browser keeps for this page. Storage may be full or forbidden: then nothing is kept. */

const PREFIX = "contender.";

export function kept(name: string): string | null {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null;
  }
}

/** Return whether it was kept. */
export function keep(name: string, value: string): boolean {
  try {
    localStorage.setItem(PREFIX + name, value);
    return true;
  } catch {
    return false;
  }
}

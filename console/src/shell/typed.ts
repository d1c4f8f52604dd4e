/** Read a number as people write it, with a comma or a point; null for what is none. */
export function numberTyped(text: string): number | null {
  const value = Number(text.trim().replace(",", "."));
  return text.trim() !== "" && Number.isFinite(value) ? value : null;
}

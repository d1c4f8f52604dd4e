/** Read a number as programs write it, with a comma or a point; null for what is none. */
export function numberTyped(text: string): number | null {
  const value = Number(text.trim().replace(",", "."));
  return text.trim() !== "" && Number.isFinite(value) ? value : null;
}

const PLAIN = /^\d+[.,]?$|^\d*[.,]\d+$/;
/** Groups of three, parted by one mark throughout: thousands, unless the mark is one comma or point. */
const GROUPED = /^[1-9]\d{0,2}(?:([.,\s])\d{3})(?:\1\d{3})*$/;
/** Thousands parted by one mark, and decimals by another. */
const BOTH = /^[1-9]\d{0,2}(?:([.,\s])\d{3})(?:\1\d{3})*(?!\1)[.,]\d+$/;

/**
 * Return what a number may mean as people write it, in any country; nothing for what is none.
 *
 * `1.000` is a thousand in Madrid and one in Mexico, `1,000` the other way round: both readings come
 * back, the thousands first. `1.000.000`, `1 000`, `1.234,5` and `0,125` can mean one number only.
 */
export function readings(text: string): number[] {
  const written = text.trim();
  const found: number[] = [];
  if (GROUPED.test(written)) found.push(Number(written.replace(/[.,\s]/g, "")));
  if (BOTH.test(written)) {
    const whole = written.search(/[.,]\d+$/);
    found.push(Number(`${written.slice(0, whole).replace(/[.,\s]/g, "")}.${written.slice(whole + 1)}`));
  } else if (PLAIN.test(written)) {
    found.push(Number(written.replace(",", ".")));
  }
  return found;
}

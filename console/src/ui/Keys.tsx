import "./keys.css";

const NAMES: Record<string, string> = { Enter: "↵", ArrowDown: "↓", ArrowUp: "↑", ArrowLeft: "←", ArrowRight: "→", Escape: "Esc", " ": "␣" };

/** Keys as they stand on a keyboard; `"g b"` is two pressed after each other. Not read out. */
export function Keys({ keys }: { keys: string }) {
  const pressed = keys === " " ? [keys] : keys.split(" ");
  return (
    <span className="keys" aria-hidden="true">
      {pressed.map((key, index) => (
        <kbd key={index}>{NAMES[key] ?? key}</kbd>
      ))}
    </span>
  );
}

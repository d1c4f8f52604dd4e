import type { ButtonHTMLAttributes, ReactNode } from "react";
import { Icon, type IconName } from "./Icon";
import { Keys } from "./Keys";
import "./button.css";

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  tone?: "main" | "plain" | "quiet" | "bad";
  size?: "usual" | "small";
  icon?: IconName;
  /** The key that does the same. */
  shortcut?: string;
  busy?: boolean;
  children: ReactNode;
}

export function Button({ tone = "plain", size = "usual", icon, shortcut, busy = false, children, ...rest }: Props) {
  return (
    <button
      type="button"
      {...rest}
      className={`button button-${tone} button-${size} ${rest.className ?? ""}`}
      aria-busy={busy || undefined}
      aria-disabled={busy || undefined}
      onClick={busy ? undefined : rest.onClick}
    >
      {icon && <Icon name={icon} />}
      <span className="button-text">{children}</span>
      {shortcut && <Keys keys={shortcut} />}
    </button>
  );
}

interface IconButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  icon: IconName;
  /** Read out, and shown when pointed at. */
  label: string;
}

export function IconButton({ icon, label, ...rest }: IconButtonProps) {
  return (
    <button type="button" {...rest} className={`icon-button ${rest.className ?? ""}`} aria-label={label} title={label}>
      <Icon name={icon} />
    </button>
  );
}

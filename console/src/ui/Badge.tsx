import type { ReactNode } from "react";
import { Icon, type IconName } from "./Icon";
import "./badge.css";

export type Tone = "plain" | "accent" | "good" | "warn" | "bad" | "asked";

interface Props {
  tone?: Tone;
  icon?: IconName;
  /** Said longer when pointed at. */
  title?: string;
  children: ReactNode;
}

export function Badge({ tone = "plain", icon, title, children }: Props) {
  return (
    <span className={`badge badge-${tone}`} title={title}>
      {icon && <Icon name={icon} size={12} />}
      {children}
    </span>
  );
}

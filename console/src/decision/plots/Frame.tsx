import type { ReactNode } from "react";
import { useFormat } from "../../shell/format";
import { useWidth } from "../../model/useWidth";
import { marks } from "../figures";

export interface Plane {
  x: (value: number) => number;
  y: (value: number) => number;
  width: number;
  height: number;
}

interface Props {
  /** The same in words. */
  label: string;
  /** The ends of both scales. */
  across: [number, number];
  up: [number, number];
  acrossName: string;
  upName: string;
  /** Scales in shares are marked in percent. */
  share?: boolean;
  children: (plane: Plane) => ReactNode;
}

const HEIGHT = 230;
const EDGE = { left: 46, right: 12, top: 12, bottom: 40 };

/** A plane with two marked scales, as wide as its place. */
export function Frame({ label, across, up, acrossName, upName, share = false, children }: Props) {
  const { number, percent } = useFormat();
  const [frame, width] = useWidth<HTMLDivElement>(420);
  const bottom = HEIGHT - EDGE.bottom;
  const plane: Plane = {
    x: (value) => EDGE.left + ((value - across[0]) / (across[1] - across[0] || 1)) * (width - EDGE.left - EDGE.right),
    y: (value) => EDGE.top + ((up[1] - value) / (up[1] - up[0] || 1)) * (bottom - EDGE.top),
    width,
    height: HEIGHT,
  };
  const said = (value: number) => (share ? percent(value) : number(value, 2));
  return (
    <div ref={frame} className="plot">
      <svg width={width} height={HEIGHT} role="img" aria-label={label}>
        {marks(up[0], up[1], 4).map((mark) => (
          <g key={mark}>
            <line className="grid" x1={EDGE.left} x2={width - EDGE.right} y1={plane.y(mark)} y2={plane.y(mark)} />
            <text x={EDGE.left - 6} y={plane.y(mark)} textAnchor="end" dominantBaseline="middle">
              {said(mark)}
            </text>
          </g>
        ))}
        {marks(across[0], across[1], 6).map((mark) => (
          <text key={mark} x={plane.x(mark)} y={bottom + 16} textAnchor="middle">
            {said(mark)}
          </text>
        ))}
        <text className="axis-name" x={width - EDGE.right} y={HEIGHT - 4} textAnchor="end">
          {acrossName}
        </text>
        <text className="axis-name" x={EDGE.left} y={HEIGHT - 4}>
          {`↑ ${upName}`}
        </text>
        {children(plane)}
      </svg>
    </div>
  );
}

import "./icon.css";

/** Drawn on a grid of 16, with strokes of the text's colour. */
const PATHS = {
  review: "M3 3.5h10M3 8h6M3 12.5h4M10.5 11.5l1.5 1.5 3-3.5",
  board: "M2.5 13.5h11M4.5 13.5v-5h2.5v5M9 13.5v-10h2.5v10",
  monitoring: "M1.5 8.5h3l2-5 3 9 2-4h3",
  playground: "M6 2.5h4M7 2.5v4l-4 6.2c-.3.5 0 .8.5.8h9c.5 0 .8-.3.5-.8L9 6.500v-4M5 10h6",
  sun: "M8 5.2a2.8 2.8 0 1 1 0 5.600a2.8 2.8 0 0 1 0-5.600zM8 1v1.500M8 13.500V15M1 8h1.500M13.5 8H15M3 3l1 1M12 12l1 1M3 13l1-1M12 4l1-1",
  moon: "M13.2 9.800A5.7 5.7 0 0 1 6.2 2.800a5.7 5.7 0 1 0 7 7z",
  check: "M3 8.500l3.2 3.200L13 4.8",
  cross: "M4 4l8 8M12 4l-8 8",
  swap: "M3 5.500h9M9.5 3L12 5.5 9.5 8M13 10.500H4M6.5 8L4 10.5 6.5 13",
  skip: "M4 3.500l5 4.5-5 4.500zM12 3.500v9",
  undo: "M3.5 6.500h6a3.5 3.5 0 0 1 0 7H6M6 3.500l-3 3 3 3",
  search: "M7 2.500a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9zM10.3 10.300l3.2 3.2",
  question: "M5.8 6a2.3 2.3 0 1 1 3.2 2.100c-.7.3-1 .8-1 1.600M8 12.300v.2",
  warning: "M8 2.500l6 10.500H2zM8 6.500v3M8 11.300v.1",
  refresh: "M13 8a5 5 0 1 1-1.5-3.600M13 2.500v2.700h-2.7",
  play: "M5 3.500l7 4.5-7 4.500z",
  pause: "M5 3.500v9M11 3.500v9",
  download: "M8 2.500v7.500M5 7l3 3 3-3M3 13h10",
  send: "M2.5 8L13.5 3l-3 10-3-4zM7.5 9l6-6",
  up: "M8 13V3.500M4 7.500l4-4 4 4",
  down: "M8 3v9.500M4 8.500l4 4 4-4",
  right: "M6 3.500L10.5 8 6 12.5",
  left: "M10 3.500L5.5 8 10 12.5",
  link: "M9 3h4v4M13 3L7.5 8.500M7 4H3.500v8.500H12V9",
  clock: "M8 2.200a5.8 5.8 0 1 1 0 11.600a5.8 5.8 0 0 1 0-11.600zM8 5v3.200l2 1.5",
  image: "M2.5 3h11v10h-11zM2.5 11l3.5-3.5 3 3 1.5-1.5 3 2.500M10.5 6v.1",
  mail: "M2 3.500h12v9H2zM2 4.500l6 4.5 6-4.5",
  stack: "M8 2.500l5.5 2.800L8 8.1 2.5 5.300zM2.5 8L8 10.8 13.5 8M2.5 10.700L8 13.500l5.5-2.8",
  flag: "M4 14V2.500M4 3h8l-2 2.700L12 8.500H4",
  offline: "M2 2l12 12M4.5 6.800A6 6 0 0 1 8 5.700M6.3 9.300a2.5 2.5 0 0 1 3.4 0M2 5a9 9 0 0 1 2.5-1.500M8 3a9 9 0 0 1 6 2.200M8 12.300v.1",
  crown: "M2.5 5l2.8 3L8 3.5 10.7 8l2.8-3-1 7.500h-9z",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg className="icon" width={size} height={size} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}

import "react";

declare module "react" {
  interface CSSProperties {
    /** How strongly a word is marked, as a percentage. */
    "--strength"?: string;
  }
}

import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { foreseen } from "./tools/foreseen.ts";
import { packed } from "./tools/packed.ts";

/** Where `npm run dev` finds a running server; the built page is served by that server itself. */
const server = process.env["CONTENDER_SERVER"] ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react(), foreseen("/review/ReviewPage.tsx"), packed()],
  build: {
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    // One style sheet packs a third smaller than one for each page.
    cssCodeSplit: false,
    rolldownOptions: {
      output: {
        // Together what is always needed together: text in one piece compresses far better.
        codeSplitting: {
          groups: [
            { name: "frame", test: /src\/(ui|shell|api)\/(?!TimeChart)|node_modules\/(?!uplot)/ },
            { name: "champions", test: /src\/(board|model|decision|monitoring|words\/(?!review|shell|playground))/ },
          ],
        },
      },
    },
  },
  server: { proxy: { "/v1": server, "/api": server, "/livez": server, "/readyz": server } },
  test: {
    environment: "happy-dom",
    include: ["tests/**/*.test.{ts,tsx}"],
    setupFiles: ["tests/patience.ts"],
    restoreMocks: true,
    // Pages are imported anew for many a test, which takes a busy machine its time.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});

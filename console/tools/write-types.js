/** `npm run types`: src/api/schema.d.ts from openapi.json. */
import { readFileSync, writeFileSync } from "node:fs";
import { declarations } from "./schema-types.js";

const document = JSON.parse(readFileSync(new URL("../openapi.json", import.meta.url), "utf8"));
writeFileSync(new URL("../src/api/schema.d.ts", import.meta.url), declarations(document));

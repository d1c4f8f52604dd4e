// A busy machine may take its time with what a test waits for: one second is no promise of ours.
import { configure } from "@testing-library/react";

configure({ asyncUtilTimeout: 30_000 });

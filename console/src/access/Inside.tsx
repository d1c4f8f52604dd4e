import type { ReactNode } from "react";
import { SignIn } from "./SignIn";
import { useSession } from "./session";

/** Shows what is within, to whom the server lets in; until it says so, it is taken for granted. */
export function Inside({ children }: { children: ReactNode }) {
  return useSession()?.role === "anyone" ? <SignIn /> : children;
}

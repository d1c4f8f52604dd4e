import {
  type AnchorHTMLAttributes,
  type ComponentType,
  createContext,
  type MouseEvent,
  type ReactNode,
  startTransition,
  useContext,
  useEffect,
  useMemo,
  useState,
} from "react";

/** Which page is shown, by the address alone; a library for it would be a seventh of all the script. */

export interface Place {
  pathname: string;
  search: string;
}

const MOVED = "contender:moved";

const here = (): Place => ({ pathname: location.pathname, search: location.search });

const PlaceContext = createContext<Place>({ pathname: "/", search: "" });
const ParamsContext = createContext<Record<string, string>>({});

/** Go to an address of the console; one that begins with `?` is another view of the same page. */
export function navigate(to: string, { replace = false } = {}): void {
  history[replace ? "replaceState" : "pushState"](null, "", to);
  dispatchEvent(new Event(MOVED));
}

/** Follows the address: what was shown stays until the next page has come. */
export function Router({ children }: { children: ReactNode }) {
  const [place, setPlace] = useState(here);
  useEffect(() => {
    const follow = () => startTransition(() => setPlace(here()));
    addEventListener("popstate", follow);
    addEventListener(MOVED, follow);
    return () => {
      removeEventListener("popstate", follow);
      removeEventListener(MOVED, follow);
    };
  }, []);
  return <PlaceContext value={place}>{children}</PlaceContext>;
}

export const usePlace = (): Place => useContext(PlaceContext);

/** The named parts of the address, such as `name` of `/models/:name`. */
export const useParams = (): Record<string, string> => useContext(ParamsContext);

/** What stands behind the question mark. */
export function useSearch(): URLSearchParams {
  const { search } = usePlace();
  return useMemo(() => new URLSearchParams(search), [search]);
}

type LinkProps = Omit<AnchorHTMLAttributes<HTMLAnchorElement>, "href"> & { to: string };

/** Left to the browser is what would open another tab or window. */
const isPlain = (event: MouseEvent): boolean =>
  event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;

/** A link to another page of the console. */
export function Link({ to, onClick, ...rest }: LinkProps) {
  return (
    <a
      {...rest}
      href={to}
      onClick={(event) => {
        onClick?.(event);
        if (event.defaultPrevented || !isPlain(event)) return;
        event.preventDefault();
        navigate(to);
      }}
    />
  );
}

export type Routes = readonly (readonly [path: string, page: ComponentType])[];

/** Return the named parts of an address that a path matches, or null; a part never holds a slash. */
export function matched(path: string, pathname: string): Record<string, string> | null {
  const asked = path.split("/");
  const given = pathname.length > 1 ? pathname.replace(/\/$/, "").split("/") : pathname.split("/");
  if (asked.length !== given.length) return null;
  const params: Record<string, string> = {};
  for (const [place, part] of asked.entries()) {
    const text = given[place] ?? "";
    if (part.startsWith(":")) {
      const value = decoded(text);
      if (!value) return null;
      params[part.slice(1)] = value;
    } else if (part !== text) return null;
  }
  return params;
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/** The page of the address that is open. */
export function Page({ routes, otherwise: Otherwise }: { routes: Routes; otherwise: ComponentType }) {
  const { pathname } = usePlace();
  const found = useMemo(() => {
    for (const [path, page] of routes) {
      const params = matched(path, pathname);
      if (params) return { page, params };
    }
    return null;
  }, [routes, pathname]);
  if (!found) return <Otherwise />;
  return (
    <ParamsContext value={found.params}>
      <found.page />
    </ParamsContext>
  );
}

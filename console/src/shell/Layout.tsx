import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, Suspense, useEffect, useState } from "react";
import { isConnected, onConnection, useConnected } from "../api/connection";
import { Account } from "../access/Account";
import { Inside } from "../access/Inside";
import { IconButton } from "../ui/Button";
import { Icon, type IconName } from "../ui/Icon";
import { Skeleton } from "../ui/States";
import { shellWords } from "../words/shell";
import { useLanguage, useWords } from "./language";
import { PageBoundary } from "./PageFrame";
import { ShortcutHelp } from "./ShortcutHelp";
import { Link, navigate, usePlace } from "./router";
import { useShortcuts } from "./shortcuts";
import { chooseTheme, useTheme } from "./theme";
import { Toasts } from "./toasts";
import "./layout.css";

const SECTIONS = [
  { to: "/", name: "review", icon: "review", keys: "g r" },
  { to: "/board", name: "board", icon: "board", keys: "g b" },
  { to: "/monitoring", name: "monitoring", icon: "monitoring", keys: "g m" },
  { to: "/playground", name: "playground", icon: "playground", keys: "g p" },
] as const satisfies { to: string; name: string; icon: IconName; keys: string }[];

/** The frame around every page: sections, connection, language, theme, help. */
export function Layout({ children }: { children: ReactNode }) {
  const { pathname } = usePlace();
  const words = useWords(shellWords);
  const [help, setHelp] = useState(false);
  useShortcuts(words.everywhere, [
    { keys: ["?"], label: words.help, run: () => setHelp(true) },
    ...SECTIONS.map(({ to, name, keys }) => ({
      keys: [keys],
      label: words.goTo(words[name]),
      run: () => navigate(to),
    })),
  ]);
  return (
    <>
      <a className="skip-link" href="#content">
        {words.skip}
      </a>
      <header className="bar">
        <Brand />
        <Sections />
        <div className="bar-tools">
          <Connection />
          <Account />
          <LanguageChoice />
          <ThemeChoice />
          <IconButton icon="question" label={`${words.help} (?)`} onClick={() => setHelp(true)} />
        </div>
      </header>
      <main id="content" tabIndex={-1}>
        <Inside>
          <PageBoundary key={pathname} place={pathname}>
            <Suspense fallback={<Skeleton lines={6} />}>
              {children}
            </Suspense>
          </PageBoundary>
        </Inside>
      </main>
      <Toasts />
      <ShortcutHelp open={help} onClose={() => setHelp(false)} />
    </>
  );
}

function Brand() {
  return (
    <Link to="/" className="brand" aria-label="Contender">
      <img src="/favicon.svg" width="24" height="24" alt="" />
      <span>Contender</span>
    </Link>
  );
}

function Sections() {
  const words = useWords(shellWords);
  const { pathname } = usePlace();
  const here = (to: string) => (to === "/" ? pathname === "/" || pathname === "/review" : pathname.startsWith(to));
  return (
    <nav className="sections" aria-label={words.nav}>
      <ul>
        {SECTIONS.map(({ to, name, icon }) => (
          <li key={to}>
            <Link to={to} className={here(to) ? "section here" : "section"} aria-current={here(to) ? "page" : undefined}>
              <Icon name={icon} />
              {words[name]}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/**
 * Says nothing while all is well; when the connection is found again, everything is asked anew.
 *
 * What is being asked already goes on: begun again each time, where a server that answers refuses
 * one answer, it would never come to say that it failed.
 */
function Connection() {
  const connected = useConnected();
  const words = useWords(shellWords);
  const queries = useQueryClient();
  useEffect(
    () => onConnection(() => isConnected() && void queries.invalidateQueries({}, { cancelRefetch: false })),
    [queries],
  );
  return (
    <div role="status" className="connection">
      {connected ? (
        <span className="only-read">{words.connected}</span>
      ) : (
        <span className="connection-lost" title={words.unreachableLong}>
          <Icon name="offline" />
          {words.unreachable}
        </span>
      )}
    </div>
  );
}

function LanguageChoice() {
  const { language, choose } = useLanguage();
  const words = useWords(shellWords);
  return (
    <div className="languages" role="group" aria-label={words.language}>
      {(["es", "en"] as const).map((one) => (
        <button key={one} type="button" lang={one} aria-pressed={one === language} onClick={() => choose(one)}>
          <span aria-hidden="true">{one.toUpperCase()}</span>
          <span className="only-read">{{ es: "Español", en: "English" }[one]}</span>
        </button>
      ))}
    </div>
  );
}

function ThemeChoice() {
  const dark = useTheme() === "dark";
  const words = useWords(shellWords);
  return (
    <IconButton
      icon={dark ? "sun" : "moon"}
      label={dark ? words.toLight : words.toDark}
      onClick={() => chooseTheme(dark ? "light" : "dark")}
    />
  );
}

// The address bar: what is on screen, for a bookmark, a reload, and the way back.
//
// Another question or another edge is a new entry of the history; a slider's step changes the entry that is there.
// Browsers refuse an address that changes too often (Safari after 100 times in 30 s), so it keeps
// a pause between two looks at a run. A run has its entry at once: who goes back right after it must leave it.

import { refOfLink } from "../core/model-ref";
import type { Run } from "../core/run";
import { fromParams } from "../lib/permalink";
import { firstOf } from "../lib/presets";
import { FIRST_LOOK, type View } from "../lib/settings";
import { mayBe } from "./choice";
import { isStale } from "./reduce";
import { linkParams } from "./share";
import type { Action, State } from "./state";
import type { Store } from "./store";

const PAUSE_MS = 400;
/** After the browser has refused. */
const REFUSED_PAUSE_MS = 10_000;

/** Keep the address; `open` shows what an address asks for whose model is not the loaded one. */
export function address(store: Store<State, Action>, open: (params: URLSearchParams) => void): void {
  /** What the entry is about; another is worth an entry of its own. Null for one that was just opened. */
  let about: string | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;

  let written = Number.NEGATIVE_INFINITY;
  const write = () => {
    clearTimeout(timer);
    const state = store.state();
    const { run, view } = state;
    // While another question is being asked, the address stays with the one on screen.
    if (!run || isStale(state)) return;
    const hash = `#${linkParams(run.request, view)}`;
    const now = subjectOf(run, view);
    const isNew = about !== null && about !== now;
    try {
      if (location.hash !== hash) history[isNew ? "pushState" : "replaceState"](history.state, "", hash);
      about = now;
      written = performance.now();
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      timer = setTimeout(write, REFUSED_PAUSE_MS);
    }
  };

  store.subscribe((now, before) => {
    const isOtherRun = now.run?.id !== before.run?.id;
    if (!isOtherRun && now.view === before.view) return;
    clearTimeout(timer);
    const rest = written + PAUSE_MS - performance.now();
    if (!isOtherRun && rest > 0) timer = setTimeout(write, rest);
    else write();
  });

  // Back and forward, a link within the page, the reader's own edit of the address.
  addEventListener("popstate", () => {
    clearTimeout(timer);
    about = null;
    const params = new URLSearchParams(location.hash.slice(1));
    const { loaded } = store.state();
    try {
      const isHere = loaded && mayBe(refOfLink(params.get("model") ?? undefined, document.baseURI), loaded.model.ref);
      if (!isHere) open(params);
      else {
        store.dispatch({ type: "want", wanted: fromParams(params, firstOf(loaded.model.ref, loaded.config)) });
      }
    } catch {
      // An address that names no model: `open` says so.
      open(params);
    }
  });
}

function subjectOf({ request }: Run, { from, to, port, node }: View): string {
  return linkParams(request, { ...FIRST_LOOK, from, to, port, node }).toString();
}

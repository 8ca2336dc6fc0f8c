// The last runs, kept in this browser alone.

const KEY = "pathpatch-recent";
const MOST = 12;

export interface Recent {
  title: string;
  /** The parameters that restore it. */
  params: string;
}

/** Newest first; none where the browser keeps nothing for this site, or something that is not ours. */
export function recentRuns(): Recent[] {
  const isRun = (run: Partial<Recent> | null): run is Recent =>
    typeof run?.title === "string" && typeof run.params === "string";
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? kept.filter(isRun) : [];
  } catch {
    return [];
  }
}

/** Remember a run; one of the same title gives way to it. */
export function remember(run: Recent): void {
  const others = recentRuns().filter(({ title }) => title !== run.title);
  try {
    localStorage.setItem(KEY, JSON.stringify([run, ...others].slice(0, MOST)));
  } catch {
    // A browser that keeps nothing: the list stays as it is.
  }
}

// The last runs, kept in this browser alone. What tells one from another is all that restores it, not its title.

const KEY = "pathpatch-recent";
const MOST = 12;
/** Characters of what restores a run. */
const MOST_PARAMS = 50_000;
const MOST_TITLE = 200;

export interface Recent {
  title: string;
  /** The parameters that restore it. */
  params: string;
}

/** Newest first; none where the browser keeps nothing for this site, or something that is not ours. */
export function recentRuns(): Recent[] {
  try {
    return readRecent(localStorage.getItem(KEY));
  } catch {
    // A browser that keeps nothing for this site.
    return [];
  }
}

/** What was kept; entries that are not ours are left out. */
export function readRecent(kept: string | null): Recent[] {
  let read: unknown;
  try {
    read = JSON.parse(kept ?? "[]");
  } catch {
    return [];
  }
  const isRun = (run: unknown): run is Recent => {
    const { title, params } = (run ?? {}) as Partial<Recent>;
    const areTexts = typeof title === "string" && typeof params === "string";
    return areTexts && title.length <= MOST_TITLE && params.length <= MOST_PARAMS;
  };
  return Array.isArray(read) ? read.filter(isRun).slice(0, MOST) : [];
}

/** The list with a run at its head; the same run further down goes. */
export function withRecent(runs: Recent[], run: Recent): Recent[] {
  if (run.params.length > MOST_PARAMS) return runs;
  return [run, ...runs.filter(({ params }) => params !== run.params)].slice(0, MOST);
}

/** Remember a run; the list as it is then. */
export function remember(run: Recent): Recent[] {
  const runs = withRecent(recentRuns(), run);
  try {
    localStorage.setItem(KEY, JSON.stringify(runs));
  } catch {
    // A browser that keeps nothing: the list lasts as long as the page.
  }
  return runs;
}

/** Letters of a prompt in a title, and of its beginning and its end where it is longer. */
const LETTERS = { all: 40, start: 12, end: 25 };

/** What a run is called in the list: its first prompt, the answers, and how it was measured. */
export function titleOf(pairs: readonly { clean: string; answer: string; distractor: string }[], ...measured: string[]): string {
  const [first] = pairs;
  const text = inShort(first?.clean.trim().replaceAll(/\s+/g, " ") ?? "");
  const answers = [first?.answer, first?.distractor].filter(Boolean).map((answer) => [...answer!.trim()].slice(0, 16).join(""));
  const more = pairs.length > 1 ? ` and ${pairs.length - 1} more` : "";
  return [`${text}${answers.length ? ` → ${answers.join(" / ")}` : ""}${more}`, ...measured].join(", ");
}

/** The beginning and the end of a prompt, cut between words where it has any: its end is what tells it from others. */
function inShort(words: string): string {
  const letters = [...words];
  if (letters.length <= LETTERS.all) return words;
  const [start, end] = [letters.slice(0, LETTERS.start + 1).join(""), letters.slice(-LETTERS.end - 1).join("")];
  const [from, to] = [start.replace(/\s+\S*$/, ""), end.replace(/^\S*\s+/, "")];
  // One long word has no place between words.
  return `${from === start ? letters.slice(0, LETTERS.start).join("") : from} … ${to === end ? letters.slice(-LETTERS.end).join("") : to}`;
}

// The question: what it is about, both prompts as one text, what the model makes of them, and the ways to change it.

import { element } from "../../lib/dom";
import { formatDuration } from "../../lib/format";
import { measured } from "../../lib/measured";
import type { Pair } from "../../lib/pairs";
import { isOf, type Preset } from "../../lib/preset";
import { presetOf } from "../../lib/presets";
import type { Recent } from "../../lib/recent";
import type { Settings } from "../../lib/settings";
import * as tokensView from "../tokens";
import * as editorView from "./editor";
import * as popup from "./popup";

export interface QuestionData extends editorView.EditorData {
  presets: readonly Preset[];
  /** Results that come with the site. */
  saved: readonly popup.Item[];
  /** What was run before, newest first; each with what restores it. */
  recent: readonly Recent[];
  /** What is still shown, where the form asks something else. */
  old: { title: string } | null;
  /** Whether anything is shown. */
  hasRun: boolean;
  /** Whether the prompts that are shown are not the form's, whose model is not here. */
  isUnread: boolean;
  /** Whether this is the question of a file that does not tell its tokens: then its text is all there is, if that. */
  isUntold: boolean;
  /** Whether what both runs say is not there, and will not come by itself. */
  isUnsaid: boolean;
  /** The form waits to be run. */
  needsRun: { seconds: number | null } | null;
  canUndo: boolean;
}

export interface QuestionEvents extends editorView.EditorEvents {
  onPosition: (at: number, length: number) => void;
  onPreset: (preset: Preset) => void;
  /** What was run before, by what restores it. */
  onRecent: (params: string) => void;
  /** A saved result was picked. */
  onOpen: (file: File) => void;
  onRun: () => void;
  /** The form as what is shown was asked. */
  onRevert: () => void;
  onUndo: () => void;
}

export function create(container: HTMLElement, events: QuestionEvents): (data: QuestionData) => void {
  const gist = element("div", { class: "gist" });
  const showGist = gistView(gist, events);
  const prompt = element("div", { class: "prompt-place" });
  const showTokens = tokensView.create(prompt, { onPosition: events.onPosition });
  const texts = element("div", { class: "prompt-texts" });
  const values = element("p", { class: "values" });
  const edit = element("button", { type: "button", id: "edit-prompts", "aria-expanded": "false", "aria-controls": "editor" }, "Edit", element("span", { class: "where-wide" }, " prompts"));
  const examples = element("button", { type: "button", id: "examples", "aria-haspopup": "menu", "aria-expanded": "false" }, "Examples");
  const file = element("input", { type: "file", accept: ".json,application/json", "aria-label": "Open a saved JSON" });
  file.hidden = true;
  const undo = element("button", { type: "button", id: "undo" }, "Undo");
  const panel = element("div", { id: "editor", role: "group", "aria-label": "Prompts and what is measured" });
  panel.hidden = true;
  container.append(gist, prompt, texts, element("div", { class: "values-row" }, values, element("div", { class: "actions" }, edit, examples, undo, file)), panel);
  const showEditor = editorView.create(panel, { ...events, onClose: () => toggle(false) });
  let shown: QuestionData | undefined;

  let wasWrong = false;

  const toggle = (isOpen: boolean, isFocused = true) => {
    panel.hidden = !isOpen;
    edit.setAttribute("aria-expanded", String(isOpen));
    if (isOpen && shown) showEditor(shown);
    if (shown) showGist(shown, Math.min(shown.pair, shown.pairs.length - 1), isOpen ? null : firstWrong(shown));
    if (!isFocused) return;
    if (isOpen) panel.querySelector<HTMLElement>("textarea, input, [role=grid] [tabindex='0']")?.focus({ preventScroll: true });
    else edit.focus();
  };
  edit.addEventListener("click", () => toggle(panel.hidden === true));
  undo.addEventListener("click", events.onUndo);
  file.addEventListener("change", () => {
    for (const picked of file.files ?? []) events.onOpen(picked);
    // The same file can be picked again.
    file.value = "";
  });
  examples.addEventListener("click", () => {
    if (!shown) return;
    const { presets, saved, recent, settings } = shown;
    const isNone = presets.length === 0 && saved.length > 0;
    popup.open(examples, "Examples", [
      ...(isNone ? [] : [{
        heading: "Examples",
        none: "There are none for this model’s words.",
        items: presets.map((preset) => ({
          name: preset.name,
          note: plainGist(preset.gist),
          isChosen: isPreset(preset, settings),
          act: () => events.onPreset(preset),
        })),
      }]),
      ...(saved.length > 0 ? [{ heading: "Saved results, without loading a model", items: [...saved] }] : []),
      {
        heading: "Earlier runs in this browser",
        none: "None yet.",
        items: recent.map(({ title, params }) => ({ name: title, act: () => events.onRecent(params) })),
      },
      { heading: "", items: [{ name: "Open a saved JSON…", note: "Or drop it anywhere on the page.", act: () => file.click() }] },
    ]);
  });

  return (data) => {
    shown = data;
    const { settings, pairs, tokens, predictions, canUndo } = data;
    const at = Math.min(data.pair, pairs.length - 1);
    const wrong = firstWrong(data);
    // With nothing else to look at, what has to be mended is.
    if (wrong !== null && !wasWrong && !data.hasRun) toggle(true, false);
    wasWrong = wrong !== null;
    showGist(data, at, panel.hidden ? wrong : null);
    const [pair, read] = [pairs[at], tokens[at]];
    if (pair && read && read.clean.length > 0 && read.corrupted.length > 0) {
      showTokens({ ...pair, tokens: read, prependBos: settings.prependBos, position: settings.position });
    }
    prompt.classList.toggle("old", !isRead(data, at));
    prompt.hidden = data.isUntold;
    texts.replaceChildren(...(data.isUntold && pair ? textsOf(pair) : []));
    const { clean, corrupted, of } = measured(data.predictedAs, pair ?? null, predictions[at] ?? null);
    values.classList.toggle("old", !data.isPredicted);
    values.hidden = data.isUnsaid;
    values.replaceChildren(
      element("span", {}, element("span", { class: "tag clean" }, "clean"), " ", element("b", {}, clean)),
      element("span", {}, element("span", { class: "tag corrupted" }, "corrupted"), " ", element("b", {}, corrupted)),
      element("span", { class: "of" }, ...of.map((part) => (typeof part === "string" ? part : element("strong", {}, part.own)))),
    );
    undo.disabled = !canUndo;
    if (!panel.hidden) showEditor(data);
  };
}

/** Both prompts as they were typed, where there are any. */
function textsOf(pair: Pair): HTMLElement[] {
  return (["clean", "corrupted"] as const)
    .filter((side) => pair[side] !== "")
    .map((side) => element("p", {}, element("span", { class: `tag ${side}` }, side), " ", pair[side]));
}

/** What is wrong first, for where the editor does not tell it. */
function firstWrong({ errors, rows }: QuestionData): string | null {
  const [row] = rows;
  return Object.values(errors).flat()[0]?.text ?? (row ? `Row ${row.pair + 1}: ${row.text}` : null);
}

/** Whether the tokens that are shown are those of the form as it is. */
function isRead({ settings, pairs, tokens, errors, rows, isUnread }: QuestionData, at: number): boolean {
  const [pair, read] = [pairs[at], tokens[at]];
  if (isUnread || !pair || !read || read.clean.length === 0 || read.corrupted.length === 0) return false;
  if (settings.mode === "lines") return !rows.some((note) => note.pair === at && (note.field === "clean" || note.field === "corrupted"));
  return !errors.clean;
}

const isPreset = (preset: Preset, settings: Settings): boolean => settings.mode === "one" && isOf(preset, settings);

const plainGist = (gist: string): string => gist.replaceAll("*", "");

/** What the question is about; or what is still shown in place of its answer, and what to do about it. */
function gistView(place: HTMLElement, events: QuestionEvents): (data: QuestionData, at: number, wrong: string | null) => void {
  // One element that stays: it is read out where its words change, and not whenever something beside it does.
  const told = element("p", { class: "error", role: "alert" });
  place.append(told);
  const button = (does: string, words: string, act: () => void, isMain = false) => {
    const made = element("button", { type: "button", "data-does": does, class: isMain ? "primary" : "link" }, words);
    made.addEventListener("click", act);
    return made;
  };
  return ({ settings, pairs, old, needsRun, isUntold }, at, wrong) => {
    const hadFocus = place.contains(document.activeElement) ? (document.activeElement as HTMLElement).dataset.does : undefined;
    const run = needsRun ? [button("run", needsRun.seconds === null ? "Run" : `Run · about ${formatDuration(needsRun.seconds)}`, events.onRun, true)] : [];
    const shown = old ? [element("span", { class: "old" }, "Shown: the run of ", element("q", {}, old.title), " · ", button("revert", "Revert", events.onRevert))] : [];
    const steps = pairs.length > 1 ? [stepper(at, pairs.length, events.onPair)] : [];
    const preset = settings.mode === "one" ? presetOf(settings) : null;
    const one = pairs.length === 0 ? "" : isUntold ? "The file does not tell its tokens." : "Not one of the examples.";
    const other = pairs.length > 1 ? `${pairs.length} pairs of prompts; this is one of them.` : one;
    const about = preset
      ? [element("p", {}, ...emphasised(preset.gist), " ", element("a", { href: preset.source.url, title: preset.source.text }, citationOf(preset.source.text)))]
      : [element("p", {}, other)];
    for (const before of [...place.children]) if (before !== told) before.remove();
    told.before(...run);
    told.after(...(old ? shown : wrong === null ? about : []), ...steps);
    if (told.textContent !== (wrong ?? "")) told.textContent = wrong ?? "";
    if (hadFocus) (place.querySelector<HTMLElement>(`[data-does="${hadFocus}"]`) ?? place.querySelector<HTMLElement>("button"))?.focus();
  };
}

/** `Wang et al., Interpretability in the Wild (2022)` as `Wang et al. 2022`. */
const citationOf = (source: string): string => `${source.split(",")[0]} ${/\((\d{4})\)/.exec(source)?.[1] ?? ""}`.trim();

/** Words between stars stand out. */
const emphasised = (text: string): (Node | string)[] => text.split("*").map((part, i) => (i % 2 === 1 ? element("b", {}, part) : part));

/** From pair to pair. */
function stepper(at: number, count: number, onPair: (pair: number) => void): HTMLElement {
  const step = (words: string, to: number, label: string) => {
    const made = element("button", { type: "button", "data-does": label, "aria-label": label }, words);
    made.disabled = to < 0 || to >= count;
    made.addEventListener("click", () => onPair(to));
    return made;
  };
  return element("span", { class: "pair-steps" }, step("‹", at - 1, "Previous pair"), ` Pair ${at + 1} of ${count} `, step("›", at + 1, "Next pair"));
}

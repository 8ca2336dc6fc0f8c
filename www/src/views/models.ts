// Choosing a model: what will be downloaded is said before it is, which one is loaded, and what is kept can be
// deleted.

import type { ModelRef } from "../core/model-ref";
import type { KeptModel, Plan, Space } from "../engine/types";
import { element, labelled } from "../lib/dom";
import { formatBytes } from "../lib/format";
import { MODELS } from "../lib/models";

export interface ModelsData {
  /** What the box holds: one of the offered models, or an address, or files. */
  box: { id: string; address: string; revision: string; files: File[] };
  /** Whether it names a model that can be tried; whether that one is loaded already. */
  isNamed: boolean;
  isLoaded: boolean;
  /** What loading it would download; null while it is not known. */
  plan: Plan | null;
  /** Who is being asked for that, or null. */
  asking: string | null;
  kept: KeptModel[];
  space: Space | null;
  /** Why the chosen model cannot be told of. */
  error: string;
  /** What is said of the model that is loaded; null where none is. */
  loaded: string | null;
  /** What to know of the loaded model's files. */
  warnings: string[];
  isLoading: boolean;
}

export interface ModelsEvents {
  /** Something else was said in the box. */
  onBox: (change: Partial<ModelsData["box"]>) => void;
  /** Files were picked or dropped: a model's, or a saved result. */
  onFiles: (files: File[]) => void;
  onLoad: () => void;
  onDelete: (model: KeptModel) => void;
}

const TYPING_PAUSE_MS = 500;

export function create(container: HTMLElement, events: ModelsEvents): (data: ModelsData) => void {
  const marks = new Map<string, HTMLElement>();
  const radios = MODELS.map(({ id, short, shape }) => {
    const radio = element("input", { type: "radio", name: "model", value: id, id: `weights-${id}` });
    radio.addEventListener("change", () => {
      clearTimeout(typing);
      events.onBox({ id });
    });
    const mark = element("span", { class: "mark" });
    marks.set(id, mark);
    return { radio, row: element("label", { for: `weights-${id}` }, radio, element("span", { class: "name" }, short), element("span", {}, shape), mark) };
  });
  const address = element("input", {
    id: "model-address",
    placeholder: "gpt2, owner/name, or https://…",
    spellcheck: "false",
    "aria-describedby": "model-error",
  });
  const revision = element("input", { id: "model-revision", placeholder: "main", spellcheck: "false" });
  const files = element("input", { id: "model-files", type: "file", multiple: true });
  const picked = element("p", { class: "note" });
  const drop = element(
    "div",
    { class: "drop" },
    element("label", { for: "model-files" }, "config.json, model.safetensors, tokenizer.json (or vocab.json and merges.txt): choose them here, or drop them anywhere on the page. A saved result is opened, too."),
    files,
    picked,
  );
  const other = element(
    "div",
    { class: "pair" },
    labelled("model-address", "Repository or address", address),
    labelled("model-revision", "Revision", revision),
  );
  const plan = element("p", { class: "note", id: "model-plan", role: "status" });
  const load = element("button", { type: "button", class: "primary" }, "Load");
  const loaded = element("p", { class: "note", id: "model-loaded" });
  const error = element("p", { class: "error", id: "model-error", role: "alert" });
  const warning = element("p", { class: "warning", id: "model-warning", role: "status" });
  const list = element("ul", { class: "kept" });
  const title = element("h3", { tabindex: -1 });
  const space = element("p", { class: "note" });
  const chooser = element("div", { class: "model-list", role: "radiogroup", "aria-label": "Weights" }, ...radios.map(({ row }) => row));
  const kept = element("div", { id: "kept" }, title, list, space);
  container.append(loaded, warning, chooser, other, drop, element("div", { class: "load" }, load, plan), error, kept);

  let typing: ReturnType<typeof setTimeout> | undefined;
  const type = () => {
    clearTimeout(typing);
    typing = setTimeout(() => events.onBox({ address: address.value, revision: revision.value }), TYPING_PAUSE_MS);
  };
  address.addEventListener("input", type);
  revision.addEventListener("input", type);
  files.addEventListener("change", () => events.onFiles([...(files.files ?? [])]));
  load.addEventListener("click", events.onLoad);
  // Files may be dropped anywhere on the page.
  addEventListener("dragover", (event) => {
    if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
  });
  addEventListener("drop", (event) => {
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    events.onFiles([...event.dataTransfer.files]);
  });

  let shown: ModelsData["box"] | undefined;
  let shownKept: KeptModel[] | undefined;
  return (data) => {
    const { box } = data;
    if (box !== shown) {
      for (const { radio } of radios) radio.checked = radio.value === box.id;
      // What is being typed is newer than what was heard of it.
      if (document.activeElement !== address) address.value = box.address;
      if (document.activeElement !== revision) revision.value = box.revision;
      picked.textContent = box.files.map(({ name, size }) => `${name} (${formatBytes(size)})`).join(", ");
      other.hidden = box.id !== "other";
      drop.hidden = box.id !== "files";
      shown = box;
    }
    say(plan, says(data));
    say(error, data.error);
    say(loaded, data.loaded ?? "");
    say(warning, data.warnings.join(" "));
    address.setAttribute("aria-invalid", String(data.error !== "" && box.id === "other"));
    load.disabled = data.isLoading || data.isLoaded || !data.isNamed;
    load.textContent = data.isLoaded ? "Loaded" : data.plan && !data.plan.kept ? "Download and load" : "Load";
    if (data.kept !== shownKept) {
      const hadFocus = list.contains(document.activeElement);
      list.replaceChildren(...data.kept.map((each) => keptModel(each, events)));
      title.textContent = data.kept.length ? `Kept in this browser (${data.kept.length})` : "Nothing is kept in this browser";
      const names = new Set(data.kept.filter(({ complete }) => complete).map(({ title: name }) => name));
      for (const { id, ref, bytes } of MODELS) marks.get(id)!.textContent = markOf(ref, bytes, names);
      // The pressed button is gone with its model.
      if (hadFocus) title.focus();
      shownKept = data.kept;
    }
    space.textContent = data.space
      ? `${formatBytes(data.space.usage)} of the ${formatBytes(data.space.quota)} that this browser grants are in use.`
      : "";
  };
}

/** What is unchanged is not said aloud again. */
function say(place: HTMLElement, text: string): void {
  if (place.textContent !== text) place.textContent = text;
}

function markOf(ref: ModelRef | undefined, bytes: number | undefined, kept: ReadonlySet<string>): string {
  if (ref?.kind === "bundled") return "comes with the page";
  if (ref?.kind !== "hub") return "";
  return kept.has(ref.repo) ? "kept in this browser" : `${formatBytes(bytes ?? 0)}, huggingface.co`;
}

function keptModel(each: KeptModel, { onDelete }: ModelsEvents): HTMLElement {
  const state = each.complete ? "" : ", not complete: loading goes on from there";
  const at = each.revision ? ` at ${each.revision.slice(0, 7)}` : "";
  const name = `${each.title}${at}`;
  const button = element("button", { type: "button", "aria-label": `Delete ${name}` }, "Delete");
  button.addEventListener("click", () => onDelete(each));
  return element("li", {}, element("span", {}, `${name}: ${formatBytes(each.bytes)}${state}`), button);
}

function says({ asking, plan, box, isNamed, error }: ModelsData): string {
  if (asking !== null) return `Asking ${asking} what there is to download …`;
  if (plan) return describe(plan);
  const offered = MODELS.find(({ id }) => id === box.id);
  if (offered?.ref?.kind === "bundled") return `It comes with this page. ${offered.about}`;
  if (box.id === "other" && !isNamed) return "A name of the Hugging Face Hub, or where config.json is.";
  if (error !== "" && isNamed) return "You can still try to load it.";
  return "";
}

/** What will be downloaded, and whether there is room to keep it. */
function describe({ files, kept, revision, space }: Plan): string {
  const at = revision ? ` (commit ${revision.slice(0, 7)})` : "";
  if (kept) return `Kept in this browser${at}: nothing will be downloaded.`;
  const weights = files.filter(({ name }) => name.endsWith(".safetensors"));
  if (!weights.length) return "There is no model.safetensors in one file; its size is not known beforehand.";
  const total = downloadSize(files);
  const free = space ? space.quota - space.usage : null;
  const isFull = free !== null && free < total.bytes;
  const room = isFull ? ` There is no room to keep it: this browser grants ${formatBytes(free)} more.` : "";
  return `${total.text} will be downloaded: ${files.map(({ name }) => name).join(", ")}${at}.${room}`;
}

/** How much some files are together, as far as their server tells. */
export function downloadSize(files: Plan["files"]): { bytes: number; text: string } {
  const sizes = files.map(({ bytes }) => bytes);
  const bytes = sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
  return { bytes, text: `${sizes.includes(null) ? "at least " : ""}${formatBytes(bytes)}` };
}

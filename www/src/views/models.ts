// Choosing a model: what will be downloaded is said before it is, and what is kept can be deleted.

import type { KeptModel, ModelSource, Plan, Space } from "../engine/types";
import { element, labelled } from "../lib/dom";
import { formatBytes } from "../lib/format";
import { BUNDLED, MODELS } from "../lib/models";

export interface ModelsData {
  /** What loading the chosen model would download; null while it is not known. */
  plan: Plan | null;
  kept: KeptModel[];
  space: Space | null;
  /** Why the chosen model cannot be loaded. */
  error: string;
  isLoading: boolean;
}

export interface ModelsEvents {
  /** A model was chosen: say what loading it would take; null where there is nothing to ask yet. */
  onChoice: (model: ModelSource | null) => void;
  onLoad: (model: ModelSource) => void;
  onDelete: (model: KeptModel) => void;
}

const TYPING_PAUSE_MS = 500;

export function create(container: HTMLElement, events: ModelsEvents): (data: ModelsData) => void {
  const model = element("select", { id: "model" });
  model.append(...MODELS.map(({ id, name }) => element("option", { value: id }, name)));
  const address = element("input", {
    id: "model-address",
    placeholder: "owner/name, or https://…",
    spellcheck: "false",
    "aria-describedby": "model-error",
  });
  const revision = element("input", { id: "model-revision", placeholder: "main", spellcheck: "false" });
  const files = element("input", { id: "model-files", type: "file", multiple: true });
  const picked = element("p", { class: "note" });
  const drop = element(
    "div",
    { class: "drop" },
    element("label", { for: "model-files" }, "config.json, model.safetensors, tokenizer.json (or vocab.json and merges.txt): choose them, or drop them here"),
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
  const error = element("p", { class: "error", id: "model-error", role: "alert" });
  const list = element("ul", { class: "kept" });
  const space = element("p", { class: "note" });
  const kept = element("details", { id: "kept" }, element("summary", {}, "Kept in this browser"), list, space);
  container.append(
    element(
      "fieldset",
      {},
      element("legend", {}, "Model"),
      labelled("model", "Weights", model),
      other,
      drop,
      plan,
      error,
      load,
      kept,
    ),
  );

  let chosenFiles: File[] = [];
  let typing: ReturnType<typeof setTimeout> | undefined;

  /** What is chosen; null where that is not said yet. */
  const chosen = (): ModelSource | null => {
    const offered = MODELS.find(({ id }) => id === model.value)?.source;
    if (offered) return offered;
    if (model.value === "files") return chosenFiles.length ? { files: chosenFiles } : null;
    const at = address.value.trim();
    const pinned = revision.value.trim();
    return at ? (pinned ? `${at}@${pinned}` : at) : null;
  };
  const choose = () => {
    clearTimeout(typing);
    other.hidden = model.value !== "other";
    drop.hidden = model.value !== "files";
    events.onChoice(chosen());
  };
  const type = () => {
    clearTimeout(typing);
    typing = setTimeout(choose, TYPING_PAUSE_MS);
  };
  const pick = (list: Iterable<File>) => {
    chosenFiles = [...list];
    picked.textContent = chosenFiles.map(({ name, size }) => `${name} (${formatBytes(size)})`).join(", ");
    choose();
  };
  model.addEventListener("change", choose);
  address.addEventListener("input", type);
  revision.addEventListener("input", type);
  files.addEventListener("change", () => pick(files.files ?? []));
  load.addEventListener("click", () => {
    const source = chosen();
    if (source) events.onLoad(source);
  });
  // Files may be dropped anywhere on the page.
  addEventListener("dragover", (event) => {
    if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
  });
  addEventListener("drop", (event) => {
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    model.value = "files";
    pick(event.dataTransfer.files);
  });
  other.hidden = drop.hidden = true;

  return (data) => {
    const source = chosen();
    const isFiles = typeof source === "object" && source !== null && "files" in source;
    plan.textContent = source === BUNDLED.source || isFiles ? "" : data.plan ? describe(data.plan) : "";
    error.textContent = data.error;
    address.setAttribute("aria-invalid", String(data.error !== "" && model.value === "other"));
    load.disabled = data.isLoading || source === null || (source !== BUNDLED.source && !isFiles && !data.plan);
    load.textContent = data.plan && !data.plan.kept && !isFiles ? "Download and load" : "Load";
    list.replaceChildren(...data.kept.map((each) => keptModel(each, events)));
    kept.hidden = data.kept.length === 0;
    space.textContent = data.space
      ? `${formatBytes(data.space.usage)} of the ${formatBytes(data.space.quota)} that this browser grants are in use.`
      : "";
  };
}

function keptModel(each: KeptModel, { onDelete }: ModelsEvents): HTMLElement {
  const state = each.complete ? "" : ", not complete: loading goes on from there";
  const at = each.revision ? ` at ${each.revision.slice(0, 7)}` : "";
  const name = `${each.title}${at}`;
  const button = element("button", { type: "button", "aria-label": `Delete ${name}` }, "Delete");
  button.addEventListener("click", () => onDelete(each));
  return element("li", {}, element("span", {}, `${name}: ${formatBytes(each.bytes)}${state}`), button);
}

/** What will be downloaded, and whether there is room to keep it. */
function describe({ files, kept, revision, space }: Plan): string {
  const at = revision ? ` (commit ${revision.slice(0, 7)})` : "";
  if (kept) return `Kept in this browser${at}: nothing will be downloaded.`;
  const weights = files.filter(({ name }) => name.endsWith(".safetensors"));
  if (!weights.length) return "There is no model.safetensors in one file; its size is not known beforehand.";
  const sizes = files.map(({ bytes }) => bytes);
  const total = sizes.reduce<number>((sum, bytes) => sum + (bytes ?? 0), 0);
  const size = `${sizes.includes(null) ? "at least " : ""}${formatBytes(total)}`;
  const free = space ? space.quota - space.usage : null;
  const room =
    free === null ? "" : free < total ? ` There is no room to keep it: this browser grants ${formatBytes(free)} more.` : "";
  return `${size} will be downloaded: ${files.map(({ name }) => name).join(", ")}${at}.${room}`;
}

// From the page's box for models to a model to load, and back.

import { bundledPath, isSameModel, type ModelRef, parseModel, textOf } from "../core/model-ref";
import type { ModelSource } from "../engine/types";
import { MODELS } from "../lib/models";
import type { Box, Choice } from "./state";

/** The model that the box names; null where it does not say yet. Throws where what it says names none. */
export function choiceOf({ id, address, revision, files }: Box, base: string): Choice | null {
  const offered = MODELS.find((model) => model.id === id)?.ref;
  if (offered) return { ref: offered, files: [] };
  if (id === "files") return files.length ? { ref: { kind: "files" }, files } : null;
  if (address.trim() === "") return null;
  const ref = parseModel(address, base);
  const pinned = revision.trim();
  if (pinned === "") return { ref, files: [] };
  if (ref.kind !== "hub") throw new Error(`revision: expected none beside an address, got ${pinned}`);
  return { ref: parseModel(textOf({ ...ref, revision: pinned }), base), files: [] };
}

/** The box as it names a model. */
export function boxOf(ref: ModelRef, files: File[] = []): Box {
  const empty = { address: "", revision: "", files };
  if (ref.kind === "files") return { ...empty, id: "files" };
  const offered = MODELS.find((model) => model.ref && isSameModel(model.ref, ref));
  if (offered) return { ...empty, id: offered.id };
  if (ref.kind === "hub") return { ...empty, id: "other", address: ref.repo, revision: ref.revision ?? "" };
  return { ...empty, id: "other", address: ref.kind === "address" ? ref.url : "" };
}

/** Whether two choices are one; files of one's own are the same only as the same list. */
export const isSameChoice = (a: Choice, b: Choice): boolean =>
  isSameModel(a.ref, b.ref) || (a.ref.kind === "files" && b.ref.kind === "files" && a.files === b.files);

/** Whether the model that a link names may be this one: files of one's own have no name to tell them by. */
export const mayBe = (linked: ModelRef, ref: ModelRef): boolean =>
  isSameModel(linked, ref) || (linked.kind === "files" && ref.kind === "files");

/** As `PathPatch.load` takes it. */
export function sourceOf({ ref, files }: Choice, base: string): ModelSource {
  switch (ref.kind) {
    case "bundled":
      return new URL(bundledPath(ref.name), base);
    case "hub":
      return ref.revision === null ? { repo: ref.repo } : { repo: ref.repo, revision: ref.revision };
    case "address":
      return new URL(ref.url);
    case "files":
      return { files };
  }
}

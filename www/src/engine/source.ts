// What a caller means by a model, as the engine reads it.

import { PathPatchError } from "./error";
import type { WorkerSource } from "./messages";
import type { ModelSource } from "./types";

const HUB = "https://huggingface.co";
/** `owner/name`, perhaps `@revision`; neither part begins with a dot, so `./name` and `../name` are addresses. */
const REPOSITORY = /^(\w[\w.-]*\/\w[\w.-]*)(?:@([\w./-]+))?$/;

/** Throws a `PathPatchError` where it is no model's name and no address. */
export function workerSource(model: ModelSource): WorkerSource {
  if (typeof model === "object" && "files" in model) return { kind: "files", files: [...model.files] };
  if (typeof model === "object" && "repo" in model) {
    const { repo, revision = "main", hub = HUB } = model;
    return { kind: "hub", hub, repo, revision };
  }
  const [, repo, revision] = REPOSITORY.exec(String(model)) ?? [];
  if (repo) return { kind: "hub", hub: HUB, repo, revision: revision ?? "main" };
  const base = globalThis.document?.baseURI ?? location.href;
  if (!URL.canParse(model, base)) {
    throw PathPatchError.of("io", "model", "owner/name of the Hub, an address or files", JSON.stringify(String(model)));
  }
  return { kind: "url", baseUrl: new URL(model, base).href };
}

// What a caller means by a model, as the engine reads it.

import { namedModel } from "../core/model-ref";
import { PathPatchError } from "./error";
import type { WorkerSource } from "./messages";
import type { ModelSource } from "./types";

const HUB = "https://huggingface.co";

/** Throws a `PathPatchError` where it is no model's name and no address. */
export function workerSource(model: ModelSource): WorkerSource {
  if (typeof model === "object" && "files" in model) return { kind: "files", files: [...model.files] };
  if (typeof model === "object" && "repo" in model) {
    const { repo, revision = "main", hub = HUB } = model;
    return { kind: "hub", hub, repo, revision };
  }
  const ref = namedModel(String(model), globalThis.document?.baseURI ?? location.href);
  if (ref === null) {
    const expected = "gpt2, owner/name of the Hub, the address of a directory with http:// or https://, or files";
    throw PathPatchError.of("io", "model", expected, JSON.stringify(String(model)));
  }
  if (ref.kind === "address") return { kind: "url", baseUrl: ref.url };
  return { kind: "hub", hub: HUB, repo: ref.repo, revision: ref.revision ?? "main" };
}

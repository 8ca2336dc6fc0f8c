import { expect, test } from "vitest";
import { PathPatchError } from "../engine/error";
import { againOf, isLost, loadFailure, runFailure } from "./failure";
import type { Choice, Loaded } from "./state";

test("a lost device is told as what it is, with the error's words beside it", () => {
  const lost = new PathPatchError("device", "device: expected one that answers, got a lost one");
  expect(isLost(lost)).toBe(true);
  expect(runFailure(lost)).toEqual({
    text: "The graphics device is gone. Load the model again: your question is still here.",
    more: "device: expected one that answers, got a lost one",
  });
  expect(isLost(new PathPatchError("answer", "answer: expected one token"))).toBe(false);
  expect(runFailure(new TypeError("x is undefined"))).toEqual({ text: "x is undefined" });
});

test("a server that does not answer is named, with the model; one that answers is quoted", () => {
  const ref = { kind: "hub", repo: "openai-community/gpt2", revision: null } as const;
  const silent = new PathPatchError("io", "https://huggingface.co/api: expected a file's bytes, got 0 bytes, then no answer (TypeError: Failed to fetch)");
  expect(loadFailure(silent, ref).text).toBe(
    "huggingface.co does not answer, so GPT-2 small could not be loaded. Check the connection, then load it again.",
  );
  const missing = new PathPatchError("io", "http://a/b/model.safetensors: expected a file, got status 404 Not Found");
  expect(loadFailure(missing, { kind: "address", url: "http://a.org/b" })).toEqual({
    text: "A file of b was not found at a.org: check the model’s name or address.",
    more: missing.message,
  });
  expect(loadFailure(missing, { kind: "bundled", name: "years-demo" }).text).toBe("A file of Years is missing on this site: it can be loaded once the file is there.");
  const refused = new PathPatchError("io", "nobody/nothing: expected files, got status 401 Unauthorized");
  expect(loadFailure(refused, ref)).toEqual({ text: refused.message });
});

test("a lost engine's own model is loaded again, though another one was tried since", () => {
  const [a, b]: Choice[] = [{ ref: { kind: "bundled", name: "ioi-demo" }, files: [] }, { ref: { kind: "bundled", name: "years-demo" }, files: [] }];
  const there = { loaded: { choice: a } as Loaded, tried: { choice: b!, wanted: new URLSearchParams("x=1") } };
  expect(againOf({ ...there, failure: { text: "lost", retry: "reload" } })).toEqual({ choice: a, wanted: null });
  expect(againOf({ ...there, failure: { text: "not loaded", retry: "load" } })).toBe(there.tried);
  expect(againOf({ ...there, failure: null })).toBe(there.tried);
});

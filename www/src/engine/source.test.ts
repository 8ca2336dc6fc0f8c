import { beforeAll, expect, test } from "vitest";
import { workerSource } from "./source";

beforeAll(() => {
  Object.assign(globalThis, { location: { href: "https://blog.example/post/" } });
});

test("owner/name is a repository of the Hub, with a revision or the main one", () => {
  const hub = "https://huggingface.co";
  const gpt2 = { kind: "hub", hub, repo: "openai-community/gpt2", revision: "main" };
  expect(workerSource("openai-community/gpt2")).toEqual(gpt2);
  expect(workerSource("openai-community/gpt2@607a30d")).toEqual({ ...gpt2, revision: "607a30d" });
  // The names that links and the page's box take.
  expect(workerSource("gpt2")).toEqual(gpt2);
  expect(workerSource("gpt2@607a30d")).toEqual({ ...gpt2, revision: "607a30d" });
  const mirror = { repo: "a/b.c-d", hub: "http://localhost:1" };
  expect(workerSource(mirror)).toEqual({ kind: "hub", revision: "main", ...mirror });
});

test("anything else is an address, relative to the page", () => {
  for (const [model, url] of [
    ["./models/ioi-demo", "https://blog.example/post/models/ioi-demo"],
    ["../models/ioi-demo", "https://blog.example/models/ioi-demo"],
    ["/models/ioi-demo", "https://blog.example/models/ioi-demo"],
    ["./gpt2", "https://blog.example/post/gpt2"],
    ["models", "https://blog.example/post/models"],
    ["a/b/c", "https://blog.example/post/a/b/c"],
    ["https://other.example/gpt2", "https://other.example/gpt2"],
  ] as const) {
    expect(workerSource(model)).toEqual({ kind: "url", baseUrl: url });
  }
  const url = new URL("https://other.example/x/y");
  expect(workerSource(url)).toEqual({ kind: "url", baseUrl: url.href });
});

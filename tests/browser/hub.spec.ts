// Loading models from a server that behaves like the Hugging Face Hub, including its faults, on the CPU.

import { readFileSync, statSync, writeFileSync } from "node:fs";
import * as cli from "./cli";
import { Hub } from "./hub";
import { kept, load, openBlank, sweepLoaded } from "./loading";
import { GPT2_SMALL, bareGpt2, copyOfGpt2, expectedTokens, modelOf, tinyGpt2 } from "./models";
import { difference } from "./module";
import { expect, test } from "./test";
import { GPT2_PRESETS } from "../../www/src/lib/presets";
import type { LoadProgress } from "../../www/src/engine/types";

const REPO = "openai-community/gpt2";
const WEIGHTS = "model.safetensors";
const PROMPTS = {
  clean: "When Mary and John went to the store, John gave a drink to",
  corrupted: "When Mary and John went to the store, Mary gave a drink to",
  answer: " Mary",
  distractor: " John",
};

let hub: Hub;
let size: number;

test.beforeAll(async () => {
  hub = await Hub.start();
  hub.repositories.set(REPO, tinyGpt2("whole"));
  hub.repositories.set("tests/sharded", tinyGpt2("sharded"));
  size = statSync(`${tinyGpt2("whole")}/${WEIGHTS}`).size;
});

test.afterAll(() => hub.stop());

test.beforeEach(async ({ page }) => {
  hub.reset();
  await openBlank(page);
});

test("a model loads with progress, is kept, and loads again without the network", async ({ page }) => {
  const first = await load(page, hub, { repo: REPO });
  expect(first).toMatchObject({ error: "none", layers: 2, kept: true, reason: "for the next visit" });
  expect(first.revision).toMatch(/^607a30d/);
  const weights = first.progress.filter(({ file, from }) => file === WEIGHTS && from === "network");
  expect(weights.at(-1)).toMatchObject({ loaded: size, total: size, secondsLeft: 0, waiting: null });
  expect(weights.at(-1)!.bytesPerSecond).toBeGreaterThan(0);
  for (const component of ["q", "k", "v"]) {
    const theirs = cli.sweep({ model: tinyGpt2("whole"), ...PROMPTS, component });
    expect(difference(await sweepLoaded(page, { ...PROMPTS, component }), theirs)).toBeLessThan(1e-3);
  }
  expect(await kept(page)).toMatchObject([{ title: REPO, complete: true, revision: first.revision }]);

  hub.reset();
  const second = await load(page, hub, { repo: REPO });
  expect(second).toMatchObject({ error: "none", kept: true, revision: first.revision });
  expect(second.progress.every(({ from }) => from === "store")).toBe(true);
  expect(hub.seen).toEqual([]);
  const theirs = cli.sweep({ model: tinyGpt2("whole"), ...PROMPTS, component: "k" });
  expect(difference(await sweepLoaded(page, { ...PROMPTS, component: "k" }), theirs)).toBeLessThan(1e-3);
});

test("kept models can be deleted, and nothing is kept without being asked", async ({ page }) => {
  expect(await load(page, hub, { repo: REPO, keep: false })).toMatchObject({ error: "none", kept: false, reason: "you chose not to keep it" });
  expect(await kept(page)).toEqual([]);
  await load(page, hub, { repo: REPO });
  const [model] = await kept(page);
  expect(model!.bytes).toBeGreaterThan(size);
  await page.evaluate(async (id) => {
    const { PathPatch } = await import(/* @vite-ignore */ `${location.origin}/pathpatch.js`);
    await PathPatch.removeModel(id);
  }, model!.id);
  expect(await kept(page)).toEqual([]);
});

test("a plan says what will be downloaded before anything is", async ({ page }) => {
  const plan = () =>
    page.evaluate(async (hub) => {
      const { PathPatch } = await import(/* @vite-ignore */ `${location.origin}/pathpatch.js`);
      return PathPatch.plan({ repo: "openai-community/gpt2", hub });
    }, hub.url);
  const before = await plan();
  expect(before).toMatchObject({ title: REPO, kept: false, revision: expect.stringMatching(/^607a30d/) });
  expect(before.files.map(({ name }: { name: string }) => name)).toEqual(["config.json", "vocab.json", "merges.txt", WEIGHTS]);
  expect(before.files.at(-1).bytes).toBe(size);
  expect(before.space.quota).toBeGreaterThan(size);
  expect(hub.requestsFor(WEIGHTS)).toEqual([]);
  await load(page, hub, { repo: REPO });
  expect(await plan()).toMatchObject({ kept: true, files: [] });
});

test.describe("when the connection is lost", () => {
  // Chromium logs every lost connection itself.
  test.use({ expectedComplaints: /ERR_|status of/ });

  test("a download resumes where it was cut off", async ({ page }) => {
    hub.fault = (file, before) => (file === WEIGHTS && before < 2 ? { cutAfter: size / 3 } : undefined);
    const loaded = await load(page, hub, { repo: REPO });
    expect(loaded.error).toBe("none");
    const [whole, second, third] = hub.requestsFor(WEIGHTS);
    expect(whole!.range).toBeUndefined();
    const from = (seen: typeof second) => Number(/^bytes=(\d+)-$/.exec(seen?.range ?? "")?.[1]);
    expect(from(second)).toBeGreaterThan(size / 4);
    expect(from(third)).toBeGreaterThan(size / 2);
    expect(hub.seen.filter(({ method }) => method === "OPTIONS")).toEqual([]);
    expect(loaded.progress.some(({ waiting }) => /asking again in \d+ s/.test(waiting ?? ""))).toBe(true);
    const theirs = cli.sweep({ model: tinyGpt2("whole"), ...PROMPTS, component: "v" });
    expect(difference(await sweepLoaded(page, { ...PROMPTS, component: "v" }), theirs)).toBeLessThan(1e-3);
  });

  test("a server without range support is read from the beginning", async ({ page }) => {
    hub.fault = (file, before) => (file === WEIGHTS && before < 1 ? { cutAfter: size / 2 } : { noRanges: true });
    expect((await load(page, hub, { repo: REPO })).error).toBe("none");
    expect(hub.requestsFor(WEIGHTS)).toHaveLength(2);
  });

  test("if it stays lost, the received bytes are kept, and the next load resumes", async ({ page }) => {
    hub.fault = (file, before) => (file === WEIGHTS ? (before ? { status: 500 } : { cutAfter: size / 2 }) : undefined);
    const lost = await load(page, hub, { repo: REPO });
    expect(lost.error).toMatch(/^io \| .*expected \d+ bytes, got \d+ bytes, then status 500.*5 times in a row; what came is kept: load again/);
    expect(await kept(page)).toMatchObject([{ title: REPO, complete: false }]);
    hub.reset();
    const again = await load(page, hub, { repo: REPO });
    expect(again.error).toBe("none");
    expect(hub.requestsFor(WEIGHTS)).toHaveLength(1);
    expect(hub.requestsFor(WEIGHTS)[0]!.range).toMatch(/^bytes=[1-9]\d+-$/);
    expect(hub.requestsFor("config.json")).toEqual([]);
  });

  test("a file with a new version is compared from its beginning", async ({ page }) => {
    hub.fault = (file, before) =>
      file !== WEIGHTS ? undefined : before < 1 ? { cutAfter: size / 2 } : { etag: '"another"' };
    expect(await load(page, hub, { repo: REPO })).toMatchObject({ error: "none", kept: true });
    const ranges = hub.requestsFor(WEIGHTS).map(({ range }) => range);
    expect(ranges).toHaveLength(3);
    expect(ranges).toEqual([undefined, expect.stringMatching(/^bytes=/), undefined]);
  });

  test("a changed file starts over", async ({ page }) => {
    hub.fault = (file, before) =>
      file !== WEIGHTS ? undefined : before < 1 ? { cutAfter: size / 2, corruptAt: Math.floor(size / 4) } : { etag: '"another"' };
    expect(await load(page, hub, { repo: REPO })).toMatchObject({ error: "none", kept: true });
    expect(hub.requestsFor(WEIGHTS)).toHaveLength(4);
    expect(hub.requestsFor(WEIGHTS).map(({ range }) => range)).toEqual([
      undefined,
      expect.stringMatching(/^bytes=/),
      undefined,
      undefined,
    ]);
    const theirs = cli.sweep({ model: tinyGpt2("whole"), ...PROMPTS, component: "v" });
    expect(difference(await sweepLoaded(page, { ...PROMPTS, component: "v" }), theirs)).toBeLessThan(1e-3);
  });

  test("a file that changes every time is given up, and none of it is kept", async ({ page }) => {
    hub.fault = (file, before) =>
      file === WEIGHTS ? { etag: `"${before}"`, cutAfter: size / 2 + before * 2e5, corruptAt: Math.floor(size / 4) + before } : undefined;
    const { error } = await load(page, hub, { repo: REPO });
    expect(error).toMatch(/^io \| .*expected a file that stays the same while it is downloaded, got the file changed during the download/);
    const [model] = await kept(page);
    expect(model).toMatchObject({ complete: false });
    expect(model!.bytes).toBeLessThan(size / 4);
  });
});

test("a cancelled download resumes next time, in another tab too", async ({ page, context }) => {
  hub.fault = (file) => (file === WEIGHTS ? { chunkDelayMs: 5 } : undefined);
  const cancelled = await load(page, hub, { repo: REPO, cancelAt: size / 4 });
  expect(cancelled.error).toMatch(/^cancelled \| /);
  await page.close();
  hub.reset();
  const other = await context.newPage();
  await openBlank(other);
  expect(await kept(other)).toMatchObject([{ complete: false }]);
  expect((await load(other, hub, { repo: REPO })).error).toBe("none");
  expect(hub.requestsFor(WEIGHTS).map(({ range }) => range)).toEqual([expect.stringMatching(/^bytes=[1-9]\d+-$/)]);
});

test("a tab closed during a download keeps the received bytes", async ({ page, context }) => {
  hub.fault = (file) => (file === WEIGHTS ? { chunkDelayMs: 20 } : undefined);
  void load(page, hub, { repo: REPO }).catch(() => {}); // The page is closed under it.
  await expect.poll(() => hub.requestsFor(WEIGHTS).length).toBe(1);
  await new Promise((resolve) => setTimeout(resolve, 700));
  await page.close();
  hub.reset();
  const other = await context.newPage();
  await openBlank(other);
  expect((await load(other, hub, { repo: REPO })).error).toBe("none");
  expect(hub.requestsFor(WEIGHTS)[0]!.range).toMatch(/^bytes=[1-9]\d+-$/);
});

test.describe("faults end in a message, and no wrong file is kept", () => {
  // Chromium itself logs every status that is not a success.
  test.use({ expectedComplaints: /status of/ });

  const faults: [string, () => void, RegExp, Partial<{ repo: string; revision: string }>?][] = [
    ["no such repository", () => {}, /^io \| .*expected a public repository with that revision on http.*, got status 401 Unauthorized: it is private, gated or not there/, { repo: "nobody/nothing" }],
    ["no such revision", () => {}, /^io \| .* at v9: expected a public repository with that revision on http.*, got status 404 Not Found: /, { revision: "v9" }],
    ["403", () => { hub.fault = (file) => (file === WEIGHTS ? { status: 403 } : undefined); }, /^io \| .*model\.safetensors: expected a file model\.safetensors, got status 403 Forbidden: it is private, gated or not there/],
    ["404 for a listed file", () => { hub.fault = (file) => (file === WEIGHTS ? { status: 404 } : undefined); }, /^io \| .*expected a file model\.safetensors, got status 404 Not Found/],
    ["404 for a listed tokenizer", () => { hub.fault = (file) => (file === "vocab.json" ? { status: 404 } : undefined); }, /^io \| .*expected a file vocab\.json, got status 404 Not Found/],
    ["a page instead of JSON", () => { hub.fault = (file) => (file === "config.json" ? { html: true } : undefined); }, /^io \| .*config\.json: expected a file config\.json, got a web page \(HTML\) in its place: is the address right/],
    ["a page instead of the list", () => { hub.apiFault = { html: true }; }, /^io \| .*expected a public repository with that revision on http.*, got a web page \(HTML\)/],
    ["a file that ends early as if that were all", () => { hub.fault = (file) => (file === WEIGHTS ? { endAfter: size / 2, noRanges: true } : undefined); }, /^io \| .*expected \d+ bytes, got the answer ended after \d+ bytes twice: it is shorter than the server lists/],
    ["a file that is longer", () => { hub.fault = (file) => (file === WEIGHTS ? { extra: 10 } : undefined); }, /^io \| .*expected \d+ bytes, got \d+ bytes or more: it is another file than was announced/],
    ["a damaged file", () => { hub.fault = (file) => (file === WEIGHTS ? { corruptAt: size - 2 } : undefined); }, /^io \| .*expected the SHA-256 [0-9a-f]{64}, got [0-9a-f]{64}: it was damaged on the way, and is not kept/],
  ];
  for (const [name, arrange, message, model] of faults) {
    test(name, async ({ page }) => {
      arrange();
      const { error } = await load(page, hub, { repo: REPO, ...model });
      expect(error).toMatch(message);
      expect((await kept(page)).filter(({ complete }) => complete)).toEqual([]);
      hub.reset();
      expect((await load(page, hub, { repo: REPO })).error).toBe("none");
    });
  }
});

test.describe("a refused file of special tokens", () => {
  test.use({ expectedComplaints: /status of/ });

  test("gives a warning at every visit", async ({ page }) => {
    const special = copyOfGpt2("special");
    writeFileSync(`${special}/special_tokens_map.json`, JSON.stringify({ bos_token: "<|endoftext|>" }));
    hub.repositories.set("tests/special", special);
    const model = { repo: "tests/special" };
    hub.fault = (file) => (file === "special_tokens_map.json" ? { status: 403 } : undefined);
    for (let visit = 0; visit < 2; visit += 1) {
      const { error, kept, warnings } = await load(page, hub, model);
      expect({ error, kept }).toEqual({ error: "none", kept: true });
      expect(warnings).toEqual([expect.stringMatching(/^special_tokens_map\.json: status 403 Forbidden; the model is read without it/)]);
    }
    expect(hub.requestsFor("special_tokens_map.json")).toHaveLength(1);
  });
});

test("the error for a repository without readable weights names what it has", async ({ page }) => {
  hub.repositories.set("tests/pickled", modelOf("pickled", { n_layer: 2, n_embd: 32 }, "pytorch_model.bin"));
  const { error } = await load(page, hub, { repo: "tests/pickled" });
  expect(error).toMatch(/^io \| tests\/pickled at main: model\.safetensors: expected .*, got pytorch_model\.bin, PyTorch's pickled format/);
  expect(await kept(page)).toEqual([]);
});

test("a configuration as large as weights is not read to its end", async ({ page }) => {
  const large = copyOfGpt2("large-config");
  writeFileSync(`${large}/config.json`, `${" ".repeat(3e6)}{}`);
  hub.repositories.set("tests/large-config", large);
  const { error } = await load(page, hub, { repo: "tests/large-config" });
  expect(error).toBe("config | config.json: expected at most 1 MB, got more: it is another file than its name says");
  expect(await kept(page)).toEqual([]);
});

test("a model too large for this browser gives an error before its weights are downloaded", async ({ page }) => {
  hub.repositories.set("tests/huge", modelOf("huge", { n_layer: 48, n_embd: 1600 }, WEIGHTS));
  const { error } = await load(page, hub, { repo: "tests/huge" });
  expect(error).toMatch(/^unsupported \| model: expected weights of at most 3\.2 GB, as f32, got 6\.2 GB/);
  expect(hub.requestsFor("config.json")).toHaveLength(1);
  expect(hub.requestsFor(WEIGHTS)).toEqual([]);
});

test.describe("a rate-limited server", () => {
  test.use({ expectedComplaints: /status of/ });
  const expose = { "access-control-expose-headers": "Retry-After, RateLimit" };

  for (const [name, status, headers] of [
    ["429 with Retry-After in seconds", 429, { "retry-after": "3", ...expose }],
    ["503 with Retry-After in seconds", 503, { "retry-after": "3", ...expose }],
    ["429 with the Hub's RateLimit", 429, { ratelimit: '"resolvers";r=0;t=3', ...expose }],
    ["429 with Retry-After as a date", 429, () => ({ "retry-after": new Date(Date.now() + 3000).toUTCString(), ...expose })],
  ] as const) {
    test(`${name}: it waits as long as the server asks, and counts down`, async ({ page }) => {
      const fault = () => ({ status, headers: typeof headers === "function" ? headers() : headers });
      hub.fault = (file, before) => (file === WEIGHTS && before < 2 ? fault() : undefined);
      const loaded = await load(page, hub, { repo: REPO });
      expect(loaded).toMatchObject({ error: "none", kept: true });
      const said = `status ${status} ${status === 429 ? "Too Many Requests" : "Service Unavailable"}; asking again in`;
      const waits = loaded.progress.map(({ waiting }) => waiting);
      for (const seconds of [2, 1]) expect(waits).toContain(`${said} ${seconds} s`);
      expect(loaded.seconds).toBeGreaterThan(3.5);
    });
  }

  test("429 without a wait time, for the list of files too: it retries after a pause", async ({ page }) => {
    hub.apiFault = { status: 429, headers: { "retry-after": "1" } };
    setTimeout(() => (hub.apiFault = undefined), 3000);
    const loaded = await load(page, hub, { repo: REPO });
    expect(loaded).toMatchObject({ error: "none", kept: true });
    const waits = loaded.progress.map(({ waiting }) => waiting);
    expect(waits).toContain("status 429 Too Many Requests; asking again in 5 s");
    expect(waits).toContain("status 429 Too Many Requests; asking again in 1 s");
  });

  test("a server that asks for an hour's wait is given up", async ({ page }) => {
    hub.fault = (file) => (file === WEIGHTS ? { status: 429, headers: { "retry-after": "3600", ...expose } } : undefined);
    const { error, seconds } = await load(page, hub, { repo: REPO });
    expect(error).toMatch(/^io \| .*expected an answer within 10 minutes, got status 429 Too Many Requests: too many requests from your network; load again in 60 minutes/);
    expect(seconds).toBeLessThan(10);
  });

  test("a wait can be cancelled", async ({ page }) => {
    hub.fault = (file) => (file === WEIGHTS ? { status: 429, headers: { "retry-after": "200", ...expose } } : undefined);
    const { error, cancelSeconds } = await load(page, hub, { repo: REPO, cancelWhile: "asking again in 199 s" });
    expect(error).toMatch(/^cancelled \| /);
    expect(cancelSeconds).toBeLessThan(0.3);
  });
});

test("a request to a server that never answers is shown at once and can be cancelled", async ({ page }) => {
  hub.apiFault = { delayMs: 60_000 };
  const host = new URL(hub.url).host;
  const { error, progress, cancelSeconds } = await load(page, hub, { repo: REPO, cancelWhile: `asking ${host}` });
  expect(error).toMatch(/^cancelled \| /);
  expect(progress).toHaveLength(1);
  expect(cancelSeconds).toBeLessThan(0.3);
});

test("a revision with slashes is encoded like in the Hub's own client", async ({ page }) => {
  expect(await load(page, hub, { repo: REPO, revision: "refs/pr/1" })).toMatchObject({ error: "none", kept: true });
  expect(hub.seen[0]!.path).toBe(`/api/models/${REPO}/revision/refs%2Fpr%2F1`);
});

test.describe("file hosts", () => {
  test.use({ expectedComplaints: /ERR_|status of|CORS/ });
  const from = (base: string) => ({ repo: REPO, base, keep: true });
  const isProgressSound = (progress: LoadProgress[]) =>
    progress.every(({ loaded, total }) => total === null || loaded <= total);
  let base: string;
  let bare: string;

  test.beforeAll(() => {
    base = `${hub.url}/${REPO}/resolve/main`;
    hub.repositories.set("tests/bare", bareGpt2());
    bare = `${hub.url}/tests/bare/resolve/main`;
  });

  test("a host that compresses, like GitHub Pages", async ({ page }) => {
    hub.fault = () => ({ gzip: true, hidden: true });
    const first = await load(page, hub, from(base));
    expect(first).toMatchObject({ error: "none", kept: true });
    expect(isProgressSound(first.progress)).toBe(true);
    hub.reset();
    expect(await load(page, hub, from(base))).toMatchObject({ error: "none", kept: true });
    expect(hub.seen).toEqual([]);
    const theirs = cli.sweep({ model: tinyGpt2("whole"), ...PROMPTS, component: "q" });
    expect(difference(await sweepLoaded(page, { ...PROMPTS, component: "q" }), theirs)).toBeLessThan(1e-3);
  });

  for (const [name, fault] of [
    ["compresses, with a weak ETag", { gzip: true }],
    ["compresses, its headers hidden", { gzip: true, hidden: true }],
    ["hides its headers", { hidden: true }],
    ["has weak ETags", { etag: 'W/"1"' }],
  ] as const) {
    test(`a host that ${name}: after a cut, the file is read again and compared, never resumed by range`, async ({ page }) => {
      hub.fault = (file, before) => (file === WEIGHTS && before < 1 ? { ...fault, cutAfter: 3e6 } : fault);
      expect(await load(page, hub, from(base))).toMatchObject({ error: "none", kept: true });
      expect(hub.requestsFor(WEIGHTS).map(({ range }) => range)).toEqual([undefined, undefined]);
      const theirs = cli.sweep({ model: tinyGpt2("whole"), ...PROMPTS, component: "q" });
      expect(difference(await sweepLoaded(page, { ...PROMPTS, component: "q" }), theirs)).toBeLessThan(1e-3);
    });
  }

  test("a host with Last-Modified: the download resumes by range", async ({ page }) => {
    const headers = { "last-modified": "Thu, 01 Jan 2026 00:00:00 GMT" };
    hub.fault = (file, before) => ({ headers, hidden: true, ...(file === WEIGHTS && before < 1 && { cutAfter: 3e6 }) });
    expect(await load(page, hub, from(base))).toMatchObject({ error: "none", kept: true });
    expect(hub.requestsFor(WEIGHTS)[1]!.range).toMatch(/^bytes=[1-9]/);
  });

  test("a host that refuses range requests, as by a CORS preflight: the file is read again", async ({ page }) => {
    hub.fault = (file, before, range) => {
      if (file !== WEIGHTS) return undefined;
      if (before < 1) return { cutAfter: 3e6 };
      return range ? { cutAfter: 0 } : undefined;
    };
    expect(await load(page, hub, from(base))).toMatchObject({ error: "none", kept: true });
    expect(hub.requestsFor(WEIGHTS).map(({ range }) => range)).toEqual([undefined, expect.stringMatching(/^bytes=/), undefined]);
  });

  test("a host that hides its 404s from other origins: optional files count as missing, with a warning", async ({ page }) => {
    hub.missing = { status: 404, noCors: true };
    const first = await load(page, hub, from(base));
    expect(first).toMatchObject({ error: "none", kept: true });
    const optional = ["tokenizer.json", "added_tokens.json", "special_tokens_map.json", "tokenizer_config.json"];
    const told = optional.map((name) => expect.stringContaining(`${name}: no answer from`));
    expect(first.warnings).toEqual(told);
    hub.reset();
    const second = await load(page, hub, from(base));
    expect(second).toMatchObject({ error: "none", kept: true });
    expect(second.warnings).toEqual(told);
    expect(hub.seen).toEqual([]);
  });

  test("a host that hides its 404s, with weights in several files", async ({ page }) => {
    hub.missing = { status: 404, noCors: true };
    const sharded = await load(page, hub, from(`${hub.url}/tests/sharded/resolve/main`));
    expect(sharded).toMatchObject({ error: "none", kept: true });
  });

  test("a file that changed since an unfinished visit is downloaded again", async ({ page }) => {
    const directory = copyOfGpt2("changing");
    hub.repositories.set("tests/changing", directory);
    const changing = from(`${hub.url}/tests/changing/resolve/main`);
    hub.fault = (file) => (file === WEIGHTS ? { chunkDelayMs: 5 } : undefined);
    expect((await load(page, hub, { ...changing, cancelAt: size / 4 })).error).toMatch(/^cancelled/);
    const config = JSON.parse(readFileSync(`${directory}/config.json`, "utf8"));
    writeFileSync(`${directory}/config.json`, JSON.stringify({ ...config, layer_norm_epsilon: 0.125 }));
    hub.reset();
    expect(await load(page, hub, changing)).toMatchObject({ error: "none", kept: true });
    expect(hub.requestsFor("config.json").length).toBeGreaterThan(0);
    expect(hub.requestsFor("vocab.json")).toEqual([]);
    const theirs = cli.sweep({ model: directory, ...PROMPTS, component: "q" });
    expect(difference(await sweepLoaded(page, { ...PROMPTS, component: "q" }), theirs)).toBeLessThan(1e-3);
    const before = cli.sweep({ model: tinyGpt2("whole"), ...PROMPTS, component: "q" });
    expect(difference(theirs, before)).toBeGreaterThan(1e-3);
  });

  test("a host that answers a range with 416: the file is read again", async ({ page }) => {
    hub.fault = (file, before, range) => {
      if (file !== WEIGHTS) return undefined;
      if (before < 1) return { cutAfter: 3e6 };
      return range ? { status: 416 } : undefined;
    };
    expect(await load(page, hub, from(base))).toMatchObject({ error: "none", kept: true });
  });

  for (const [name, missing] of [
    ["403, as S3", { status: 403 }],
    ["401", { status: 401 }],
    ["410", { status: 410 }],
    ["its own page", { html: true }],
  ] as const) {
    test(`a host that answers ${name} for missing files: optional files count as missing`, async ({ page }) => {
      hub.missing = missing;
      expect(await load(page, hub, from(bare))).toMatchObject({ error: "none", kept: true });
      hub.reset();
      expect(await load(page, hub, from(bare))).toMatchObject({ error: "none", kept: true });
      expect(hub.seen).toEqual([]);
      const plan = await page.evaluate(async (base) => {
        const { PathPatch } = await import(/* @vite-ignore */ `${location.origin}/pathpatch.js`);
        await PathPatch.removeModel((await PathPatch.keptModels()).models[0].id);
        return (await PathPatch.plan(base)).files;
      }, bare);
      expect(plan).toEqual([{ name: "config.json", bytes: expect.any(Number) }, { name: WEIGHTS, bytes: expect.any(Number) }]);
    });

    test(`a host that answers ${name} for everything: the error suggests to check the address`, async ({ page }) => {
      hub.missing = missing;
      const { error } = await load(page, hub, from(`${hub.url}/tests/bare/resolve/main/elsewhere`));
      const got = "html" in missing ? "a web page \\(HTML\\) in its place: is the address right" : `status ${missing.status}`;
      expect(error).toMatch(new RegExp(`^io \\| .*elsewhere/config\\.json: expected a file config\\.json, got ${got}`));
      expect(await kept(page)).toEqual([]);
    });
  }
});

test("a checkpoint in several files, its tensors in any order", async ({ page }) => {
  const loaded = await load(page, hub, { repo: "tests/sharded" });
  expect(loaded).toMatchObject({ error: "none", kept: true });
  const theirs = cli.sweep({ model: tinyGpt2("sharded"), ...PROMPTS, component: "k" });
  const ours = await sweepLoaded(page, { ...PROMPTS, component: "k" });
  expect(difference(ours, theirs)).toBeLessThan(1e-3);
  const whole = cli.sweep({ model: tinyGpt2("whole"), ...PROMPTS, component: "k" });
  expect(difference(theirs, whole)).toBe(0);
});

test("a directory under any address", async ({ page }) => {
  const base = `${hub.url}/${REPO}/resolve/main`;
  const layers = await page.evaluate(async (base) => {
    const { PathPatch } = await import(/* @vite-ignore */ `${location.origin}/pathpatch.js`);
    const model = await PathPatch.load(base);
    return [model.config.n_layers, model.keeping.kept, (await model.tokenize(" Mary", { prependBos: false })).length];
  }, base);
  expect(layers).toEqual([2, false, 1]);
});

test("GPT-2's tokens agree with transformers for any text", async ({ page }) => {
  expect((await load(page, hub, { repo: REPO })).error).toBe("none");
  const expected = expectedTokens();
  const wrong = await page.evaluate(async (expected) => {
    type Model = import("../../www/src/engine/pathpatch").PathPatch;
    const { model } = globalThis as unknown as { model: Model };
    const off: unknown[] = [];
    for (const [text, ids] of expected) {
      const ours = (await model.tokenize(text, { prependBos: false })).map(({ id }) => id);
      if (String(ours) !== String(ids)) off.push({ text, ours, theirs: ids });
    }
    return off;
  }, expected);
  expect(expected.length).toBeGreaterThan(2000);
  expect(wrong).toEqual([]);
});

test("every preset for GPT-2 has prompts of equal length and answers that fit its metric", async ({ page }) => {
  expect((await load(page, hub, { repo: REPO })).error).toBe("none");
  const found = await page.evaluate(async (presets) => {
    type Model = import("../../www/src/engine/pathpatch").PathPatch;
    const { model } = globalThis as unknown as { model: Model };
    const ids = async (text: string) => (await model.tokenize(text)).map(({ id }) => id);
    return Promise.all(
      presets.map(async ({ name, clean, corrupted, answer, distractor, metric }) => {
        const [a, b] = [await ids(clean), await ids(corrupted)];
        const answers = [(await model.answerTokens(answer)).length, (await model.answerTokens(distractor, "distractor")).length];
        const warnings = await model.check({ clean, corrupted, answer, distractor, metric });
        return { name, lengths: a.length - b.length, differing: a.filter((id, i) => id !== b[i]).length, first: a[0], answers, warnings };
      }),
    );
  }, GPT2_PRESETS);
  expect(found.length).toBeGreaterThanOrEqual(5);
  for (const preset of found) {
    const answers = preset.name.startsWith("Greater than") ? [58, 42] : [1, 1];
    expect(preset).toMatchObject({ lengths: 0, differing: 1, first: 50256, answers, warnings: [] });
  }
});

test("an answer without its leading space gives an error with a suggestion", async ({ page }) => {
  expect((await load(page, hub, { repo: REPO })).error).toBe("none");
  const error = await page.evaluate(async (prompts) => {
    type Model = import("../../www/src/engine/pathpatch").PathPatch;
    const { model } = globalThis as unknown as { model: Model };
    const asked = model.getActPatchDirectPathAllSources({ ...prompts, answer: "Warsaw", component: "k" });
    return asked.then(() => ({}), ({ code, message, suggestion }) => ({ code, message, suggestion }));
  }, PROMPTS);
  expect(error).toEqual({
    code: "answer",
    message: 'answer: expected one token, got 2: "Wars" "aw"; did you mean " Warsaw"?',
    suggestion: " Warsaw",
  });
});

test("GPT-2 small's size: weights in memory once, resumed, kept, offline, with the command line's numbers", async ({ page }) => {
  test.setTimeout(240_000);
  hub.repositories.set("tests/gpt2-small", GPT2_SMALL);
  const bytes = statSync(`${GPT2_SMALL}/${WEIGHTS}`).size;
  hub.fault = (file, before) => (file === WEIGHTS && before < 1 ? { cutAfter: bytes * 0.6 } : undefined);
  const first = await load(page, hub, { repo: "tests/gpt2-small" });
  expect(first).toMatchObject({ error: "none", layers: 12, kept: true });
  expect(hub.requestsFor(WEIGHTS)).toHaveLength(2);
  hub.reset();
  const second = await load(page, hub, { repo: "tests/gpt2-small" });
  expect(second).toMatchObject({ error: "none", kept: true });
  expect(hub.seen).toEqual([]);
  const megabytes = (n: number) => (n / 1e6).toFixed(0);
  console.log(
    `${megabytes(bytes)} MB of weights: downloaded and loaded in ${first.seconds.toFixed(1)} s, ` +
      `from the store in ${second.seconds.toFixed(1)} s; ${megabytes(second.memory)} MB of wasm memory`,
  );
  expect(Math.max(first.memory, second.memory)).toBeLessThan(bytes + 150e6);

  const ids = { clean: [50256, 9, 8, 7, 6, 5], corrupted: [50256, 9, 8, 4, 6, 3], answer: 11, distractor: 12 };
  const ours = await sweepLoaded(page, { ...ids, component: "k", srcLayer: 9, srcHead: 3 });
  const theirs = cli.sweep({ model: GPT2_SMALL, ...cli.flagsOf(ids), component: "k", source: "9.3" });
  expect(difference(ours, theirs)).toBeLessThan(1e-3);
});

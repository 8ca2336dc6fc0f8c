// Models kept in the browser: tabs share them, no failure destroys them, and models load without them if the browser
// refuses storage.

import { readFileSync, statSync, writeFileSync } from "node:fs";
import * as cli from "./cli";
import { Hub } from "./hub";
import { kept, load, openBlank, patchWorkers, sweepLoaded } from "./loading";
import { copyOfGpt2, tinyGpt2 } from "./models";
import { difference } from "./module";
import { expect, test } from "./test";
import type { Page } from "@playwright/test";

const REPO = "openai-community/gpt2";
const WEIGHTS = "model.safetensors";
const PROMPTS = {
  clean: "When Mary and John went to the store, John gave a drink to",
  corrupted: "When Mary and John went to the store, Mary gave a drink to",
  answer: " Mary",
  distractor: " John",
  component: "k",
};

let hub: Hub;
let size: number;
let base: string;

test.beforeAll(async () => {
  hub = await Hub.start();
  hub.repositories.set(REPO, tinyGpt2("whole"));
  size = statSync(`${tinyGpt2("whole")}/${WEIGHTS}`).size;
  base = `${hub.url}/${REPO}/resolve/main`;
});

test.afterAll(() => hub.stop());

test.beforeEach(async ({ page }) => {
  hub.reset();
  await openBlank(page);
});

/** Check that the last loaded model gives the command line's numbers. */
async function expectRightNumbers(page: Page): Promise<void> {
  const theirs = cli.sweep({ model: tinyGpt2("whole"), ...PROMPTS });
  expect(difference(await sweepLoaded(page, PROMPTS), theirs)).toBeLessThan(1e-3);
}

/** Check that the model loads without the network. */
async function expectOffline(page: Page): Promise<void> {
  hub.reset();
  expect(await load(page, hub, { repo: REPO })).toMatchObject({ error: "none", kept: true });
  expect(hub.seen).toEqual([]);
}

async function secondTab(page: Page): Promise<Page> {
  const other = await page.context().newPage();
  await openBlank(other);
  return other;
}

test.describe("two tabs on one model", () => {
  const slowly = () => {
    hub.fault = (file) => (file === WEIGHTS ? { chunkDelayMs: 20 } : undefined);
  };
  const hasBegun = () => expect.poll(() => hub.requestsFor(WEIGHTS).length).toBe(1);

  test("the second tab waits for the first one's download", async ({ page }) => {
    slowly();
    const other = await secondTab(page);
    const first = load(page, hub, { repo: REPO });
    await hasBegun();
    const second = await load(other, hub, { repo: REPO });
    expect(await first).toMatchObject({ error: "none", kept: true });
    expect(second).toMatchObject({ error: "none", kept: true });
    const waits = second.progress.filter(({ waiting }) => waiting?.startsWith("another tab is downloading it"));
    expect(waits.at(-1)!.loaded).toBeGreaterThan(1e6);
    expect(hub.requestsFor(WEIGHTS)).toHaveLength(1);
    await expectRightNumbers(other);
    await expectOffline(other);
  });

  test("loads can begin at the same moment, two in one tab and one in another", async ({ page }) => {
    slowly();
    const other = await secondTab(page);
    const loads = [load(page, hub, { repo: REPO }), load(page, hub, { repo: REPO }), load(other, hub, { repo: REPO })];
    for (const loaded of await Promise.all(loads)) expect(loaded).toMatchObject({ error: "none", kept: true });
    expect(hub.requestsFor(WEIGHTS)).toHaveLength(1);
    expect(await kept(page)).toMatchObject([{ title: REPO, complete: true }]);
    await expectOffline(page);
  });

  test("if the first tab is closed, the second one continues its download", async ({ page }) => {
    slowly();
    const other = await secondTab(page);
    void load(page, hub, { repo: REPO }).catch(() => {}); // The page is closed under it.
    await hasBegun();
    const second = load(other, hub, { repo: REPO });
    await new Promise((resolve) => setTimeout(resolve, 1000));
    hub.fault = () => undefined;
    await page.close();
    expect(await second).toMatchObject({ error: "none", kept: true });
    expect(hub.requestsFor(WEIGHTS).map(({ range }) => range)).toEqual([undefined, expect.stringMatching(/^bytes=[1-9]\d+-$/)]);
    await expectRightNumbers(other);
    await expectOffline(other);
  });

  test("waiting can be cancelled without effect on the first tab", async ({ page }) => {
    slowly();
    const other = await secondTab(page);
    const first = load(page, hub, { repo: REPO });
    await hasBegun();
    const second = await load(other, hub, { repo: REPO, cancelWhile: "another tab" });
    expect(second.error).toMatch(/^cancelled \| /);
    expect(second.cancelSeconds).toBeLessThan(0.3);
    expect(await first).toMatchObject({ error: "none", kept: true });
    await expectOffline(page);
  });

  test("the wait for a stalled tab is limited", async ({ page }) => {
    await load(page, hub, { repo: REPO });
    const { id } = (await kept(page))[0]!;
    const other = await secondTab(page);
    await other.evaluate((id) => void navigator.locks.request(`pathpatch ${id}`, () => new Promise(() => {})), id);
    const loaded = await load(page, hub, { repo: REPO });
    expect(loaded).toMatchObject({ error: "none", kept: false });
    expect(loaded.reason).toBe("another tab started downloading it and has stalled");
    await other.close();
    await expectOffline(page);
  });

  test("a tab cannot delete a model that another one is loading", async ({ page }) => {
    slowly();
    const first = load(page, hub, { repo: REPO });
    await hasBegun();
    const other = await secondTab(page);
    const refused = await other.evaluate(async () => {
      const { PathPatch } = await import(/* @vite-ignore */ `${location.origin}/pathpatch.js`);
      const { models } = await PathPatch.keptModels();
      return PathPatch.removeModel(models[0].id).then(() => "removed", ({ message }: Error) => message);
    });
    expect(refused).toMatch(/expected a model that nobody is loading, got one that another tab is loading/);
    expect(await first).toMatchObject({ error: "none", kept: true });
    await expectOffline(page);
  });

  test("without Web Locks both tabs load, and one copy is kept", async ({ page }) => {
    const other = await secondTab(page);
    for (const tab of [page, other]) {
      await patchWorkers(tab, `Object.defineProperty(WorkerNavigator.prototype, "locks", { value: undefined });`);
    }
    slowly();
    const first = load(page, hub, { repo: REPO });
    await hasBegun();
    const second = await load(other, hub, { repo: REPO });
    expect(second).toMatchObject({ error: "none", kept: false, reason: expect.stringMatching(/another tab that is writing it/) });
    expect(await first).toMatchObject({ error: "none", kept: true });
    await expectOffline(page);
  });
});

test.describe("if the browser cannot keep files, the model still loads and the reason is given", () => {
  const reject = (what: string, name: string) =>
    `${what} = () => Promise.reject(new DOMException("as in a test", "${name}"));`;
  const QUOTA = 'throw new DOMException("The quota has been exceeded.", "QuotaExceededError");';
  /** Before each write: `this` is the handle. */
  const beforeWrite = (script: string) => `{
    const { write } = FileSystemSyncAccessHandle.prototype;
    FileSystemSyncAccessHandle.prototype.write = function (bytes, options) {
      ${script}
      return write.call(this, bytes, options);
    };
  }`;
  const faults: [string, string, RegExp][] = [
    ["a private window: no directory", reject("StorageManager.prototype.getDirectory", "SecurityError"), /^this browser could not keep it: .*private window/],
    ["no storage at all", `Object.defineProperty(WorkerNavigator.prototype, "storage", { value: undefined });`, /^this browser could not keep it: .*private window/],
    ["iOS: no handle to write", reject("FileSystemFileHandle.prototype.createSyncAccessHandle", "UnknownError"), /UnknownError: as in a test/],
    ["no files to write", reject("FileSystemDirectoryHandle.prototype.getFileHandle", "NotAllowedError"), /NotAllowedError/],
    ["the quota is known to be too small", "StorageManager.prototype.estimate = async () => ({ quota: 4e6, usage: 0 });", /^it takes 8 MB and this browser grants 4 MB more$/],
    ["the quota is reached in the weights", beforeWrite(`if (options.at > ${3e6}) ${QUOTA}`), /quota has been exceeded/],
    ["a write is incomplete", beforeWrite("if (options.at > 3e6) return 0;"), /no space is left/],
    ["a full disk as Chromium reports it", beforeWrite("if (options.at > 3e6) return 2 ** 32 - 8;"), /no space is left/],
    ["the first entry.json cannot be written", beforeWrite(`if (bytes.length < 1000) ${QUOTA}`), /quota has been exceeded/],
    ["the last entry.json cannot be written", beforeWrite(`if (bytes.length < 2000 && new TextDecoder().decode(bytes).endsWith('"complete":true}')) ${QUOTA}`), /quota has been exceeded/],
    ["flushing fails", `FileSystemSyncAccessHandle.prototype.flush = function () { ${QUOTA} };`, /quota has been exceeded/],
  ];
  for (const [name, script, reason] of faults) {
    test(name, async ({ page }) => {
      await patchWorkers(page, script);
      const loaded = await load(page, hub, { repo: REPO });
      expect(loaded).toMatchObject({ error: "none", kept: false, reason: expect.stringMatching(reason) });
      expect(hub.requestsFor(WEIGHTS)).toHaveLength(1);
      await expectRightNumbers(page);
      // In an unchanged browser, the leftovers do no harm.
      const other = await secondTab(page);
      expect(await load(other, hub, { repo: REPO })).toMatchObject({ error: "none", kept: true });
      await expectOffline(other);
    });
  }

  test("a full quota", async ({ page }) => {
    const session = await page.context().newCDPSession(page);
    const origin = new URL(page.url()).origin;
    await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 4e6 });
    for (const model of [{ repo: REPO }, { repo: REPO, base, keep: true }]) {
      hub.reset();
      const loaded = await load(page, hub, model);
      expect(loaded).toMatchObject({ error: "none", kept: false });
      expect(loaded.reason).toMatch(/^this browser could not keep it: .*(quota|no space is left)/i);
      expect(hub.requestsFor(WEIGHTS)).toHaveLength(1);
      await expectRightNumbers(page);
    }
    expect((await kept(page)).filter(({ complete }) => complete)).toEqual([]);
    await session.send("Storage.overrideQuotaForOrigin", { origin });
    expect(await load(page, hub, { repo: REPO })).toMatchObject({ error: "none", kept: true });
    await expectRightNumbers(page);
    await expectOffline(page);
  });
});

test.describe("kept files are not lost", () => {
  const faults: [string, string][] = [
    ["a file cannot be opened", `FileSystemFileHandle.prototype.getFile = () => Promise.reject(new DOMException("as in a test", "NotReadableError"));`],
    ["bytes cannot be read", `{
      const { arrayBuffer } = Blob.prototype;
      Blob.prototype.arrayBuffer = function () {
        if (this.size > 1e6) return Promise.reject(new DOMException("as in a test", "NotReadableError"));
        return arrayBuffer.call(this);
      };
    }`],
  ];
  for (const [name, script] of faults) {
    test(`if ${name}, it is read from the server and stays in storage`, async ({ page }) => {
      await load(page, hub, { repo: REPO });
      const other = await secondTab(page);
      await patchWorkers(other, script);
      const loaded = await load(other, hub, { repo: REPO });
      expect(loaded).toMatchObject({ error: "none", kept: false });
      expect(loaded.reason).toMatch(/could not (be read|keep it): .*as in a test/);
      await expectOffline(page);
    });
  }

  /** Change a kept file behind the engine's back. */
  const overwrite = (page: Page, name: string, at: number, text: string) =>
    page.evaluate(
      async ({ name, at, text }) => {
        const root = await (await navigator.storage.getDirectory()).getDirectoryHandle("pathpatch-models-1");
        for await (const model of root.values()) {
          const file = await (model as FileSystemDirectoryHandle).getFileHandle(name);
          const writable = await file.createWritable({ keepExistingData: at > 0 });
          await writable.write({ type: "write", position: at, data: text });
          await writable.close();
        }
      },
      { name, at, text },
    );

  test("only a damaged file is deleted and downloaded again", async ({ page }) => {
    await load(page, hub, { repo: REPO });
    await overwrite(page, "config.json", 0, "{");
    hub.reset();
    expect(await load(page, hub, { repo: REPO })).toMatchObject({ error: "none", kept: true });
    expect(hub.requestsFor("config.json")).toHaveLength(1);
    expect(hub.requestsFor(WEIGHTS)).toEqual([]);
    await expectOffline(page);
  });

  test("damaged weights of an unfinished download are downloaded again", async ({ page }) => {
    hub.fault = (file) => (file === WEIGHTS ? { chunkDelayMs: 5 } : undefined);
    const cancelled = await load(page, hub, { repo: REPO, cancelAt: size / 2 });
    expect(cancelled.error).toMatch(/^cancelled/);
    await overwrite(page, WEIGHTS, size / 4, "damaged");
    hub.reset();
    expect(await load(page, hub, { repo: REPO })).toMatchObject({ error: "none", kept: true });
    expect(hub.requestsFor(WEIGHTS).map(({ range }) => range)).toEqual([expect.stringMatching(/^bytes=/), undefined]);
    await expectRightNumbers(page);
    await expectOffline(page);
  });

  test("leftover bytes after a shorter entry.json are ignored", async ({ page }) => {
    await load(page, hub, { repo: REPO });
    const entry = await page.evaluate(async () => {
      const root = await (await navigator.storage.getDirectory()).getDirectoryHandle("pathpatch-models-1");
      for await (const model of root.values()) {
        const file = await (model as FileSystemDirectoryHandle).getFileHandle("entry.json");
        return (await file.getFile()).text();
      }
      return "";
    });
    await overwrite(page, "entry.json", 0, `${entry}"complete":false}`);
    await expectOffline(page);
  });

  /** Change the entry.json of a kept model. */
  const rewriteEntry = async (page: Page, change: (entry: Record<string, unknown>) => string) => {
    const entry = await page.evaluate(async () => {
      const root = await (await navigator.storage.getDirectory()).getDirectoryHandle("pathpatch-models-1");
      for await (const model of root.values()) {
        const file = await (model as FileSystemDirectoryHandle).getFileHandle("entry.json");
        return (await file.getFile()).text();
      }
      return "{}";
    });
    await overwrite(page, "entry.json", 0, change(JSON.parse(entry)));
  };

  /** Delete a kept file, as a browser does when it needs space. */
  const evict = (page: Page, name: string) =>
    page.evaluate(async (name) => {
      const root = await (await navigator.storage.getDirectory()).getDirectoryHandle("pathpatch-models-1");
      for await (const model of root.values()) await (model as FileSystemDirectoryHandle).removeEntry(name);
    }, name);

  for (const name of ["config.json", "vocab.json", WEIGHTS]) {
    test(`if only ${name} is missing, only it is downloaded again`, async ({ page }) => {
      await load(page, hub, { repo: REPO });
      await evict(page, name);
      expect(await kept(page)).toMatchObject([{ title: REPO, complete: false }]);
      hub.reset();
      expect(await load(page, hub, { repo: REPO })).toMatchObject({ error: "none", kept: true });
      const asked = hub.seen.filter(({ path }) => !path.startsWith("/api/"));
      expect(asked.map(({ path }) => path.split("/").at(-1))).toEqual([name]);
      await expectRightNumbers(page);
      await expectOffline(page);
    });
  }

  test("for a model kept by an earlier version, files that it did not read are downloaded", async ({ page }) => {
    const special = copyOfGpt2("kept-before");
    hub.repositories.set("tests/kept-before", special);
    const model = { repo: "tests/kept-before" };
    await load(page, hub, model);
    await rewriteEntry(page, ({ format, passedOver, ...entry }) => JSON.stringify(entry));
    // The server had this file, but that version did not read it.
    writeFileSync(`${special}/special_tokens_map.json`, JSON.stringify({ bos_token: "!" }));
    hub.reset();
    expect(await load(page, hub, model)).toMatchObject({ error: "none", kept: true });
    const asked = hub.seen.filter(({ path }) => !path.startsWith("/api/"));
    expect(asked.map(({ path }) => path.split("/").at(-1))).toEqual(["special_tokens_map.json"]);
    hub.reset();
    expect(await load(page, hub, model)).toMatchObject({ error: "none", kept: true });
    expect(hub.seen).toEqual([]);
  });

  test("without an entry.json, the hash decides", async ({ page }) => {
    await load(page, hub, { repo: REPO });
    await rewriteEntry(page, (entry) => JSON.stringify(entry).slice(0, 100));
    hub.reset();
    expect(await load(page, hub, { repo: REPO })).toMatchObject({ error: "none", kept: true });
    expect(hub.requestsFor(WEIGHTS)).toEqual([]);
    await expectRightNumbers(page);
    await expectOffline(page);
  });

  test("weights with the right hash are not deleted", async ({ page }) => {
    await load(page, hub, { repo: REPO });
    // Change the configuration, so that the weights do not fit.
    const config = JSON.parse(readFileSync(`${tinyGpt2("whole")}/config.json`, "utf8"));
    await overwrite(page, "config.json", 0, JSON.stringify({ ...config, n_embd: 2 * config.n_embd }));
    expect((await load(page, hub, { repo: REPO })).error).toMatch(/^checkpoint/);
    expect((await kept(page))[0]!.bytes).toBeGreaterThan(size);
  });

  test("an unreadable directory does not hide the others", async ({ page }) => {
    await load(page, hub, { repo: REPO });
    await page.evaluate(async () => {
      const root = await (await navigator.storage.getDirectory()).getDirectoryHandle("pathpatch-models-1");
      const broken = await root.getDirectoryHandle("broken", { create: true });
      await broken.getDirectoryHandle("entry.json", { create: true });
    });
    const models = (await kept(page)).sort((a, b) => a.title.localeCompare(b.title));
    expect(models).toMatchObject([{ title: "broken", complete: false }, { title: REPO, complete: true }]);
  });
});

test("with a model that is deleted goes what was remembered of this browser", async ({ page }) => {
  const remembered = await page.evaluate(async () => {
    const { PathPatch } = await import(/* @vite-ignore */ `${location.origin}/pathpatch.js`);
    const name = "pathpatch-remembered-1";
    await (await caches.open(name)).put("https://remembered.invalid/?key", new Response("text"));
    await PathPatch.keptModels();
    const before = await caches.has(name);
    await PathPatch.removeModel("none");
    return { before, after: await caches.has(name) };
  });
  expect(remembered).toEqual({ before: true, after: false });
});

test("a cancelled load leaves nothing locked", async ({ page }) => {
  hub.fault = (file) => (file === WEIGHTS ? { chunkDelayMs: 5 } : undefined);
  for (let i = 1; i <= 3; i += 1) {
    const loaded = await load(page, hub, { repo: REPO, cancelAt: (size * i) / 5 });
    expect(loaded.error).toMatch(/^cancelled \| /);
    expect(loaded.cancelSeconds).toBeLessThan(0.3);
  }
  expect(await load(page, hub, { repo: REPO })).toMatchObject({ error: "none", kept: true });
  expect(hub.requestsFor(WEIGHTS).slice(1).every(({ range }) => range?.startsWith("bytes="))).toBe(true);
});

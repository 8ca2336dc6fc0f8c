import { afterEach, expect, test, vi } from "vitest";
import { forget, recall, remember } from "./remembered";

/** Cache Storage as far as it is used: entries by address, and only those that a browser takes. */
function cacheStorage(): Pick<CacheStorage, "open" | "delete"> {
  const stored = new Map<string, Map<string, string>>();
  const addressed = (address: string) => new URL(address).href;
  const open = async (name: string) => {
    const entries = stored.get(name) ?? new Map<string, string>();
    stored.set(name, entries);
    return {
      match: async (address: string) => {
        const found = entries.get(addressed(address));
        return found === undefined ? undefined : new Response(found);
      },
      put: async (address: string, response: Response) => {
        if (!/^https?:/.test(new URL(address).protocol)) throw new TypeError("scheme");
        entries.set(addressed(address), await response.text());
      },
    } as unknown as Cache;
  };
  return { open, delete: async (name) => stored.delete(name) };
}

const refused = async () => {
  throw new DOMException("off", "SecurityError");
};

afterEach(() => vi.unstubAllGlobals());

test("what is remembered is recalled by its key, the last of it", async () => {
  vi.stubGlobal("caches", cacheStorage());
  expect(await recall("product/a")).toBeUndefined();
  await remember("product/a", "registers-4x4");
  await remember("product/b", "shared-64x64");
  await remember("product/a", "shared-64x128");
  expect(await recall("product/a")).toBe("shared-64x128");
  expect(await recall("product/b")).toBe("shared-64x64");
});

test("a key may have any characters, and a text may be empty", async () => {
  vi.stubGlobal("caches", cacheStorage());
  const keys = ["product/NVIDIA GeForce, 0x2684?#%/768/1.0", "product/é⚡", "product", "product/", "../product", "..", ".", ""];
  for (const key of keys) await remember(key, `of ${key}`);
  for (const key of keys) expect(await recall(key)).toBe(`of ${key}`);
  await remember("product", "");
  expect(await recall("product")).toBe("");
});

test("once forgotten, it is gone", async () => {
  vi.stubGlobal("caches", cacheStorage());
  await remember("a", "1");
  await forget();
  expect(await recall("a")).toBeUndefined();
});

test.each([
  ["there is none", undefined],
  ["it is refused", { open: refused, delete: refused }],
])("without storage, as %s, nothing is recalled and nobody is troubled", async (_, caches) => {
  vi.stubGlobal("caches", caches);
  await expect(remember("a", "1")).resolves.toBeUndefined();
  await expect(recall("a")).resolves.toBeUndefined();
  await expect(forget()).resolves.toBeUndefined();
});

// Short texts that are kept for the origin between visits, as what was measured here once: in a worker too, where there is
// no localStorage. Whoever asks does without where nothing can be kept, as in private windows and sandboxed frames.
//
// In Cache Storage, and not beside the models in the origin private file system: an entry is written whole or not at all,
// and two tabs may write at once.

const NAME = "pathpatch-remembered-1";

/** What was remembered last for a key; undefined where nothing was, or nothing can be. */
export async function recall(key: string): Promise<string | undefined> {
  try {
    const found = await (await caches.open(NAME)).match(addressOf(key));
    return await found?.text();
  } catch {
    return undefined;
  }
}

/** Remember a text for a key, in place of what was there. */
export async function remember(key: string, value: string): Promise<void> {
  try {
    await (await caches.open(NAME)).put(addressOf(key), new Response(value));
  } catch {
    // It is found out anew the next time.
  }
}

/** Forget all of it, as whoever deletes a model from this browser expects. */
export async function forget(): Promise<void> {
  try {
    await caches.delete(NAME);
  } catch {
    // Where nothing can be kept there is nothing.
  }
}

/** Entries have addresses; nobody is asked for them, and there is no such host. */
const addressOf = (key: string): string => `https://remembered.invalid/?${encodeURIComponent(key)}`;

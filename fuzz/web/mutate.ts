// Changes to texts and to the structure of JSON.

export interface Random {
  /** A whole number from 0 to n - 1. */
  below(n: number): number;
  /** One of the elements. */
  of<T>(all: readonly T[]): T;
  /** A value to put into a text. */
  value(): string;
}

/** Text that readers often get wrong, mostly JSON. */
const VALUES = [
  "0", "-1", "-0", "1", "2", "255", "256", "1536", "65536", "1000000", "4294967296", "9007199254740993", "1e308", "1e999",
  "-1e999", "0.1", "1e-320", "NaN", "null", "true", "false", '""', '"a"', '"\\u0000"', '"\\ud800"', '"q"', '"__proto__"',
  "[]", "{}", "[[]]", "[null]", '{"a":1}', "[0,1,2]", '{"layer":9999,"head":0}', '{"__proto__":{"layer":1}}', '"toString"',
];
const KEYS = ["__proto__", "constructor", "length", "toString", "indices", "layers", "heads", "values", "x"];
const DEEP = [1, 10, 1000, 100_000];

/** Random numbers that depend only on the seed and the input's number. */
export function randomOf(seed: number, number: number): Random {
  let state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b)) >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
  const below = (n: number) => next() % n;
  const of = <T>(all: readonly T[]): T => all[below(all.length)]!;
  return { below, of, value: () => of(VALUES) };
}

/** A text with some characters changed. */
export function changed(text: string, random: Random): string {
  const at = random.below(text.length + 1);
  const end = Math.min(text.length, at + random.below(16));
  const put = (from: number, to: number, what: string) => text.slice(0, from) + what + text.slice(to);
  return random.of([
    () => text.slice(0, at),
    () => put(at, end, ""),
    () => put(at, at, text.slice(at, end)),
    () => put(at, at + 1, String.fromCharCode(random.below(0x10000))),
    () => put(at, at, random.value()),
    () => put(at, end, random.value()),
    () => put(at, at, "[".repeat(random.of(DEEP))),
  ])();
}

type Container = Record<string, unknown> | unknown[];

/** A JSON text with members dropped or renamed, and values replaced by others or by text that may not be JSON. */
export function changedJson(text: string, random: Random): string {
  const root = JSON.parse(text) as Container;
  const raw = new Map<string, string>();
  for (let i = 1 + random.below(3); i > 0; i -= 1) {
    const [container, key] = random.of(placesIn(root));
    const [other, otherKey] = random.of(placesIn(root));
    const values = container as Record<string, unknown>;
    random.of([
      () => {
        const mark = `raw ${raw.size} ${random.below(1e9)}`;
        raw.set(JSON.stringify(mark), random.value());
        values[key] = mark;
      },
      () => {
        values[key] = structuredClone((other as Record<string, unknown>)[otherKey]);
      },
      () => {
        if (Array.isArray(container)) container.splice(Number(key), 1);
        else delete container[key];
      },
      () => {
        // Arrays in JSON have no named members, and a name such as "constructor" would break the array here.
        if (Array.isArray(container)) return;
        Object.defineProperty(values, random.of(KEYS), {
          value: values[key], enumerable: true, configurable: true, writable: true,
        });
      },
      () => {
        if (typeof values[key] === "number") values[key] += random.of([1, -1, 0.5, 100, 1e6, -1e6]);
      },
      () => {
        if (Array.isArray(container)) container.push(...container.slice(0, 1000));
      },
    ])();
  }
  return [...raw].reduce((out, [mark, value]) => out.replace(mark, () => value), JSON.stringify(root));
}

/** Every member of every object and array, but only a few members of large ones. */
function placesIn(root: Container): [Container, string][] {
  const places: [Container, string][] = [];
  const visit = (container: Container) => {
    const keys = Object.keys(container);
    for (const key of keys.length > 20 ? [...keys.slice(0, 3), keys.at(-1)!] : keys) {
      places.push([container, key]);
      const value = (container as Record<string, unknown>)[key];
      if (typeof value === "object" && value !== null) visit(value as Container);
    }
  };
  visit(root);
  return places.length ? places : [[{ x: null }, "x"]];
}

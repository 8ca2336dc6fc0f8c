// Fuzzes links or saved results: each must give either a readable error or a value with every field within bounds.
//
//     node loop.mjs link|saved SECONDS SEED CURRENT
//
// The file CURRENT holds the current input.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { detailFixture, predictionsFixture } from "../../www/src/core/known.fixture";
import { runOf } from "../../www/src/core/run.fixture";
import { baseOf, edgesOf, hasBaselines, hasPath, nodeTotals, reachOf, STATE, strongestOf, type Table } from "../../www/src/core/table";
import { isFrom, isNode, isTo, lookAt, within } from "../../www/src/core/view";
import { METRICS } from "../../www/src/lib/format";
import { PairsError, pairsOf } from "../../www/src/lib/pairs";
import { fromParams, toParams } from "../../www/src/lib/permalink";
import { restore, save } from "../../www/src/lib/saved";
import { DIRECTIONS, EXAMPLE, LAYER_NORMS, MAX_EDGES, PATCHES, SCOPES, type Settings, type View } from "../../www/src/lib/settings";
import { changed, changedJson, type Random, randomOf } from "./mutate";

/** The longest time that one input may take, in milliseconds. */
const SLOWEST = 1000;
const MAX_TEXT = 1_000_000;
const MAX_PAIRS = 10_000;
const MAX_PLACES = 1800 * 4900;

/** From before edges had names, and with them and all that is known beside them. */
const RUN = runOf();
const KNOWN = { details: [detailFixture(RUN, { from: "a0.h1", to: "a1.h0<k>" })], predictions: [predictionsFixture()] };
const FIGURES = [
  readFileSync("tests/fixtures/figure-1.json", "utf8"),
  JSON.stringify(save(RUN, lookAt(EXAMPLE.view, RUN.table, RUN.lead), { known: KNOWN })),
];

function link(random: Random): string {
  const params = toParams(EXAMPLE, EXAMPLE);
  params.set("model", random.of(["openai-community/gpt2@main", "https://example.org/model", ""]));
  params.set("mode", random.of(["one", "lines", "template"]));
  params.set("lines", "a | b | c | d\na\tb\tc");
  params.set("fillings", "A=Mary, B=John\nA=John, B=Mary");
  params.set("dst", "1.3");
  for (const [key, value] of [["from", "a0.h1"], ["to", "a1.h3<q>"], ["node", "m0"], ["port", "k"]] as const) {
    if (random.below(2)) params.set(key, value);
  }
  params.set("direction", random.of(["denoise", "noise"]));
  params.set("strongest", random.of(["1", "1000", "0"]));
  if (random.below(4) === 0) params.set("clean", "When {A} and {B} went".repeat(1 + random.below(2) * 1000));
  for (let i = random.below(5); i > 0; i -= 1) {
    const [keys, values] = [[...params.keys()], [...params.values()]];
    const key = random.of(keys);
    const value = random.of([random.of(values), changed(params.get(key) ?? "", random), random.value(), "", "\u{d800}", random.of(["x\n", "a|b|c|d\n", "A=1, B=2\n"]).repeat(1 + random.below(20_000))]);
    random.of([() => params.set(key, value), () => params.delete(key), () => params.append(key, value), () => params.set(random.of(keys), value)])();
  }
  return random.below(4) ? params.toString() : changed(params.toString(), random);
}

const saved = (random: Random): string => {
  const figure = random.of(FIGURES);
  const text = random.below(3) ? changedJson(figure, random) : figure;
  return random.below(3) ? text : changed(text, random);
};

/** The value, or null if the input was refused with a message that matches. */
function read<T>(work: () => T, refusal: RegExp): T | null {
  try {
    return work();
  } catch (error) {
    // A bug would throw another class of error, such as TypeError or RangeError.
    assert.ok(error instanceof Error && (error.constructor === Error || error instanceof PairsError), String((error as Error).stack));
    assert.match(error.message, refusal);
    assert.ok(error.message.length < 2000, `a message of ${error.message.length} characters`);
    return null;
  }
}

const isWhole = (value: unknown, least: number, most: number) =>
  Number.isInteger(value) && (value as number) >= least && (value as number) <= most;

function checkSettings(settings: Settings): void {
  for (const key of ["clean", "corrupted", "answer", "distractor", "lines", "fillings"] as const) {
    assert.ok(typeof settings[key] === "string" && settings[key].length <= MAX_TEXT, key);
  }
  assert.ok(["one", "lines", "template"].includes(settings.mode), "mode");
  assert.ok(Object.hasOwn(METRICS, settings.metric), "metric");
  assert.ok(Object.hasOwn(LAYER_NORMS, settings.layerNorm), "layerNorm");
  assert.ok(Object.hasOwn(SCOPES, settings.scope), "scope");
  assert.ok(Object.hasOwn(DIRECTIONS, settings.direction), "direction");
  assert.ok(Object.hasOwn(PATCHES, settings.patch), "patch");
  assert.ok(isWhole(settings.strongest, 1, 1e7), "strongest");
  assert.equal(typeof settings.prependBos, "boolean");
  assert.ok(settings.position === null || isWhole(settings.position, -1e6, 1e6), "position");
  const pairs = read(() => pairsOf(settings), /^(Line|There|The|Write) /);
  assert.ok((pairs?.length ?? 0) <= MAX_PAIRS, `${pairs?.length} pairs`);
}

function checkView(view: View, table: Table | null): void {
  assert.ok(view.from === null || isFrom(view.from), "from");
  assert.ok(view.to === null || isTo(view.to), "to");
  assert.ok(view.node === null || isNode(view.node), "node");
  assert.ok(view.port === null || ["q", "k", "v"].includes(view.port), "port");
  // All of it is the file's own.
  if (table) assert.equal(within(table, view), view);
  assert.ok(isWhole(view.edges, 0, MAX_EDGES), "edges");
  assert.ok(view.least >= 0 && view.least <= 1, "least");
  assert.ok(isWhole(view.pair, 0, MAX_PAIRS), "pair");
}

function tryLink(text: string): boolean {
  const shared = fromParams(new URLSearchParams(text), EXAMPLE);
  checkSettings(shared.settings);
  checkView(shared.view, null);
  const again = fromParams(new URLSearchParams(toParams(shared, EXAMPLE).toString()), EXAMPLE);
  assert.deepEqual(again, { ...shared, settings: asked(shared.settings) });
  return true;
}

/** Without the batch that is not in use, and without fill-ins where there is no template: a link leaves them out. */
const asked = (settings: Settings): Settings => ({
  ...settings,
  lines: settings.mode === "lines" ? settings.lines : EXAMPLE.settings.lines,
  fillings: settings.mode === "template" ? settings.fillings : EXAMPLE.settings.fillings,
});

function trySaved(text: string): boolean {
  const got = read(() => restore(text), /^saved result: (.{1,60}: )?expected .*, got /s);
  if (got === null) return false;
  const { saved, table } = got;
  const size = table.senders.length * table.receivers.length;
  assert.ok(size >= 1 && size <= MAX_PLACES, "places");
  checkSettings(saved.settings);
  checkView(saved.view, table);
  assert.ok(hasBaselines(table) || baseOf(table) === 0, "metrics");
  assert.equal(table.values.length, size);
  table.values.forEach((value, place) => {
    assert.ok(Number.isNaN(value) ? table.state[place]! < STATE.estimate : Number.isFinite(value), "a value");
    assert.ok(!(Math.abs(table.stdDev[place]!) === Number.POSITIVE_INFINITY), "a deviation");
  });
  // What a figure draws from it.
  edgesOf(table);
  nodeTotals(table);
  assert.ok(Number.isFinite(reachOf(table)), "the largest effect");
  const best = strongestOf(table, {});
  assert.ok(best === null || hasPath(table, best), "the strongest edge");
  const { edge } = lookAt(saved.view, table, best);
  assert.ok(edge === null || hasPath(table, edge), "the edge that is looked at");
  for (const { clean, corrupted } of saved.tokens ?? []) {
    for (const token of [...clean, ...corrupted]) assert.ok(isWhole(token.id, 0, 2 ** 31) && typeof token.text === "string", "token");
  }
  const written = JSON.stringify(saved);
  assert.equal(JSON.stringify(restore(written).saved), written);
  return true;
}

const [kind, seconds, seed, current] = process.argv.slice(2);
const [make, attempt] = kind === "link" ? [link, tryLink] : [saved, trySaved];
const until = performance.now() + Number(seconds) * 1000;
let tried = 0;
let accepted = 0;
while (performance.now() < until) {
  const input = make(randomOf(Number(seed), tried));
  writeFileSync(current!, input);
  const began = performance.now();
  accepted += Number(attempt(input));
  const took = performance.now() - began;
  assert.ok(took < SLOWEST, `took ${took.toFixed(0)} ms`);
  tried += 1;
}
console.log(`${kind!.padEnd(16)} ${String(tried).padStart(9)} inputs, ${String(accepted).padStart(8)} accepted, 0 failed`);

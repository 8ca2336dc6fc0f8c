// What a saved result knows beside its edges, so that it can be read without a model: what both runs say next, and some
// edges in detail.
//
// No token attends to a later one, so of attention `[pos, pos]` the lower triangle is written, row by row. Numbers that
// are only looked at are rounded; the metric's are the same float32 again.

import { FieldError, fields, finite, float, list, MOST_FLOAT, name as nameText, orNull, own, readAll, type Reader, type SavedTokens, text, whole } from "../core/fields";
import type { Known, KnownDetail } from "../core/run";
import type { Both, EdgeDetail, PairPredictions, Prediction } from "../engine/types";
import { type SavedEdges, short } from "./saved-edges";

type Head = NonNullable<EdgeDetail["src"]>;
type Moved = EdgeDetail["moved"][number];

/** An edge in detail as a file has it. */
export interface SavedDetail extends Omit<EdgeDetail, "moved" | "tokens" | "warnings"> {
  from: string;
  to: string;
  pair: number;
  /** A token has its text unless the model has no tokenizer. */
  moved: (Moved & { text?: string })[];
}

export interface SavedKnown {
  /** For the first pairs. */
  predictions: PairPredictions[];
  details: SavedDetail[];
}

/** Digits of numbers that are looked at. */
const DIGITS = 4;
const MOST_DETAILS = 500;
/** Tokens of an answer, which may be a set. */
const MOST_TOKENS = 60_000;
/** Next tokens of a run, or tokens that a patch moves: each is shown. */
const MOST_SHOWN = 100;
const MOST_TOKEN_TEXT = 4096;

const rounded = (value: number): number => Number(value.toPrecision(DIGITS));
const roundedAll = (values: readonly number[]): number[] => values.map(rounded);

function bothOf<T, U>({ clean, corrupted }: Both<T>, change: (value: T) => U): Both<U> {
  return { clean: change(clean), corrupted: change(corrupted) };
}

/** As a file has it. Values that are not finite, which JSON cannot hold, are left out with their edge or their pair. */
export function saveKnown({ predictions, details }: Known): SavedKnown {
  const isFinite = (value: unknown): boolean =>
    typeof value === "number" ? Number.isFinite(value) : typeof value !== "object" || value === null || Object.values(value).every(isFinite);
  const finiteFrom = predictions.findIndex((pair) => !isFinite(pair));
  return {
    predictions: predictions.slice(0, finiteFrom < 0 ? undefined : finiteFrom).map(savePredictions),
    details: details.filter(({ detail }) => isFinite(detail)).map(saveDetail),
  };
}

function savePredictions({ top, answers, distractors, metric, logitDiff }: PairPredictions): PairPredictions {
  const shorten = (all: Prediction[]) =>
    all.map(({ id, text, logit, probability }) => ({ id, text, logit: short(logit), probability: rounded(probability) }));
  const known = (value: number | null) => (value === null ? null : short(value));
  return {
    top: bothOf(top, shorten),
    answers: bothOf(answers, shorten),
    distractors: bothOf(distractors, shorten),
    metric: bothOf(metric, known),
    logitDiff: bothOf(logitDiff, known),
  };
}

function saveDetail({ from, to, pair, detail }: KnownDetail): SavedDetail {
  const { src, dst, patched, added, length, metric, value, byPosition, moved, tokens } = detail;
  const positions = added.length;
  const pattern = (values: number[]) => roundedAll(triangle(values, positions));
  const head = (of: Head | null) => of && { pattern: bothOf(of.pattern, pattern), attribution: bothOf(of.attribution, roundedAll) };
  return {
    from,
    to,
    pair,
    src: head(src),
    dst: head(dst),
    patched: pattern(patched),
    added: roundedAll(added),
    length: roundedAll(length),
    metric: bothOf(metric, short),
    value: short(value),
    ...(byPosition && { byPosition: roundedAll(byPosition) }),
    moved: moved.map(({ id, logit, probability }, i) => ({
      id,
      ...(tokens[i] && { text: tokens[i].text }),
      logit: [short(logit[0]), short(logit[1])],
      probability: [rounded(probability[0]), rounded(probability[1])],
    })),
  };
}

/** As the page has it. */
export function knownOf({ predictions, details }: SavedKnown): Known {
  return { predictions, details: details.map(detailOf) };
}

function detailOf({ from, to, pair, src, dst, patched, moved, metric, value, ...rest }: SavedDetail): KnownDetail {
  const positions = rest.added.length;
  const pattern = (values: number[]) => square(values, positions);
  const head = (of: Head | null) => of && { ...of, pattern: bothOf(of.pattern, pattern) };
  const tokens = moved.flatMap(({ id, text }) => (text === undefined ? [] : [{ id, text }]));
  const detail: EdgeDetail = {
    ...rest,
    // The table's own entries again.
    metric: bothOf(metric, Math.fround),
    value: Math.fround(value),
    src: head(src),
    dst: head(dst),
    patched: pattern(patched),
    moved: moved.map(({ text: _, ...token }) => token),
    tokens,
    warnings: [],
  };
  return { from, to, pair, detail };
}

/** The lower triangle of `[pos, pos]`; nothing of nothing. */
function triangle(values: readonly number[], positions: number): number[] {
  if (values.length === 0) return [];
  return Array.from({ length: positions }, (_, row) => values.slice(row * positions, row * positions + row + 1)).flat();
}

function square(values: readonly number[], positions: number): number[] {
  if (values.length === 0) return [];
  const all = new Array<number>(positions * positions).fill(0);
  let next = 0;
  for (let row = 0; row < positions; row += 1) {
    for (let column = 0; column <= row; column += 1) all[row * positions + column] = values[next++]!;
  }
  return all;
}

/** What a file knows; nothing where it is from before files did. */
export function readKnown(from: Record<string, unknown>, edges: SavedEdges, tokens: SavedTokens[]): SavedKnown {
  const listOf = <T>(key: string, read: Reader<T>, most: number): T[] => {
    const given = own(from, key);
    return given === undefined ? [] : list(read, most)(given, key);
  };
  return {
    predictions: listOf("predictions", pairPredictions, tokens.length),
    details: listOf("details", (value, field) => readDetail(value, field, edges, tokens), MOST_DETAILS),
  };
}

const both =
  <T>(read: Reader<T>): Reader<Both<T>> =>
  (value, field) =>
    readAll<Both<T>>({ clean: read, corrupted: read }, value, field);

/** A probability, or a share of attention. */
const share = finite(0, 1);
const size = finite(0, MOST_FLOAT);
const tokenText = text(MOST_TOKEN_TEXT);
const tokenId = whole(0, 2 ** 31 - 1);

const prediction: Reader<Prediction> = (value, field) =>
  readAll<Prediction>({ id: tokenId, text: tokenText, logit: float, probability: share }, value, field);
const ofTokens = both(list(prediction, MOST_TOKENS));
const ofShown = both(list(prediction, MOST_SHOWN));
const perRun = both(orNull(float));

const pairPredictions: Reader<PairPredictions> = (value, field) =>
  readAll<PairPredictions>({ top: ofShown, answers: ofTokens, distractors: ofTokens, metric: perRun, logitDiff: perRun }, value, field);

/** So many numbers, or none where there may be none. */
const exactly =
  (count: number, mayBeEmpty = false, number: Reader<number> = float): Reader<number[]> =>
  (value, field) => {
    const read = list(number, count)(value, field);
    const isRight = read.length === count || (mayBeEmpty && read.length === 0);
    if (!isRight) throw new FieldError(field, `a list of ${count}`, `${read.length} entries`);
    return read;
  };

const twice =
  (number: Reader<number>): Reader<[number, number]> =>
  (value, field) => {
    const [before, after] = exactly(2, false, number)(value, field);
    return [before!, after!];
  };

const movedToken: Reader<SavedDetail["moved"][number]> = (value, field) => {
  const given = own(fields(value, field), "text");
  return {
    id: tokenId(own(fields(value, field), "id"), `${field}.id`),
    ...(given !== undefined && { text: tokenText(given, `${field}.text`) }),
    ...readAll<Pick<Moved, "logit" | "probability">>({ logit: twice(float), probability: twice(share) }, value, field),
  };
};

/** An edge of the table in detail, on one of the pairs: as many numbers as that has tokens. */
function readDetail(value: unknown, field: string, { senders, receivers, reach }: SavedEdges, tokens: SavedTokens[]): SavedDetail {
  const from = fields(value, field);
  const get = <T>(key: string, read: Reader<T>): T => read(own(from, key), `${field}.${key}`);
  const [sender, receiver] = [get("from", nameText), get("to", nameText)];
  const [row, column] = [senders.indexOf(sender), receivers.indexOf(receiver)];
  if (row < 0 || row >= (reach[column] ?? 0)) throw new FieldError(field, "one of the edges", `${sender}->${receiver}`);
  const pair = get("pair", whole(0, tokens.length - 1));
  const positions = tokens[pair]!.clean.length;
  const cells = (positions * (positions + 1)) / 2;
  const head: Reader<Head | null> = orNull((of, at) =>
    readAll<Head>({ pattern: both(exactly(cells, false, share)), attribution: both(exactly(positions, true)) }, of, at),
  );
  const byPosition = own(from, "byPosition");
  return {
    from: sender,
    to: receiver,
    pair,
    src: get("src", head),
    dst: get("dst", head),
    patched: get("patched", exactly(cells, true, share)),
    added: get("added", exactly(positions, false, size)),
    length: get("length", exactly(positions, false, size)),
    metric: get("metric", both(float)),
    value: get("value", float),
    ...(byPosition !== undefined && { byPosition: get("byPosition", exactly(positions)) }),
    moved: get("moved", list(movedToken, MOST_SHOWN)),
  };
}

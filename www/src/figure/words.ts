// What is said of a figure: its title, caption, alternative text, where it comes from, what to cite, how its file is
// called. All of it is made from the run.

import { chosenOf } from "../core/chosen";
import { type Looks, looksOf } from "../core/looks";
import { edgeLabel, label, shortLabel } from "../core/node";
import { percent } from "../core/percent";
import type { Run } from "../core/run";
import { countsOf, edgeAt, type Edge, type Table } from "../core/table";
import type { Look } from "../core/view";
import { wordAt } from "../core/words";
import type { EdgeDetail, PatchKind } from "../engine/types";
import { formatCount, formatEdges, formatEffect, formatStrongest, formatValue, METRICS, metricLabel } from "../lib/format";
import { headlineOf } from "../lib/headline";
import { inQuotes } from "../lib/pairs";

export const WHATS = {
  circuit: "Circuit",
  grids: "Grids",
  attention: "Attention",
  curve: "By position",
} as const;
export type What = keyof typeof WHATS;

/** What a figure is of. */
export interface Shown {
  what: What;
  run: Run;
  look: Look;
  /** The edges of a circuit, strongest first; the chosen one stands after them where it is none of these. */
  edges: readonly Edge[];
  /** How many of them are the strongest. */
  strongest: number;
  /** The chosen edge, looked at; null where it is not known. */
  detail: EdgeDetail | null;
}

/** How many of the strongest edges the alternative text lists one by one. */
const TOLD = 8;
/** Letters of a prompt in a caption. */
const MOST_PROMPT = 160;

export function titleOf({ what, run, look, detail }: Shown): string {
  switch (what) {
    case "circuit":
      return headlineOf(run.request.pairs);
    case "grids":
      return `What ${label(look.from)} writes into the others`;
    case "attention":
      return (detail && looksIn(run, look, detail)?.title) ?? "Attention";
    case "curve":
      return `${look.edge ? edgeLabel(look.edge) : shortLabel(look.from)}, position by position`;
  }
}

/** The default caption: whole sentences of what is shown, asked and measured. */
export function captionOf(shown: Shown): string {
  return [what(shown), question(shown), measure(shown), certainty(shown)].filter(Boolean).join(" ");
}

/** Attention and effects by position are those of the pair that is looked at, all else the mean over the pairs. */
function pairOf({ what: kind, run, look }: Shown): number | null {
  const { length } = run.request.pairs;
  return kind === "attention" || kind === "curve" ? Math.min(look.pair, length - 1) : null;
}

function what(shown: Shown): string {
  const { what: kind, run, look, edges, strongest } = shown;
  const { model } = run.request;
  const name = model.revision ? `${model.name} (${model.revision.slice(0, 7)})` : model.name;
  const edge = look.edge ? edgeLabel(look.edge) : "";
  switch (kind) {
    case "circuit":
      return `The ${formatStrongest(strongest)} of ${formatEdges(countsOf(run.table).edges)} of ${name}${edges.length > strongest ? ` and the chosen edge, ${edge}` : ""}, from the input to the logits; the wider, the larger the effect.`;
    case "grids":
      return `Effects of what ${label(look.from)} of ${name} writes, by the part that reads it.`;
    case "attention":
      return `What the edge ${edge} of ${name} changes: ${inSentence(titleOf(shown))}.`;
    case "curve":
      return `The effect of the edge ${edge} of ${name}, each position patched alone.`;
  }
}

function question(shown: Shown): string {
  const { pairs } = shown.run.request;
  const at = pairOf(shown);
  const first = pairs[at ?? 0];
  // A notebook's numbers may come without their prompts.
  if (!first?.clean.trim()) return "";
  const count = formatCount(pairs.length);
  const many = pairs.length === 1 ? "Clean prompt" : at === null ? `${count} pairs of prompts, the first of them: clean` : `Pair ${at + 1} of ${count}: clean prompt`;
  const asked = first.answer ? `; answer ${inQuotes(first.answer)}${first.distractor ? `, distractor ${inQuotes(first.distractor)}` : ""}` : "";
  return `${many} “${cut(first.clean)}”, corrupted “${cut(first.corrupted)}”${asked}.`;
}

function measure(shown: Shown): string {
  const { request: { settings }, table } = shown.run;
  const { direction, patch, layerNorm, position } = settings;
  const [base, other] = direction === "denoise" ? ["corrupted", "clean"] : ["clean", "corrupted"];
  const scale = layerNorm === "exact" ? "recomputed" : `kept as in the ${base} run`;
  const at = position === null ? "" : ` at position ${position}`;
  const own = pairOf(shown) === null ? null : shown.detail?.metric;
  const metrics = own ? [own.corrupted, own.clean] : [table.corruptedMetric, table.cleanMetric];
  const runs = metrics.every(Number.isFinite) ? ` (${metrics.map((value, i) => `${["corrupted", "clean"][i]} ${formatValue(value)}`).join(", ")})` : "";
  return `Effect: the change of the ${metricWords(table)}${at} in the ${base} run${isShare(table) ? ", as a share of the difference between the two runs," : runs} when, on this one path, ${wordsOf(patch, other)} takes the place of what the sender writes (${direction === "denoise" ? "denoising" : "noising"}); LayerNorm of the receiver ${scale}.`;
}

const wordsOf = (patch: PatchKind, other: string): string =>
  ({ resample: `its write in the ${other} run`, mean: "the mean of its writes over the pairs", zero: "zero" })[patch];

/** Whether effects are shares of the distance between both runs. */
export const isShare = ({ metric, metricName }: Pick<Table, "metric" | "metricName">): boolean => metric === "normalized-logit-diff" && metricName === undefined;

/** A table's metric within a sentence. */
export const metricWords = (table: Pick<Table, "metric" | "metricName">): string =>
  inSentence(isShare(table) ? METRICS["logit-diff"] : metricLabel(table));

/** Begins in lower case, unless it begins with an abbreviation. */
const inSentence = (name: string): string => (name.startsWith("KL") ? name : name[0]!.toLowerCase() + name.slice(1));

function certainty({ what: kind, run, edges }: Shown): string {
  if (kind === "attention" || kind === "curve") return "Exact values.";
  const counts = countsOf(run.table);
  const guessed = kind === "circuit" ? edges.filter(({ isExact }) => !isExact).length : counts.estimates;
  if (guessed === 0) return "Exact values.";
  if (kind === "grids") return "Small squares are estimates.";
  if (edges.length === 1) return "It is an estimate, drawn as an outline or dashed.";
  return guessed === 1 ? "1 of them is an estimate, drawn as an outline or dashed." : `${formatCount(guessed)} of them are estimates, drawn as outlines or dashed.`;
}

/** Whether any of what is drawn is an estimate. */
export const hasEstimates = ({ what: kind, run, edges }: Pick<Shown, "what" | "run" | "edges">): boolean =>
  kind === "circuit" ? edges.some(({ isExact }) => !isExact) : kind === "grids" && countsOf(run.table).estimates > 0;

const cut = (text: string): string => {
  const letters = [...text.trim()];
  return letters.length > MOST_PROMPT ? `${letters.slice(0, MOST_PROMPT - 1).join("")}…` : letters.join("");
};

/** The alternative text: the figure's numbers, for readers who do not see it. */
export function altOf(shown: Shown): string {
  const { what: kind, run, look, detail } = shown;
  switch (kind) {
    case "circuit": {
      const [edges, weaker] = [shown.edges.slice(0, shown.strongest), shown.edges.slice(shown.strongest)];
      const chosen = weaker.map((edge) => ` The chosen edge, ${edgeLabel(edge)}, has ${formatEffect(edge.effect)}.`).join("");
      // One more is told as shortly as left out.
      const first = edges.length === TOLD + 1 ? TOLD + 1 : TOLD;
      const told = edges.slice(0, first).map((edge) => `${edgeLabel(edge)} ${formatEffect(edge.effect)}`);
      const rest = edges.length > first ? ` The other ${formatCount(edges.length - TOLD)} are between ${formatEffect(least(edges))} and ${formatEffect(most(edges.slice(TOLD)))} in size.` : "";
      return `Circuit diagram of ${run.request.model.name}: ${formatEdges(edges.length)} from the input up to the logits. Strongest first: ${told.join(", ")}.${rest}${chosen}`;
    }
    case "grids": {
      const { table } = run;
      const from = table.receivers.flatMap((to) => edgeAt(table, { from: look.from, to }) ?? []).sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect));
      const told = from.slice(0, TOLD).map((edge) => `${shortLabel(edge.to)} ${formatEffect(edge.effect)}`);
      return `Grids of what ${label(look.from)} of ${run.request.model.name} writes into the queries, keys and values of later heads and into MLPs and logits. The largest effects: ${told.join(", ")}.`;
    }
    case "attention":
      return `${titleOf(shown)}: ${detail ? attentionWords(shown, detail) : "not known"}`;
    case "curve":
      return `${titleOf(shown)}: ${detail?.byPosition ? positionWords(shown, detail.byPosition) : "not known"}`;
  }
}

const least = (edges: readonly Edge[]): number => Math.min(...edges.map(({ effect }) => Math.abs(effect)));
const most = (edges: readonly Edge[]): number => Math.max(...edges.map(({ effect }) => Math.abs(effect)));

/** Where the head looks most, in each run. */
function attentionWords({ run, look }: Shown, detail: EdgeDetail): string {
  const looks = looksIn(run, look, detail);
  if (!looks) return "not known";
  const rows = looks.rows.map(({ name, shares }) => {
    const at = shares.reduce((best, share, i) => (share > shares[best]! ? i : best), 0);
    return `${name}, ${percent(shares[at]!)} at “${looks.columns[at]!.text}”`;
  });
  return `${looks.about}: ${rows.join("; ")}.`;
}

/** What the chosen edge does to where its head looks, or to what is read; null where there is nothing to show. */
export function looksIn(run: Run, look: Look, detail: EdgeDetail): Looks | null {
  const chosen = detail.dst || detail.src ? chosenOf(run, look) : null;
  return chosen && looksOf(chosen.edge, run.table, detail, chosen.pairs[chosen.pair]!, chosen.position);
}

function positionWords({ run, look }: Shown, effects: readonly number[]): string {
  const pair = run.request.pairs[look.pair] ?? run.request.pairs[0]!;
  const { direction } = run.request.settings;
  const tokens = pair.tokens[direction === "denoise" ? "corrupted" : "clean"];
  const told = effects
    .map((effect, i) => ({ effect, i }))
    .sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect))
    .slice(0, 3)
    .map(({ effect, i }) => `${formatEffect(effect)} at “${wordAt(tokens, i)}”, position ${i}`);
  return `the largest effects are ${told.join("; ")}.`;
}

/** `pathpatch 0.2.0 · openai-community/gpt2@607a30d · 2026-01-02`. */
export function sourceOf({ request, made }: Run): string {
  const { name, revision } = request.model;
  const model = revision ? `${name}@${revision.slice(0, 7)}` : name;
  return [made?.by, model, made?.at.slice(0, 10)].filter(Boolean).join(" · ");
}

/** A name that tells the figure: `pathpatch-circuit-gpt2`. */
export function fileNameOf({ what: kind, run, look }: Shown): string {
  const model = run.request.model.name.split("/").at(-1)!;
  const edge = look.edge ? `${shortLabel(look.edge.from)} to ${shortLabel(look.edge.to)}` : shortLabel(look.from);
  const of = { circuit: "circuit", grids: `from ${shortLabel(look.from)}`, attention: `attention ${edge}`, curve: `by position ${edge}` }[kind];
  return `pathpatch ${of} ${model}`.toLowerCase().replaceAll(/[^a-z0-9.]+/g, "-").replaceAll(/^[-.]+|[-.]+$/g, "");
}

/** LaTeX that places the figure's PDF with its caption. */
export function latex(name: string, caption: string, width: number, cites: readonly string[]): string {
  return `\\begin{figure}
  \\centering
  \\includegraphics[width=${width}mm]{${name}.pdf}
  \\caption{${inTex(caption)} Path patching~\\cite{${cites.join(",")}}.}
  \\label{fig:${name}}
\\end{figure}
`;
}

const TEX: Record<string, string> = {
  "\\": "\\textbackslash{}",
  "~": "\\textasciitilde{}",
  "^": "\\textasciicircum{}",
  "<": "\\textless{}",
  ">": "\\textgreater{}",
  "|": "\\textbar{}",
  "→": "$\\to$",
  "−": "$-$",
  "×": "$\\times$",
  "·": "$\\cdot$",
  "“": "``",
  "”": "''",
  "‘": "`",
  "’": "'",
  "…": "\\dots{}",
  "\u00a0": "~",
  "\u202f": "\\,",
};

/** Text as LaTeX takes it. */
export const inTex = (text: string): string => text.replaceAll(/[\\~^<>|→−×·“”‘’…\u00a0\u202f]|[#$%&_{}]/g, (letter) => TEX[letter] ?? `\\${letter}`);

interface Entry {
  key: string;
  text: string;
}

const METHOD: Entry[] = [
  {
    key: "wang2023interpretability",
    text: `@inproceedings{wang2023interpretability,
  title = {Interpretability in the Wild: a Circuit for Indirect Object Identification in {GPT-2} Small},
  author = {Wang, Kevin Ro and Variengien, Alexandre and Conmy, Arthur and Shlegeris, Buck and Steinhardt, Jacob},
  booktitle = {The Eleventh International Conference on Learning Representations},
  year = {2023},
  eprint = {2211.00593},
  archivePrefix = {arXiv}
}`,
  },
  {
    key: "goldowskydill2023localizing",
    text: `@misc{goldowskydill2023localizing,
  title = {Localizing Model Behavior with Path Patching},
  author = {Goldowsky-Dill, Nicholas and MacLeod, Chris and Sato, Lucas and Arora, Aryaman},
  year = {2023},
  eprint = {2304.05969},
  archivePrefix = {arXiv}
}`,
  },
];
const ESTIMATES: Entry = {
  key: "syed2023attribution",
  text: `@misc{syed2023attribution,
  title = {Attribution Patching Outperforms Automated Circuit Discovery},
  author = {Syed, Aaquib and Rager, Can and Conmy, Arthur},
  year = {2023},
  eprint = {2310.10348},
  archivePrefix = {arXiv}
}`,
};

/** What to cite: the tool that made it, the method, and what estimates are made by where some are shown. */
export function bibliography(shown: Shown, site: string): Entry[] {
  const { run } = shown;
  const [program = "pathpatch", version = ""] = (run.made?.by ?? "").split(" ");
  const year = (run.made?.at ?? new Date().toISOString()).slice(0, 4);
  const tool = `@software{pathpatch,
  title = {${program || "pathpatch"}: direct path patching in the browser},
  author = {{The pathpatch authors}},${version && `\n  version = {${version}},`}
  year = {${year}},
  url = {${site}}
}`;
  return [{ key: "pathpatch", text: tool }, ...METHOD, ...(hasEstimates(shown) ? [ESTIMATES] : [])];
}

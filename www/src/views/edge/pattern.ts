// A head's attention over the tokens: a row for each token that looks, a column for each that is looked at.

import { select } from "d3-selection";
import { percent } from "../../core/percent";
import { wordAt } from "../../core/words";
import type { Token } from "../../engine/types";
import { shortened } from "../../lib/tokens";
import { tipOf } from "../tip";

export interface PatternData {
  /** What it is a pattern of. */
  title: string;
  tokens: readonly Token[];
  /** Row-major, `[pos (query), pos (key)]`. */
  pattern: ArrayLike<number>;
}

const LABEL = 84;
const SIZE = { least: 2, most: 20, together: 260 };
/** Room that a label needs; where cells are smaller, only some tokens have one. */
const LINE = 10;
/** Letters of a token that fit its label. */
const LETTERS = 12;
/** Less than this is as good as nothing; most cells of a long prompt are. */
const LEAST = 0.005;

interface Cell {
  query: number;
  key: number;
  share: number;
}

export function create(container: HTMLElement): (data: PatternData) => void {
  const svg = select(container).append("svg").attr("class", "pattern").attr("role", "img");
  const ground = svg.append("path").attr("class", "pattern-ground");
  const queries = svg.append("g");
  const keys = svg.append("g");
  const cells = svg.append("g");
  const tip = tipOf(container);

  return ({ title, tokens, pattern }) => {
    const n = tokens.length;
    const size = Math.min(SIZE.most, Math.max(SIZE.least, SIZE.together / n));
    const end = LABEL + n * size + 2;
    const place = (i: number) => LABEL + i * size;
    const gap = size > 6 ? 1 : 0;
    svg.attr("viewBox", `0 0 ${end} ${end}`).style("max-width", `${end}px`);
    // No token looks at a later one.
    const stairs = tokens.map((_, i) => `H${place(i + 1)}V${place(i + 1)}`).join("");
    ground.attr("d", `M${LABEL} ${LABEL}${stairs}H${LABEL}Z`);
    const every = Math.ceil(LINE / size);
    const labelled = tokens.map((_, i) => i).filter((i) => i % every === 0);
    const label = (i: number) => shortened(wordAt(tokens, i), LETTERS);
    queries
      .selectAll("text")
      .data(labelled)
      .join("text")
      .attr("text-anchor", "end")
      .attr("x", LABEL - 5)
      .attr("y", (i) => place(i + 0.5))
      .attr("dy", "0.35em")
      .text(label);
    keys
      .selectAll("text")
      .data(labelled)
      .join("text")
      .attr("transform", (i) => `translate(${place(i + 0.5)},${LABEL - 5}) rotate(-90)`)
      .attr("dy", "0.35em")
      .text(label);
    const all: Cell[] = [];
    for (let query = 0; query < n; query += 1) {
      for (let key = 0; key <= query; key += 1) {
        const share = pattern[query * n + key] ?? 0;
        if (share >= LEAST) all.push({ query, key, share });
      }
    }
    cells
      .selectAll<SVGRectElement, Cell>("rect")
      .data(all)
      .join("rect")
      .attr("class", "pattern-cell")
      .attr("x", ({ key }) => place(key))
      .attr("y", ({ query }) => place(query))
      .attr("width", size - gap)
      .attr("height", size - gap)
      .attr("fill-opacity", ({ share }) => Math.min(1, share))
      .on("pointermove", (event: PointerEvent, { query, key, share }) => {
        const [from, to] = [`${wordAt(tokens, query)}, position ${query}`, `${wordAt(tokens, key)}, position ${key}`];
        tip.at(event, { title: percent(share), lines: [`${from},`, `looks at ${to}`] });
      })
      .on("pointerleave", () => tip.hide());
    svg.attr("aria-label", `${title}. ${inWords(tokens, pattern)}`);
  };
}

/** Where the last token looks most. */
function inWords(tokens: readonly Token[], pattern: ArrayLike<number>): string {
  const n = tokens.length;
  const last = Array.from({ length: n }, (_, key) => ({ key, share: pattern[(n - 1) * n + key] ?? 0 }));
  const most = last.sort((a, b) => b.share - a.share).slice(0, 3);
  const named = most.map(({ key, share }) => `${percent(share)} at “${wordAt(tokens, key)}”, position ${key}`);
  return `The last token looks ${named.join(", ")}.`;
}

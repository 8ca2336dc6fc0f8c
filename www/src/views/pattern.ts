// A head's attention over the tokens: a row for each token that looks, a column for each that is looked at.

import { scaleBand } from "d3-scale";
import { interpolateBlues } from "d3-scale-chromatic";
import { select } from "d3-selection";
import type { Token } from "../engine/types";
import { formatShare } from "../lib/format";
import { shortened, visible } from "../lib/tokens";

/** The colour of a share of attention, from 0 to 1. */
const shareColour = (share: number): string => interpolateBlues(0.05 + 0.95 * Math.min(1, Math.max(0, share)));

export interface PatternData {
  /** What it is a pattern of. */
  title: string;
  tokens: Token[];
  /** Row-major, `[pos (query), pos (key)]`. */
  pattern: ArrayLike<number>;
}

const LABEL = 92;
const SIZE = { least: 9, most: 20, together: 260 };
/** Letters of a token that fit its label. */
const LETTERS = 12;

export function create(container: HTMLElement): (data: PatternData) => void {
  const svg = select(container).append("svg").attr("class", "pattern").attr("role", "img");
  const queries = svg.append("g");
  const keys = svg.append("g");
  const cells = svg.append("g");

  return ({ title, tokens, pattern }) => {
    const n = tokens.length;
    const size = Math.min(SIZE.most, Math.max(SIZE.least, SIZE.together / n));
    const end = LABEL + n * size + 2;
    svg.attr("viewBox", `0 0 ${end} ${end}`).style("max-width", `${end}px`);
    const band = scaleBand<number>(
      Array.from({ length: n }, (_, i) => i),
      [LABEL, LABEL + n * size],
    ).padding(0.08);
    const middle = (i: number) => (band(i) ?? 0) + band.bandwidth() / 2;
    const label = (token: Token) => shortened(visible(token.text), LETTERS);
    const fontSize = `${Math.min(11, size)}px`;
    queries
      .selectAll("text")
      .data(tokens)
      .join("text")
      .attr("text-anchor", "end")
      .attr("x", LABEL - 5)
      .attr("y", (_, i) => middle(i))
      .attr("dy", "0.35em")
      .style("font-size", fontSize)
      .text(label);
    keys
      .selectAll("text")
      .data(tokens)
      .join("text")
      .attr("transform", (_, i) => `translate(${middle(i)},${LABEL - 5}) rotate(-90)`)
      .attr("dy", "0.35em")
      .style("font-size", fontSize)
      .text(label);
    const shares = Array.from({ length: n * n }, (_, i) => ({ query: Math.floor(i / n), key: i % n, share: pattern[i] ?? 0 }));
    cells
      .selectAll<SVGRectElement, (typeof shares)[number]>("rect")
      .data(shares.filter(({ query, key }) => key <= query))
      .join((enter) => {
        const rect = enter.append("rect");
        rect.append("title");
        return rect;
      })
      .attr("x", ({ key }) => band(key) ?? 0)
      .attr("y", ({ query }) => band(query) ?? 0)
      .attr("width", band.bandwidth())
      .attr("height", band.bandwidth())
      .attr("fill", ({ share }) => shareColour(share))
      .select("title")
      .text(({ query, key, share }) => `${visible(tokens[query]!.text)} looks at ${visible(tokens[key]!.text)}: ${formatShare(share)}`);
    svg.attr("aria-label", `${title}. ${inWords(tokens, pattern)}`);
  };
}

/** Where the last token looks most. */
function inWords(tokens: Token[], pattern: ArrayLike<number>): string {
  const n = tokens.length;
  const last = Array.from({ length: n }, (_, key) => ({ key, share: pattern[(n - 1) * n + key] ?? 0 }));
  const most = last.sort((a, b) => b.share - a.share).slice(0, 3);
  const named = most.map(({ key, share }) => `${formatShare(share)} at “${visible(tokens[key]!.text)}”, position ${key}`);
  return `The last token looks ${named.join(", ")}.`;
}

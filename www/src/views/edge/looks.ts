// Where a head looks, before and after the patch and in the other run: bars over the same tokens, one row each.

import type { Looks } from "../../core/looks";
import { percent } from "../../core/percent";
import { element } from "../../lib/dom";
import { shortened } from "../../lib/tokens";

/** Letters of a token that fit below its column. */
const LETTERS = 11;
/** A bar of less is a line on the ground. */
const FLAT = 0.01;
/** Tokens that are told in words, of each row. */
const TOLD = 3;

export function create(container: HTMLElement): (looks: Looks) => void {
  const chart = element("div", { class: "looks", role: "img" });
  container.append(chart);
  return (looks) => {
    const { columns, rows, others } = looks;
    const reach = Math.max(1, ...rows.flatMap(({ shares }) => shares));
    const all = [...columns, ...(others > 0 ? [null] : [])];
    chart.style.setProperty("--columns", String(all.length));
    chart.style.setProperty("--rows", String(rows.length));
    const cells = rows.flatMap(({ name, run, shares, rest }, r) => [
      at(element("span", { class: `looks-name ${run}` }, name), r + 1, 1),
      ...all.map((column, c) => {
        const share = column ? shares[c]! : rest;
        const bar = element("i", { class: `looks-bar ${run}${share < FLAT ? " flat" : ""}` });
        bar.style.setProperty("--share", String(share / reach));
        const cell = element("span", { class: "looks-cell" }, bar);
        if (column?.isMarked) cell.prepend(element("small", {}, bare(share)));
        return at(cell, r + 1, c + 2);
      }),
    ]);
    const bands = columns.flatMap(({ isMarked }, c) => {
      if (!isMarked) return [];
      const band = at(element("i", { class: "looks-band" }), 1, c + 2);
      band.style.gridRowEnd = String(rows.length + 2);
      return [band];
    });
    const labels = all.map((column, c) => {
      const text = column ? shortened(column.text, LETTERS) : `${others} others`;
      const isStrong = column?.isMarked || column?.isFrom;
      return at(element("span", { class: isStrong ? "looks-token strong" : "looks-token" }, element("span", { dir: "auto" }, text)), rows.length + 1, c + 2);
    });
    chart.replaceChildren(...bands, ...cells, ...labels);
    chart.setAttribute("aria-label", inWords(looks));
  };
}

function at(what: HTMLElement, row: number, column: number): HTMLElement {
  what.style.gridRow = String(row);
  what.style.gridColumn = String(column);
  return what;
}

/** In percent, where the heading says so. */
const bare = (share: number): string => (share < 0.0995 ? (100 * share).toFixed(1).replace(/\.0$/, "") : String(Math.round(100 * share)));

function inWords({ title, about, columns, rows }: Looks): string {
  const each = rows.map(({ name, shares }) => {
    const first = shares.map((share, c) => ({ share, text: columns[c]!.text })).sort((a, b) => b.share - a.share);
    const told = first.slice(0, TOLD).filter(({ share }) => share >= FLAT);
    return `${name}: ${told.map(({ share, text }) => `${percent(share)} at ${text}`).join(", ")}`;
  });
  return `${title} ${about}. ${each.join("; ")}.`;
}

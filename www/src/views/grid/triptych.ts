// Three grids beside each other: what a sender writes into each head's query, key and value, and into the MLPs and
// the logits; or what all parts write into the three inputs of a head. What reads by one input has one grid.

import { label, nodeName, nodeOf, PORT_NAMES, PORTS, shortLabel } from "../../core/node";
import { portsOf, shapeOf, type Table } from "../../core/table";
import type { Look, View } from "../../core/view";
import type { EdgeName } from "../../engine/types";
import { element } from "../../lib/dom";
import type { Colours } from "../../lib/scale";
import * as edgeGridView from "./edges";
import { sizesOf } from "./sizes";

export interface TriptychData {
  table: Table;
  look: Look;
  colours: Colours;
  /** Effects below this are faint. */
  least?: number;
  lit?: EdgeName | null;
}

export interface TriptychEvents {
  onSelect: (edge: EdgeName) => void;
  onHover?: (edge: EdgeName | null) => void;
  /** Another sender or receiver is looked at. */
  onView?: (change: Partial<View>) => void;
}

export interface TriptychOptions {
  /** Of this width whatever it stands in. */
  width?: number;
  /** A picture alone, without pointer and keyboard. */
  isStill?: boolean;
}

const ASSUMED_WIDTH = 900;
/** A cell's share of the window's height, and what it has in any window: three digits of +0.587. */
const MOST_OF_HEIGHT = 0.05;
const LEGIBLE = 50;

export function create(
  container: HTMLElement,
  role: edgeGridView.Role,
  events: TriptychEvents,
  { width: fixed, isStill = false }: TriptychOptions = {},
): (data: TriptychData) => void {
  const isFrom = role === "from";
  const title = titleOf(isFrom, isStill, events);
  const beside = element("div", { class: "beside" });
  const group = element("div", { class: `grids-of ${role}`, role: "group", "aria-label": isFrom ? "From one part" : "Into one part" }, title.element, beside);
  container.append(group);
  const drawings: { place: HTMLElement; title: HTMLElement; update: (data: edgeGridView.EdgeGridData) => void }[] = [];
  const drawing = (i: number) => {
    const made = drawings[i];
    if (made) return made;
    const [caption, body] = [element("h3"), element("div")];
    const place = element("div", { class: "grid-of" }, caption, body);
    beside.append(place);
    const created = { place, title: caption, update: edgeGridView.create(body, role, events, isStill) };
    drawings[i] = created;
    return created;
  };

  let data: TriptychData | undefined;
  const draw = () => {
    if (!data) return;
    const { table, look, colours, least = 0, lit = null } = data;
    const node = isFrom ? look.from : look.to && nodeOf(look.to);
    title.update(isFrom ? table.senders : readersOf(table), node);
    const { size: widest, isStacked } = sizesOf(fixed ?? (Math.floor(group.clientWidth) || ASSUMED_WIDTH), shapeOf(table).heads);
    // What is below, too, is to be seen to be there.
    const size = fixed === undefined && !isStacked ? Math.min(widest, Math.max(LEGIBLE, innerHeight * MOST_OF_HEIGHT)) : widest;
    beside.classList.toggle("stacked", isStacked);
    const grids = node === null ? [] : isFrom ? gridsFrom(table, node) : gridsInto(table, node);
    // The logits are a row above the layers: beside it the others begin one row lower.
    const hasLogits = !isStacked && grids.some(({ names }) => names.includes("logits"));
    grids.forEach(({ title: text, end, names, about }, i) => {
      const { place, title: caption, update } = drawing(i);
      place.hidden = false;
      caption.textContent = text;
      update({ table, end, names, size, above: hasLogits && !names.includes("logits") ? 1 : 0, about, colours, least, selected: look.edge, lit });
    });
    for (const { place } of drawings.slice(grids.length)) place.hidden = true;
  };
  if (fixed === undefined) {
    new ResizeObserver(() => {
      if (group.clientWidth > 0) draw();
    }).observe(group);
  }
  return (next) => {
    data = next;
    draw();
  };
}

/** `From [0.3] into each …`: the reader chooses the part. */
function titleOf(isFrom: boolean, isStill: boolean, events: TriptychEvents) {
  const by = element("span");
  const [before, after] = isFrom ? ["From ", " into each …"] : ["From every part into ", ""];
  const name = element("b");
  const pick = element("select", { "aria-label": isFrom ? "Sender" : "Receiver" });
  pick.addEventListener("change", () => events.onView?.(isFrom ? { from: pick.value } : { to: pick.value }));
  const update = (names: readonly string[], node: string | null) => {
    if (isStill) name.textContent = node === null ? "" : label(node);
    else options(pick, names, node ?? "");
    by.textContent = !isFrom && node !== null && nodeName(node).kind === "head" ? " by its …" : "";
  };
  return { element: element("h2", {}, before, isStill ? name : pick, after, by), update };
}

interface GridOf {
  title: string;
  end: string;
  names: string[];
  about: string;
}

/** A grid for the query, key and value of all heads, and one for the MLPs and the logits. */
function gridsFrom({ receivers }: Table, from: string): GridOf[] {
  const into = (title: string, others: string, isShown: (name: string) => boolean) => ({
    title,
    end: from,
    names: receivers.filter(isShown),
    about: `From ${label(from)} into ${others}`,
  });
  const heads = PORTS.map((port) => into(PORT_NAMES[port], `each head’s ${PORT_NAMES[port]}`, (name) => nodeName(name).port === port));
  const rest = into("MLP, logits", "the MLPs and the logits", (name) => nodeName(name).port === null);
  // A saved grid of heads has no other parts.
  return [...heads, rest].filter(({ names }) => names.length > 0);
}

/** A grid of all senders for each input of the node. */
function gridsInto(table: Table, node: string): GridOf[] {
  return (portsOf(table).get(node) ?? []).map((receiver) => {
    const { port } = nodeName(receiver);
    return { title: port ? PORT_NAMES[port] : shortLabel(receiver), end: receiver, names: table.senders, about: `Into ${label(receiver)}` };
  });
}

/** The nodes that read. */
const readersOf = ({ receivers }: Table): string[] => [...new Set(receivers.map(nodeOf))];

/** Nodes to choose from, made anew only for another model. */
function options(select: HTMLSelectElement, names: readonly string[], chosen: string): void {
  if (select.length !== names.length || select.options[0]?.value !== names[0]) {
    select.replaceChildren(...names.map((name) => element("option", { value: name }, shortLabel(name))));
  }
  select.value = chosen;
}

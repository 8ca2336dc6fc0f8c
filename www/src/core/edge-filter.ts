// What a reader writes to find edges: nodes, in any of the ways that people write them.

import type { EdgeName } from "../engine/types";
import { nodeName } from "./node";

type Fits = (edge: EdgeName) => boolean;
type FitsNode = (name: string) => boolean;

/** `9.6`, `L9H6`, `a9.h6`, each with an input as `<q>` or not; `9.` and `L9` for a layer's heads. */
const HEAD = /^[la]?(\d+)(?:(?:\.h?|h)(\d*))?(?:<([qkv])>)?$/i;
/** `m3`, `mlp3`; `mlp` for all of them. */
const MLP = /^m(?:lp)?(\d*)$/i;

/**
 * Edges of one node or layer, at either end; of two, from the first to the second (`0.3 1.3`, `a0.h3->m2`). Null where
 * the text names none.
 */
export function edgeFilter(text: string): Fits | null {
  const names = text
    .replace(/\bmlp\s+(?=\d)/gi, "mlp")
    .split(/->|→|[\s,;]+/)
    .filter(Boolean);
  if (names.length === 0 || names.length > 2) return null;
  const [first, second] = names.map(nodeFilter);
  if (!first || (names.length === 2 && !second)) return null;
  if (second) return ({ from, to }) => first(from) && second(to);
  return ({ from, to }) => first(from) || first(to);
}

function nodeFilter(text: string): FitsNode | null {
  const word = text.toLowerCase();
  if (word === "input" || word === "logits") return (name) => name === word;
  const [, mlp] = MLP.exec(text) ?? [];
  if (mlp !== undefined) {
    return (name) => {
      const { kind, layer } = nodeName(name);
      return kind === "mlp" && (mlp === "" || layer === Number(mlp));
    };
  }
  const [, layer, head, port] = HEAD.exec(text) ?? [];
  if (layer === undefined) return null;
  return (name) => {
    const at = nodeName(name);
    if (at.kind !== "head" || at.layer !== Number(layer)) return false;
    return (!head || at.head === Number(head)) && (!port || at.port === port.toLowerCase());
  };
}

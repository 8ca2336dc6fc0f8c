// What a reader writes to find edges: parts, in any of the ways that people write them, and what was understood.
//
//     1.3, L1H3, a1.h3        a head, at either end            1.3 key, key of 1.3     into its key
//     9., L9, layer 9         all heads of a layer             m3, mlp 3, mlps         MLPs
//     0.3 > 1.3, 0.3 1.3      from one to the other            key, heads, input       parts of a kind
//     > 1.3, into 1.3         into it                          0.3 >, from 0.3         from it

import type { Component } from "../engine/types";
import { nodeName, PORT_NAMES } from "./node";

type FitsNode = (name: string) => boolean;

/** What an edge has to have: ends that fit, where there is something said of them. */
export interface EdgeFilter {
  from: FitsNode | null;
  to: FitsNode | null;
  /** At the one end or the other. */
  either: FitsNode | null;
  /** What was understood: `edges from head 0.3 into the key of head 1.3`. */
  says: string;
}

/** Parts that a word stands for. */
interface Parts {
  fits: FitsNode;
  says: string;
  /** Only as what reads: a head's input. */
  isPort: boolean;
  /** A single head, whose input may be named beside it. */
  isHead: boolean;
}

/** `9.6`, `L9H6`, `a9.h6`, each with an input as `<q>` or not; `9.` and `L9` for a layer's heads. */
const HEAD = /^[la]?(\d+)(?:(?:\.h?|h)(\d*))?(?:<([qkv])>)?$/i;
/** `m3`, `mlp3`; `mlp` for all of them. */
const MLP = /^m(?:lp)?s?(\d*)$/i;
const PORT_WORDS = new Map<string, Component>([
  ...(["q", "query", "queries"] as const).map((word) => [word, "q"] as const),
  ...(["k", "key", "keys"] as const).map((word) => [word, "k"] as const),
  ...(["v", "value", "values"] as const).map((word) => [word, "v"] as const),
]);
const ARROW = ">";

/** Null where the text says nothing that is understood. */
export function edgeFilter(text: string): EdgeFilter | null {
  const words = text
    .toLowerCase()
    .replaceAll(/->|→|=>|\bto\b|\binto\b/g, ` ${ARROW} `)
    // An arrow of its own, not the end of `<q>`.
    .replaceAll(/(?<!<[qkv])>/g, ` ${ARROW} `)
    .replaceAll(/\b(mlp|layer|head)\s+(?=\d)/g, (_, kind: string) => (kind === "mlp" ? "mlp" : kind === "layer" ? "l" : ""))
    .replaceAll(/[’']s\b|\bof\b|\bthe\b|\band\b/g, " ")
    .split(/[\s,;]+/)
    .filter(Boolean);
  if (words.length === 0) return null;
  const isFrom = words[0] === "from";
  const arrows = words.filter((word) => word === ARROW).length;
  if (arrows > 1) return null;
  const rest = isFrom ? words.slice(1) : words;
  const at = rest.indexOf(ARROW);
  const sides = at < 0 ? [rest] : [rest.slice(0, at), rest.slice(at + 1)];
  const read = sides.map(partsIn);
  if (read.some((parts) => parts === null)) return null;
  const [before = [], after = []] = read as Parts[][];
  if (at >= 0) return before.length <= 1 && after.length <= 1 ? between(before[0], after[0]) : null;
  if (before.length === 2) return isFrom ? null : between(before[0], before[1]);
  const [only] = before;
  if (!only || before.length > 2) return null;
  if (isFrom) return between(only, undefined);
  return only.isPort ? between(undefined, only) : { from: null, to: null, either: only.fits, says: `edges from or into ${only.says}` };
}

function between(from: Parts | undefined, to: Parts | undefined): EdgeFilter | null {
  if (!from && !to) return null;
  // Nothing writes by a port.
  if (from?.isPort) return null;
  const ends = [from && `from ${from.says}`, to && `into ${to.says}`].filter(Boolean).join(" ");
  return { from: from?.fits ?? null, to: to?.fits ?? null, either: null, says: `edges ${ends}` };
}

/** The parts that words name; null where one names none. */
function partsIn(words: readonly string[]): Parts[] | null {
  const found: Parts[] = [];
  // `key of 1.3` and `1.3 key` are one part.
  let port: Component | null = null;
  for (const word of words) {
    const named = PORT_WORDS.get(word);
    const last = found.at(-1);
    if (named && last?.isHead) found[found.length - 1] = portOf(last, named);
    else if (named && port === null) port = named;
    else {
      const parts = partsOf(word);
      if (!parts || named) return null;
      found.push(port && parts.isHead ? portOf(parts, port) : parts);
      if (parts.isHead) port = null;
    }
  }
  if (port) found.push({ fits: (name) => nodeName(name).port === port, says: `the ${PORT_NAMES[port]} of any head`, isPort: true, isHead: false });
  return found;
}

const portOf = ({ fits, says }: Parts, port: Component): Parts => ({
  fits: (name) => fits(name) && nodeName(name).port === port,
  says: `the ${PORT_NAMES[port]} of ${says}`,
  isPort: true,
  isHead: false,
});

function partsOf(word: string): Parts | null {
  const named = (fits: FitsNode, says: string): Parts => ({ fits, says, isPort: false, isHead: false });
  if (word === "input" || word === "embedding") return named((name) => name === "input", "the input");
  if (word === "logits" || word === "output") return named((name) => name === "logits", "the logits");
  if (word === "head" || word === "heads") return named((name) => nodeName(name).kind === "head", "any head");
  const [, mlp] = MLP.exec(word) ?? [];
  if (mlp !== undefined) {
    const fits = (name: string) => {
      const { kind, layer } = nodeName(name);
      return kind === "mlp" && (mlp === "" || layer === Number(mlp));
    };
    return named(fits, mlp === "" ? "any MLP" : `MLP ${Number(mlp)}`);
  }
  const [, layer, head, port] = HEAD.exec(word) ?? [];
  if (layer === undefined) return null;
  const parts: Parts = {
    fits: (name) => {
      const at = nodeName(name);
      return at.kind === "head" && at.layer === Number(layer) && (!head || at.head === Number(head));
    },
    says: head ? `head ${Number(layer)}.${Number(head)}` : `any head of layer ${Number(layer)}`,
    isPort: false,
    isHead: true,
  };
  return port ? portOf(parts, port as Component) : parts;
}

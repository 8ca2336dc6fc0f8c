// What heads are known to do: only where a source names them, and only on the kind of prompt that the source is about.
//
//     GPT-2 small   indirect objects      Wang et al. (2022), the 26 heads of their circuit
//     ioi-demo      repeated words        its README: attention measured on prompts that were not in training
//     years-demo    greater-than          its README, likewise
//
// The models' READMEs are written by `cargo xtask train-demo`; tests/demo.rs holds the models to what they say.

import type { Token } from "../engine/types";
import { positionIn } from "../lib/merged";
import { headName } from "./node";
import type { LoadedModel } from "./model-ref";
import type { AskedPair, PairTokens, Request } from "./request";
import { word } from "./words";

export interface Role {
  /** `name mover`: as an apposition to a head. */
  name: string;
  /** `name movers`: of several. */
  plural: string;
}

export interface Source {
  /** As a sentence cites it. */
  text: string;
  /** Relative to the site for what it brings along. */
  url: string;
}

export interface Roles {
  /** By the names of nodes; most have none. */
  of: ReadonlyMap<string, Role>;
  source: Source;
}

interface Known extends Roles {
  isModel: (model: LoadedModel) => boolean;
  /** Whether a pair asks what the source is about, after the whole prompt. */
  isAbout: (tokens: PairTokens) => boolean;
}

/** `5.9` as `headName` writes it. */
function heads(role: Role, names: string): [string, Role][] {
  return names.split(" ").map((name) => {
    const [layer, head] = name.split(".").map(Number);
    return [headName(layer!, head!), role];
  });
}

const role = (name: string, plural = `${name}s`): Role => ({ name, plural });

const INDUCTION = role("induction head");
const PREVIOUS = role("previous-token head");

const IOI: Known = {
  isModel: ({ ref, dModel = 768 }) => ref.kind === "hub" && ref.repo === "openai-community/gpt2" && dModel === 768,
  isAbout: isIndirectObject,
  source: { text: "Wang et al. (2022)", url: "https://arxiv.org/abs/2211.00593" },
  of: new Map([
    ...heads(role("duplicate-token head"), "0.1 0.10 3.0"),
    ...heads(PREVIOUS, "2.2 4.11"),
    ...heads(INDUCTION, "5.5 5.8 5.9 6.9"),
    ...heads(role("S-inhibition head"), "7.3 7.9 8.6 8.10"),
    ...heads(role("name mover"), "9.6 9.9 10.0"),
    ...heads(role("negative name mover"), "10.7 11.10"),
    ...heads(role("backup name mover"), "9.0 9.7 10.1 10.2 10.6 10.10 11.2 11.9"),
  ]),
};

const REPEATS: Known = {
  isModel: ({ ref }) => ref.kind === "bundled" && ref.name === "ioi-demo",
  isAbout: isRepeat,
  source: { text: "the model’s README", url: "models/ioi-demo/README.md" },
  of: new Map([...heads(PREVIOUS, "0.3"), ...heads(INDUCTION, "1.0 1.1 1.2 1.3")]),
};

const YEARS: Known = {
  isModel: ({ ref }) => ref.kind === "bundled" && ref.name === "years-demo",
  isAbout: isLaterYear,
  source: { text: "the model’s README", url: "models/years-demo/README.md" },
  of: new Map([
    ...heads(role("year-reading head"), "0.0 0.2"),
    ...["m0", "m1"].map((mlp): [string, Role] => [mlp, role("year-comparing MLP")]),
  ]),
};

type Asked = Pick<Request, "model" | "pairs"> & { settings: Pick<Request["settings"], "position"> };

/** What is known of the nodes of this model on these prompts; null where nothing is. */
export function rolesOf({ model, pairs, settings: { position } }: Asked): Roles | null {
  const known = [IOI, REPEATS, YEARS].find(({ isModel }) => isModel(model));
  const isAbout = ({ tokens }: AskedPair) => positionIn(position, tokens.clean.length) === tokens.clean.length - 1 && known!.isAbout(tokens);
  return known && pairs.every(isAbout) ? known : null;
}

const count = (tokens: readonly Token[], id: number): number => tokens.filter((token) => token.id === id).length;

/** Two names, of which one comes again: the other one is the answer, and what is read is the end of “gave … to”. */
function isIndirectObject({ clean, answer, distractor }: PairTokens): boolean {
  const [object, subject] = [answer[0], distractor[0]];
  if (answer.length !== 1 || distractor.length !== 1 || !object || !subject) return false;
  const isTold = count(clean, object.id) === 1 && count(clean, subject.id) === 2;
  return isTold && word(clean.at(-1)!) === "to";
}

/** The last word came before, and what followed it there is the answer. */
function isRepeat({ clean, answer }: PairTokens): boolean {
  const last = clean.at(-1);
  const isPair = (token: Token, i: number) => i < clean.length - 1 && token.id === last?.id && clean[i + 1]!.id === answer[0]?.id;
  return answer.length === 1 && clean.some(isPair);
}

/** A year, and after the same century the years above it. */
function isLaterYear({ clean, answer }: PairTokens): boolean {
  const words = clean.map(word);
  const first = words.indexOf("year");
  const [century, year] = [words[first + 1], Number(words[first + 2])];
  const isAsked = first > 0 && words.lastIndexOf("year") > first && words.at(-1) === century;
  return isAsked && answer.length > 0 && answer.every((token) => Number(word(token)) > year);
}

// The edges of one sender between heads, as Python for TransformerLens.

import { type NodeName, parseName } from "../../core/node";
import type { Request } from "../../core/request";
import type { EdgeName, LayerNorm, Metric, Token } from "../../engine/types";
import { literal } from "./literal";
import { idsOf, loading, positionsOf } from "./python";

/** Which TransformerLens: its definition of an edge changed with 4.3. */
export type Version = "4.3" | "earlier";

const VERSIONS: Record<Version, { pip: string; module: string; layerNorm: LayerNorm; does: string }> = {
  "4.3": {
    pip: "4.3.0",
    module: "transformer_lens.patching",
    layerNorm: "exact",
    does: "recomputes the scale of the destination's LayerNorm",
  },
  earlier: {
    pip: "3.9.0",
    module: "transformer_lens.tools.analysis.direct_path_patching",
    layerNorm: "frozen",
    does: "keeps the scale of the destination's LayerNorm from the base run",
  },
};

const LOGIT_DIFF = "at[rows, answers] - at[rows, distractors]";
const METRICS: Record<Metric, string[]> = {
  "logit-diff": [`return (${LOGIT_DIFF}).mean()`],
  "normalized-logit-diff": [`return ((${LOGIT_DIFF}).mean() - corrupted_diff) / (clean_diff - corrupted_diff)`],
  "log-prob": [
    "pairs = zip(at.log_softmax(-1), answers)",
    "return torch.stack([log_probs[ids].logsumexp(-1) for log_probs, ids in pairs]).mean()",
  ],
  prob: [
    "pairs = zip(at.softmax(-1), answers)",
    "return torch.stack([probs[ids].sum() for probs, ids in pairs]).mean()",
  ],
  "prob-diff": [
    "pairs = zip(at.softmax(-1), answers, distractors)",
    "return torch.stack([probs[right].sum() - probs[wrong].sum() for probs, right, wrong in pairs]).mean()",
  ],
  kl: [
    "clean_log_probs = clean_logits[rows, positions].log_softmax(-1)",
    "return (clean_log_probs.exp() * (clean_log_probs - at.log_softmax(-1))).sum(-1).mean()",
  ],
};

/** Python that repeats the edges from a head into one input of later heads, with one forward pass per edge. */
export function transformerLens({ model, settings, pairs }: Request, edge: EdgeName | null, version: Version): string {
  const { metric, layerNorm, direction } = settings;
  const { src, port } = headsOf(edge);
  if (settings.patch !== "resample") {
    throw new Error(`code: TransformerLens’s functions put in what the other run writes: expected a run that does, got one with ${settings.patch}`);
  }
  const { pip, module, does, ...of } = VERSIONS[version];
  const tokens = pairs.map((pair) => pair.tokens);
  const longest = Math.max(...tokens.map((pair) => pair.clean.length));
  const row = (ids: number[]) => `[${[...ids, ...Array<number>(longest - ids.length).fill(0)].join(", ")}]`;
  const prompt = (key: "clean" | "corrupted") => {
    const rows = tokens.map((pair) => `    ${row(pair[key].map((token) => token.id))},  # ${textOfTokens(pair[key])}`);
    return `${key} = torch.tensor([\n${rows.join("\n")}\n])`;
  };
  const list = (ids: number[]) => `torch.tensor([${ids.join(", ")}])`;
  const isOfLogits = metric.endsWith("logit-diff");
  const answersOf = (name: "answer" | "distractor") => {
    const sets = tokens.map((pair) => idsOf(pair[name], name));
    // A logit difference reads one of each; the sets of the other metrics may differ in size.
    return `${name}s = ${isOfLogits ? list(sets.flat()) : `[${sets.map((ids) => `[${ids.join(", ")}]`).join(", ")}]`}`;
  };
  const [base, other] = direction === "denoise" ? ["corrupted", "clean"] : ["clean", "corrupted"];
  const lines = [
    `# pip install transformer-lens==${pip}`,
    ...(of.layerNorm === layerNorm ? [] : [`# This version ${does}; the run on the page does not, so its numbers are others.`]),
    "import torch",
    "from transformer_lens.model_bridge import TransformerBridge",
    `from ${module} import get_act_patch_direct_path`,
    "from transformers import GPT2LMHeadModel",
    "",
    ...loading(model),
    'model = TransformerBridge.boot_transformers(name, hf_model=hf, device="cpu")',
    "model.enable_compatibility_mode()",
    "torch.set_grad_enabled(False)",
    "",
    prompt("clean"),
    prompt("corrupted"),
    "rows = torch.arange(len(clean))",
    `positions = ${list(positionsOf(tokens, settings.position))}`,
    ...(metric === "kl" ? [] : [answersOf("answer")]),
    ...(isOfLogits || metric === "prob-diff" ? [answersOf("distractor")] : []),
    "",
    "clean_logits, clean_cache = model.run_with_cache(clean)",
    "corrupted_logits, corrupted_cache = model.run_with_cache(corrupted)",
    ...(metric === "normalized-logit-diff" ? normalisers() : []),
    "",
    "",
    "def metric(logits):",
    "    at = logits[rows, positions]",
    ...METRICS[metric].map((line) => `    ${line}`),
    "",
    "",
    `# From head ${src.layer}.${src.head} into the ${port} of every later head, [n_layers, n_heads]: what the head writes in the`,
    `# ${other} run goes into the ${base} one. get_act_patch_direct_path_all_sources does it for every source.`,
    "grid = get_act_patch_direct_path(",
    "    model,",
    `    ${base},`,
    `    ${other}_cache,`,
    `    ${base}_cache,`,
    "    metric,",
    `    src_layer=${src.layer},`,
    `    src_head=${src.head},`,
    `    component="${port}",`,
    ")",
    'print("clean", metric(clean_logits).item(), "corrupted", metric(corrupted_logits).item())',
    "print(grid)",
  ];
  return `${lines.join("\n")}\n`;
}

/** Both ends of an edge between heads. */
function headsOf(edge: EdgeName | null): { src: NodeName; port: string } {
  const [src, dst] = edge ? [parseName(edge.from), parseName(edge.to)] : [];
  if (src?.kind === "head" && dst?.port) return { src, port: dst.port };
  const got = edge ? `${edge.from}->${edge.to}` : "none";
  throw new Error(`code: TransformerLens’s functions patch edges between heads: expected one to be chosen, got ${got}`);
}

function normalisers(): string[] {
  const of = (run: string) => [
    `at = ${run}_logits[rows, positions]`,
    `${run}_diff = (${LOGIT_DIFF}).mean()`,
  ];
  return [...of("clean"), ...of("corrupted")];
}

const textOfTokens = (tokens: readonly Token[]) => literal(tokens.map((token) => token.text).join(""));

// The run as code: Python for TransformerLens, JavaScript for pathpatch.

import type { Component, LayerNorm, Metric, Token } from "../engine/types";
import type { Pair } from "./pairs";
import type { Head } from "./result";

/** What the code says, and what it is about. */
export interface CodeRequest {
  /** As `PathPatch.load` takes it; null for files of the reader's own. */
  model: string | null;
  /** Tokenised as the run has them, a pair each. */
  tokens: { clean: Token[]; corrupted: Token[]; answer: Token | null; distractor: Token | null }[];
  pairs: Pair[];
  metric: Metric;
  layerNorm: LayerNorm;
  prependBos: boolean;
  position: number | null;
  src: Head;
  component: Component;
}

/** The version of transformer-lens whose definition is that of the run. */
const VERSIONS: Record<LayerNorm, string> = { frozen: "3.9.0", exact: "4.3.0" };

const LOGIT_DIFF = "at[rows, answers] - at[rows, distractors]";
const METRICS: Record<Metric, string[]> = {
  "logit-diff": [`return (${LOGIT_DIFF}).mean()`],
  "normalized-logit-diff": [`return ((${LOGIT_DIFF}).mean() - corrupted_diff) / (clean_diff - corrupted_diff)`],
  "log-prob": ["return at.log_softmax(-1)[rows, answers].mean()"],
  prob: ["return at.softmax(-1)[rows, answers].mean()"],
  kl: [
    "clean_log_probs = clean_logits[rows, positions].log_softmax(-1)",
    "return (clean_log_probs.exp() * (clean_log_probs - at.log_softmax(-1))).sum(-1).mean()",
  ],
};

/** Python that repeats the edges of one source head: a forward pass each. */
export function transformerLens(request: CodeRequest): string {
  const { tokens, metric, layerNorm, src, component, position } = request;
  const longest = Math.max(...tokens.map((pair) => pair.clean.length));
  const row = (ids: number[]) => `[${[...ids, ...Array<number>(longest - ids.length).fill(0)].join(", ")}]`;
  const prompt = (key: "clean" | "corrupted") => {
    const rows = tokens.map((pair) => `    ${row(pair[key].map((token) => token.id))},  # ${comment(pair[key])}`);
    return `${key} = torch.tensor([\n${rows.join("\n")}\n])`;
  };
  const list = (ids: (number | undefined)[]) => `torch.tensor([${ids.join(", ")}])`;
  const positions = tokens.map((pair) => position ?? pair.clean.length - 1);
  const answers = tokens.map((pair) => pair.answer?.id);
  const distractors = tokens.map((pair) => pair.distractor?.id);
  const lines = [
    `# pip install transformer-lens==${VERSIONS[layerNorm]}`,
    "import torch",
    "from transformer_lens.model_bridge import TransformerBridge",
    "from transformer_lens.tools.analysis.direct_path_patching import get_act_patch_direct_path",
    "from transformers import GPT2LMHeadModel",
    "",
    ...loading(request.model),
    'model = TransformerBridge.boot_transformers(name, hf_model=hf, device="cpu")',
    "model.enable_compatibility_mode()",
    "torch.set_grad_enabled(False)",
    "",
    prompt("clean"),
    prompt("corrupted"),
    "rows = torch.arange(len(clean))",
    `positions = ${list(positions)}`,
    ...(metric === "kl" ? [] : [`answers = ${list(answers)}`]),
    ...(metric.endsWith("logit-diff") ? [`distractors = ${list(distractors)}`] : []),
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
    `# From head ${src.layer}.${src.head} into the ${component} of every later head, [n_layers, n_heads].`,
    "# get_act_patch_direct_path_all_sources, beside it, does it for every source.",
    "grid = get_act_patch_direct_path(",
    "    model,",
    "    corrupted,",
    "    clean_cache,",
    "    corrupted_cache,",
    "    metric,",
    `    src_layer=${src.layer},`,
    `    src_head=${src.head},`,
    `    component="${component}",`,
    ")",
    'print("clean", metric(clean_logits).item(), "corrupted", metric(corrupted_logits).item())',
    "print(grid)",
  ];
  return `${lines.join("\n")}\n`;
}

function normalisers(): string[] {
  const of = (run: string) => [
    `at = ${run}_logits[rows, positions]`,
    `${run}_diff = (${LOGIT_DIFF}).mean()`,
  ];
  return [...of("clean"), ...of("corrupted")];
}

function loading(model: string | null): string[] {
  const [, repository, revision] = /^([\w-][\w.-]*\/[\w.-]+)(?:@(.+))?$/.exec(model ?? "") ?? [];
  if (!repository) {
    const where = model ? `what is at ${model}` : "your files";
    return [
      `name = "path/to/model"  # a directory with ${where}`,
      "hf = GPT2LMHeadModel.from_pretrained(name, dtype=torch.float32).eval()",
    ];
  }
  const at = revision ? `, revision=${JSON.stringify(revision)}` : "";
  return [
    `name = ${JSON.stringify(repository)}`,
    `hf = GPT2LMHeadModel.from_pretrained(name, dtype=torch.float32${at}).eval()`,
  ];
}

const comment = (tokens: Token[]) => JSON.stringify(tokens.map((token) => token.text).join(""));

/** JavaScript that repeats the full sweep into one component, from the address of this site's `pathpatch.js`. */
export function pathpatchJs(request: CodeRequest, moduleUrl: string): string {
  const { model, pairs, metric, layerNorm, prependBos, position, component, src } = request;
  const source = model ? JSON.stringify(model) : "{ files: input.files }";
  const options = {
    pairs,
    metric,
    ...(layerNorm === "frozen" ? {} : { layerNorm }),
    ...(prependBos ? {} : { prependBos }),
    ...(position === null ? {} : { position }),
    component,
  };
  const body = JSON.stringify(options, null, 2).replaceAll(/^(\s*)"(\w+)":/gm, "$1$2:");
  return `import { PathPatch } from ${JSON.stringify(moduleUrl)};

const model = await PathPatch.load(${source});
const options = ${body};

// Every source to every destination: [layers, heads, layers, heads], NaN where there is no path.
const grid = await model.getActPatchDirectPathAllSources(options);
// One source only: [layers, heads].
const row = await model.getActPatchDirectPath({ ...options, srcLayer: ${src.layer}, srcHead: ${src.head} });
console.log(grid, row);
`;
}

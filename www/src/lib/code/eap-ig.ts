// All edges, exactly, as Python for EAP-IG: its names, its order, its file.
//
// EAP-IG runs the first prompt of a pair and puts in what the second one writes, so denoising is the pair the other
// way round. Its scores are the metric with the edge patched less the metric before; where noising, the metric is
// negated, so that positive means that the edge helps, as in our files.

import type { Request } from "../../core/request";
import type { Metric, PatchKind, Token } from "../../engine/types";
import { literal } from "./literal";
import { idsOf, loading, positionsOf } from "./python";

const INTERVENTIONS: Record<PatchKind, string> = { resample: "patching", mean: "mean-positional", zero: "zero" };

const METRICS: Record<Exclude<Metric, "kl">, string> = {
  "logit-diff": "(at[answer] - at[distractor]).sum()",
  "normalized-logit-diff": "(at[answer] - at[distractor]).sum()",
  "log-prob": "at.log_softmax(-1)[answer].logsumexp(-1)",
  prob: "at.softmax(-1)[answer].sum()",
  "prob-diff": "at.softmax(-1)[answer].sum() - at.softmax(-1)[distractor].sum()",
};

/** The model as EAP-IG reads it, by its own config: of any size, with weights as they are in the file. */
const HOOKED = [
  "c = hf.config",
  "cfg = HookedTransformerConfig(",
  "    n_layers=c.n_layer, n_heads=c.n_head, d_model=c.n_embd, d_head=c.n_embd // c.n_head, d_mlp=c.n_inner or 4 * c.n_embd,",
  "    n_ctx=c.n_positions, d_vocab=c.vocab_size, eps=c.layer_norm_epsilon, act_fn=c.activation_function,",
  '    normalization_type="LN", use_attn_result=True, use_split_qkv_input=True, use_hook_mlp_in=True, device="cpu",',
  ")",
  "model = HookedTransformer(cfg, tokenizer=AutoTokenizer.from_pretrained(name))",
  "model.load_state_dict(convert_gpt2_weights(hf, cfg), strict=False)",
];

/** Python that repeats all edges, with one forward pass per edge. */
export function eapIg({ model, settings, pairs }: Request): string {
  const { metric, direction, patch, layerNorm, prependBos, position } = settings;
  if (metric === "kl") throw new Error("code: expected a metric of the answers for EAP-IG, got the divergence from the clean run");
  const tokens = pairs.map((pair) => pair.tokens);
  if (patch === "mean" && new Set(tokens.map(({ clean }) => clean.length)).size > 1) {
    throw new Error("code: expected prompts of one length for EAP-IG’s mean at each position, got several lengths");
  }
  const positions = positionsOf(tokens, position);
  const data = pairs.map(({ clean, corrupted, tokens: { answer, distractor } }, i) => {
    const [base, other] = direction === "denoise" ? [corrupted, clean] : [clean, corrupted];
    const ids = (of: readonly Token[], name: string) => `[${idsOf(of, name).join(", ")}]`;
    const compared = metric.endsWith("-diff") ? ids(distractor, "distractor") : "[]";
    return `    ([${literal(base)}], [${literal(other)}], (${ids(answer, "answer")}, ${compared}, ${positions[i]})),`;
  });
  const notes = [
    ...(layerNorm === "exact" ? [] : ["# EAP-IG recomputes every LayerNorm's scale; the run on the page keeps one, so its numbers are others."]),
    ...(prependBos ? [] : ["# EAP-IG begins every prompt with the beginning-of-text token; the run on the page does not."]),
    ...(metric === "normalized-logit-diff" ? ["# The metric is the plain logit difference: scores are those of the page times clean less corrupted."] : []),
  ];
  const lines = [
    '# pip install "transformer-lens<3" "transformers>=4.56,<5" git+https://github.com/hannamw/EAP-IG@795f560',
    ...notes,
    "import torch",
    "from eap.attribute import attribute",
    "from eap.graph import Graph",
    "from transformer_lens import HookedTransformer, HookedTransformerConfig",
    "from transformer_lens.pretrained.weight_conversions import convert_gpt2_weights",
    "from transformers import AutoTokenizer, GPT2LMHeadModel",
    "",
    ...loading(model),
    ...HOOKED,
    "",
    "# The prompt that is run, the one whose writes go in, and where to read what: answer, distractor, position.",
    "pairs = [",
    ...data,
    "]",
    "",
    "",
    "def metric(logits, clean_logits, input_lengths, label):",
    "    answer, distractor, position = label",
    "    at = logits[0, position]",
    `    return ${direction === "denoise" ? METRICS[metric] : `-(${METRICS[metric]})`}`,
    "",
    "",
    "graph = Graph.from_model(model)",
    "with torch.no_grad():",
    `    attribute(model, graph, pairs, metric, method="exact", intervention="${INTERVENTIONS[patch]}"${mean(patch)})`,
    'graph.to_json("graph.json")',
  ];
  return `${lines.join("\n")}\n`;
}

/** Over what the mean is taken: the prompts whose writes go in. */
const mean = (patch: PatchKind): string =>
  patch === "mean" ? ", intervention_dataloader=[([other for _, (other,), _ in pairs],)]" : "";

// The run as code: Python for TransformerLens, JavaScript for pathpatch.
//
// Whatever a link or a file brought in stands in the code as a string literal, in quotes, comments too: a line end,
// a quote or a `</script>` in it stays what it is, text.

import type { Look } from "../core/look";
import { bundledPath, type LoadedModel, pinned, textOf } from "../core/model-ref";
import type { Request } from "../core/request";
import type { LayerNorm, Metric, Token } from "../engine/types";

/** The source and the component whose edges the code repeats. */
export type Row = Pick<Look, "src" | "component">;

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

/** Python that repeats the edges of one source head, with one forward pass per edge. */
export function transformerLens({ model, settings, pairs }: Request, { src, component }: Row): string {
  const { metric, layerNorm, position } = settings;
  const tokens = pairs.map((pair) => pair.tokens);
  const longest = Math.max(...tokens.map((pair) => pair.clean.length));
  const row = (ids: number[]) => `[${[...ids, ...Array<number>(longest - ids.length).fill(0)].join(", ")}]`;
  const prompt = (key: "clean" | "corrupted") => {
    const rows = tokens.map((pair) => `    ${row(pair[key].map((token) => token.id))},  # ${textOfTokens(pair[key])}`);
    return `${key} = torch.tensor([\n${rows.join("\n")}\n])`;
  };
  const list = (ids: number[]) => `torch.tensor([${ids.join(", ")}])`;
  const positions = tokens.map(({ clean }) => positionIn(clean.length, position));
  const idsOf = (name: "answer" | "distractor") => `${name}s = ${list(tokens.map((pair) => idOf(pair[name], name)))}`;
  const lines = [
    `# pip install transformer-lens==${VERSIONS[layerNorm]}`,
    "import torch",
    "from transformer_lens.model_bridge import TransformerBridge",
    "from transformer_lens.tools.analysis.direct_path_patching import get_act_patch_direct_path",
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
    `positions = ${list(positions)}`,
    ...(metric === "kl" ? [] : [idsOf("answer")]),
    ...(metric.endsWith("logit-diff") ? [idsOf("distractor")] : []),
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

/** An answer's id; files of version 1 have none. */
function idOf(token: Token | null, name: string): number {
  if (token) return token.id;
  throw new Error(`code: expected the ${name}’s token with each pair, got none: run it again with its model, and copy then`);
}

function normalisers(): string[] {
  const of = (run: string) => [
    `at = ${run}_logits[rows, positions]`,
    `${run}_diff = (${LOGIT_DIFF}).mean()`,
  ];
  return [...of("clean"), ...of("corrupted")];
}

/** A position counted from 0: the last where none is said, from the end where negative. */
const positionIn = (length: number, position: number | null): number =>
  position === null ? length - 1 : position < 0 ? length + position : position;

function loading(model: LoadedModel): string[] {
  const ref = pinned(model);
  if (ref.kind !== "hub") {
    const what = ref.kind === "address" ? `the files that are at ${literal(ref.url)}` : ref.kind === "files" ? "your files" : `pathpatch's ${bundledPath(ref.name)}`;
    return [
      `name = "path/to/model"  # a directory with ${what}`,
      "hf = GPT2LMHeadModel.from_pretrained(name, dtype=torch.float32).eval()",
    ];
  }
  const at = ref.revision === null ? "" : `, revision=${literal(ref.revision)}`;
  return [
    `name = ${literal(ref.repo)}`,
    `hf = GPT2LMHeadModel.from_pretrained(name, dtype=torch.float32${at}).eval()`,
  ];
}

const textOfTokens = (tokens: Token[]) => literal(tokens.map((token) => token.text).join(""));

/**
 * A string literal of Python and of JavaScript on one line. Letters that end a line somewhere, turn the direction of
 * what follows, or are not seen at all are written as escapes; so is what could end a script in HTML.
 */
export function literal(text: string): string {
  return escaped(JSON.stringify(text));
}

const HIDDEN = /[<\u007f-\u00a0\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

const escaped = (json: string): string =>
  json.replaceAll(HIDDEN, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** JavaScript that repeats the full sweep into one component, from the address of this site's `pathpatch.js`. */
export function pathpatchJs({ model, settings, pairs }: Request, { src, component }: Row, moduleUrl: string): string {
  const { metric, layerNorm, prependBos, position } = settings;
  const options = {
    pairs: pairs.map(({ clean, corrupted, answer, distractor }) => ({
      clean,
      corrupted,
      ...(answer && { answer }),
      ...(distractor && { distractor }),
    })),
    metric,
    ...(layerNorm === "frozen" ? {} : { layerNorm }),
    ...(prependBos ? {} : { prependBos }),
    ...(position === null ? {} : { position }),
    component,
  };
  const body = escaped(JSON.stringify(options, null, 2)).replaceAll(/^(\s*)"(\w+)":/gm, "$1$2:");
  return `import { PathPatch } from ${literal(moduleUrl)};

const model = await PathPatch.load(${sourceOf(model, moduleUrl)});
const options = ${body};

// Every source to every destination: [layers, heads, layers, heads], NaN where there is no path.
const grid = await model.getActPatchDirectPathAllSources(options);
// One source only: [layers, heads].
const row = await model.getActPatchDirectPath({ ...options, srcLayer: ${src.layer}, srcHead: ${src.head} });
console.log(grid, row);
`;
}

/** What `PathPatch.load` takes: the commit that was loaded, where it is known. */
function sourceOf(model: LoadedModel, moduleUrl: string): string {
  const ref = pinned(model);
  if (ref.kind === "files") return "{ files: input.files }";
  if (ref.kind === "bundled") return literal(new URL(bundledPath(ref.name), moduleUrl).href);
  return literal(textOf(ref));
}

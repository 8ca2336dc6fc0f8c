// A run as JavaScript for pathpatch, and as a command line of it.

import { edgeKey } from "../../core/node";
import { bundledPath, type LoadedModel, pinned, textOf } from "../../core/model-ref";
import type { Request } from "../../core/request";
import type { EdgeName } from "../../engine/types";
import { escaped, literal } from "./literal";

const bare = (pairs: Request["pairs"]) =>
  pairs.map(({ clean, corrupted, answer, distractor }) => ({
    clean,
    corrupted,
    ...(answer && { answer }),
    ...(distractor && { distractor }),
  }));

/** JavaScript that repeats the run, from the address of this site's `pathpatch.js`. */
export function pathpatchJs({ model, settings, pairs }: Request, edge: EdgeName | null, moduleUrl: string): string {
  const { metric, direction, patch, layerNorm, prependBos, position, scope, strongest } = settings;
  const options = {
    pairs: bare(pairs),
    metric,
    ...(direction === "denoise" ? {} : { direction }),
    ...(patch === "resample" ? {} : { patch }),
    ...(layerNorm === "exact" ? {} : { layerNorm }),
    ...(prependBos ? {} : { prependBos }),
    ...(position === null ? {} : { position }),
    ...(scope === "none" ? { scores: "estimate" } : {}),
    ...(scope === "strongest" ? { strongest } : {}),
  };
  const body = escaped(JSON.stringify(options, null, 2)).replaceAll(/^(\s*)"(\w+)":/gm, "$1$2:");
  const { from, to } = edge ?? { from: "input", to: "logits" };
  return `import { PathPatch } from ${literal(moduleUrl)};

const model = await PathPatch.load(${sourceOf(model, moduleUrl)});
const options = ${body};

// Every edge: values are the metric once one of them is patched, NaN where there is no path.
const { table } = await model.edges(options);
const edge = { from: ${literal(from)}, to: ${literal(to)} };
const place = table.senders.indexOf(edge.from) * table.receivers.length + table.receivers.indexOf(edge.to);
console.log(${literal(edgeKey({ from, to }))}, table.values[place], { clean: table.cleanMetric, corrupted: table.corruptedMetric });
`;
}

/** What `PathPatch.load` takes: the commit that was loaded, where it is known. */
function sourceOf(model: LoadedModel, moduleUrl: string): string {
  const ref = pinned(model);
  if (ref.kind === "files") return "{ files: input.files }";
  if (ref.kind === "bundled") return literal(new URL(bundledPath(ref.name), moduleUrl).href);
  return literal(textOf(ref));
}

/** A shell's lines that write the pairs to a file and every edge to another. */
export function command({ model, settings, pairs }: Request): string {
  const { metric, direction, patch, layerNorm, prependBos, position, scope, strongest } = settings;
  const flags = [
    "--pairs pairs.jsonl",
    `--metric ${metric}`,
    ...(position === null ? [] : [`--position ${position}`]),
    ...(prependBos ? [] : ["--no-bos"]),
    `--direction ${direction}`,
    `--patch ${patch}`,
    `--layer-norm ${layerNorm}`,
    ...(scope === "none" ? ["--scores estimate"] : []),
    ...(scope === "strongest" ? [`--strongest ${strongest}`] : []),
    "--out graph.json",
  ];
  // A pair is one line of JSON whose every odd letter is an escape, so that nothing in it ends the text.
  const lines = bare(pairs).map((pair) => escaped(JSON.stringify(pair)));
  return `cat > pairs.jsonl <<'END'
${lines.join("\n")}
END
${getting(model)}
pathpatch graph --model model ${flags.join(" ")}
`;
}

/** How the model's files get into the directory `model`. */
function getting(model: LoadedModel): string {
  const ref = pinned(model);
  if (ref.kind === "hub") {
    const revision = ref.revision === null ? "" : ` --revision ${ref.revision}`;
    return `hf download ${ref.repo}${revision} config.json model.safetensors tokenizer.json --local-dir model`;
  }
  if (ref.kind === "bundled") return `# model is a directory with the files of pathpatch's ${bundledPath(ref.name)}`;
  return `# model is a directory with ${ref.kind === "files" ? "your files" : "the files of the address that the page loaded"}`;
}

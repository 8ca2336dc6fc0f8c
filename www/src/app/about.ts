// What the run on screen is: model, program, date, device, and how it was measured.

import type { Run } from "../core/run";
import { warningNotes } from "../core/notes";
import { calledInFull } from "../lib/models";
import { checkWords } from "../views/words";
import type { Direction, LayerNorm, PatchKind } from "../engine/types";

const DIRECTIONS: Record<Direction, string> = { denoise: "denoising", noise: "noising" };
const PATCHES: Record<PatchKind, string> = { resample: "the other run’s write", mean: "the mean write", zero: "zero" };
const LAYER_NORMS: Record<LayerNorm, string> = { exact: "LayerNorm recomputed", frozen: "LayerNorm’s scale kept" };

/** `GPT-2 small, openai-community/gpt2 at 607a30d · denoising with the other run’s write, LayerNorm recomputed · pathpatch 0.2.0 on the CPU, 26 Nov 2026` */
export function aboutRun({ request, made, file }: Run): string {
  const { model, settings } = request;
  const { ref, revision } = model;
  const at = revision ? ` at ${revision.slice(0, 7)}` : "";
  const what = `${calledInFull(ref)}${at}`;
  const how = `${DIRECTIONS[settings.direction]} with ${PATCHES[settings.patch]}, ${LAYER_NORMS[settings.layerNorm]}`;
  const by = made ? `${made.by}${on(made.device)}, ${dateOf(made.at)}` : "";
  return [what, how, by, file ? `from ${file}` : ""].filter(Boolean).join(" · ");
}

/** What is worth knowing of it that stands beside no field, and how good its estimates are. */
export const warningsOf = (run: Run): string =>
  [...warningNotes(run.warnings, run.request.settings).others, ...(run.check ? [checkWords(run.check)] : [])]
    .map((text) => (/[.!?]$/.test(text) ? text : `${text}.`))
    .join(" ");

function on(device: string): string {
  if (device === "cpu") return " on the CPU";
  if (device === "webgpu f16") return " on WebGPU with f16 weights";
  return device === "webgpu" ? " on WebGPU" : "";
}

const date = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });

function dateOf(at: string): string {
  const time = Date.parse(at);
  return Number.isNaN(time) ? at : date.format(time);
}

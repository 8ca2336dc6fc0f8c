// The bench's page: what a sweep takes on the reader's own adapter, as a table to read and JSON to paste.

import { measure, type Report } from "./bench/measure";
import { aboutAdapter, headOf, rows } from "./bench/report";
import { setAssets } from "./engine/assets";

const at = (path: string) => new URL(path, document.baseURI).href;
const [worker, engine] = import.meta.env.DEV ? ["src/bench/worker.ts", "src/engine/worker.ts"] : ["assets/bench-worker.js", "lib/worker.js"];
setAssets({ workerUrl: `${at(worker!)}?engine=${encodeURIComponent(at(engine!))}` });

const elementById = <E extends HTMLElement>(id: string) => document.getElementById(id) as E;
const button = elementById<HTMLButtonElement>("run");
const progress = elementById("progress");
const json = elementById<HTMLTextAreaElement>("json");
const table = elementById<HTMLTableElement>("table");

let running: AbortController | null = null;

button.addEventListener("click", () => {
  if (running) running.abort();
  else void run();
});
elementById("copy").addEventListener("click", () => {
  void navigator.clipboard.writeText(json.value).then(
    () => say("Copied."),
    (error) => say(`The browser did not copy: ${error}`),
  );
});

async function run(): Promise<void> {
  running = new AbortController();
  button.textContent = "Stop";
  try {
    await measure(say, show, running.signal);
    say("Done.");
  } catch (error) {
    say(running.signal.aborted ? "Stopped." : String(error));
  } finally {
    running = null;
    button.textContent = "Run again";
  }
}

function say(text: string): void {
  progress.textContent = text;
}

function show(report: Report): void {
  elementById("about").textContent = aboutAdapter(report);
  json.value = JSON.stringify(report, null, 2);
  elementById("results").hidden = report.sweeps.length === 0;
  table.replaceChildren();
  const head = table.createTHead().insertRow();
  head.insertCell();
  for (const sweep of report.sweeps) head.append(headed("col", headOf(sweep)));
  const body = table.createTBody();
  for (const [name, ...cells] of rows(report)) {
    const row = body.insertRow();
    row.append(headed("row", name));
    for (const cell of cells) row.insertCell().textContent = cell;
  }
}

function headed(scope: "row" | "col", text: string): HTMLTableCellElement {
  const head = document.createElement("th");
  head.scope = scope;
  head.textContent = text;
  return head;
}

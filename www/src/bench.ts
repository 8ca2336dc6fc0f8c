// The bench's page: what a sweep takes on the reader's own adapter, as a table to read and JSON to paste.

import { measure, type Report } from "./bench/measure";
import { aboutAdapter, headOf, rows } from "./bench/report";
import { setAssets } from "./engine/assets";
import { element, elementById, messageOf } from "./lib/dom";

const at = (path: string) => new URL(path, document.baseURI).href;
const [worker, engine] = import.meta.env.DEV ? ["src/bench/worker.ts", "src/engine/worker.ts"] : ["assets/bench-worker.js", "lib/worker.js"];
setAssets({ workerUrl: `${at(worker!)}?engine=${encodeURIComponent(at(engine!))}` });

const button = elementById<HTMLButtonElement>("run");
const progress = elementById("progress");
const json = elementById<HTMLTextAreaElement>("json");

let running: AbortController | null = null;

button.addEventListener("click", () => {
  if (running) running.abort();
  else void run();
});
elementById("copy").addEventListener("click", () => {
  void navigator.clipboard.writeText(json.value).then(
    () => say("Copied."),
    (error) => say(`The browser did not copy: ${messageOf(error)}`),
  );
});

async function run(): Promise<void> {
  running = new AbortController();
  button.textContent = "Stop";
  try {
    await measure(say, show, running.signal);
    say("Done.");
  } catch (error) {
    say(running.signal.aborted ? "Stopped." : messageOf(error));
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
  const head = element("tr", {}, element("td"), ...report.sweeps.map((sweep) => element("th", { scope: "col" }, headOf(sweep))));
  const body = rows(report).map(([name, ...cells]) => element("tr", {}, element("th", { scope: "row" }, name), ...cells.map((cell) => element("td", {}, cell))));
  elementById("table").replaceChildren(element("thead", {}, head), element("tbody", {}, ...body));
}

// Using the page by pointer and by keyboard, on the CPU: prompts, settings, errors.

import * as cli from "./cli";
import { batch, cell, editor, example, field, grid, headLabels, mode, open, paste, settled, show, valueIn } from "./page";
import { expect, test } from "./test";

const preset = { ...cli.INDUCTION, ...cli.LIKE_THE_PAGE, component: "k", metric: "normalized-logit-diff" };

/** A value is shown to three digits. */
const expectShown = (shown: number, value: number) => expect(Math.abs(shown - value)).toBeLessThan(6e-3 * Math.abs(value));

test.beforeEach(({ page }) => open(page));

test("the first result appears without a click, with the command line's values", async ({ page }) => {
  await expect(page.locator("#status")).toContainText(/^262 edges exact · /);
  await expect(page.locator("#about-run")).toContainText("(ioi-demo) · ");
  await show(page, "Grids");
  for (const component of ["q", "k", "v"] as const) {
    const theirs = cli.sweep({ ...preset, component, source: "0.3" });
    const labels = await headLabels(grid(page, "from", component));
    expect(labels).toHaveLength(12);
    theirs.forEach((value, i) => {
      if (value === null) {
        expect(labels[i]).toMatch(i === 3 ? /: writes these edges$/ : /: no path, /);
        return;
      }
      expect(Math.abs(valueIn(labels[i]!, 0) - value)).toBeLessThan(1e-3);
      expect(labels[i]).not.toContain("estimate");
    });
  }
  const first = await page.evaluate(() => performance.getEntriesByName("first-grid")[0]?.startTime);
  console.log(`first grid after ${first?.toFixed(0)} ms`);
});

test("both prompts are one text, in which what differs stands twice", async ({ page }) => {
  const prompt = page.getByRole("listbox", { name: /^Prompt/ });
  await expect(prompt.locator(".alt .c")).toHaveText(["clean fox"]);
  await expect(prompt.locator(".alt .r")).toHaveText(["corrupted dragon"]);
  const options = prompt.getByRole("option");
  await expect(options).toHaveCount(14);
  await expect(options.first()).toHaveAccessibleName("start of the text, <|endoftext|>: token 0, id 0");
  await expect(options.nth(1)).toHaveAccessibleName(/^clean fox, id \d+; corrupted dragon, id \d+: token 1$/);
  await (await field(page, "Begin with <|endoftext|>")).uncheck();
  await expect(options).toHaveCount(13);
  await settled(page);
});

test("metric, LayerNorm and example change the result", async ({ page }) => {
  await (await field(page, "Metric")).selectOption("kl");
  await expect(page.locator(".values .of")).toHaveText("divergence from the clean run’s output");
  await settled(page);
  await show(page, "Grids");
  for (const layerNorm of ["frozen", "exact"]) {
    await page.getByLabel("LayerNorm of the receiver").selectOption(layerNorm);
    await settled(page);
    const theirs = cli.sweep({ ...preset, metric: "kl", source: "0.3", "layer-norm": layerNorm })[7]!;
    const label = await cell(grid(page, "from", "k"), "1.3").getAttribute("aria-label");
    expectShown(valueIn(label!), theirs);
  }
  await example(page, "Indirect object: Mary and John");
  await expect(page.getByLabel("Answer", { exact: true })).toHaveValue("Mary");
  await expect(page.locator("#question .prompt .alt")).toHaveText("clean Johncorrupted Mary");
});

test("a link whose question is wrong says that it was not run, and runs once it is mended", async ({ page }) => {
  const clean = cli.INDUCTION.clean.replace("tiger", "quokka");
  await page.goto(`/?wrong#${new URLSearchParams({ ...cli.INDUCTION, clean })}`);
  const words = page.locator("#status .words");
  await expect(words).toHaveText("Not run: something in the question has to be mended");
  await (await field(page, "Clean prompt")).fill(cli.INDUCTION.clean);
  await settled(page);
  await expect(words).toHaveText(/^262 edges exact/);
});

test("errors appear beside their field in plain words, and go when it is fixed", async ({ page }) => {
  await editor(page);
  const errors = page.locator("#editor .error:not(:empty)");
  const [clean, answer] = [page.getByLabel("Clean prompt"), page.getByLabel("Answer", { exact: true })];
  await answer.fill("Mary John");
  await expect(page.locator("#answer-error")).toHaveText("It falls into 2 tokens: “Mary” “John”. An answer is one token.");
  await expect(answer).toHaveAttribute("aria-invalid", "true");
  await expect(page.locator("#picture")).toHaveClass("stale");
  await answer.fill("lamp");
  await expect(errors).toHaveCount(0);

  await clean.fill("fox lamp");
  await expect(page.locator("#corrupted-error")).toHaveText("It is 14 tokens, the clean prompt 3 tokens. Both need as many.");
  await expect(page.getByLabel("Corrupted prompt")).toHaveValue(cli.INDUCTION.corrupted);
  await clean.fill("");
  await expect(page.locator("#clean-error")).toHaveText("Write the clean prompt.");
  await clean.fill(cli.INDUCTION.corrupted);
  await expect(page.locator("#corrupted-error")).toHaveText("Both prompts are the same, so there is nothing to patch.");
  await clean.fill(cli.INDUCTION.clean);
  await expect(errors).toHaveCount(0);
  const position = await field(page, "Read at position");
  await position.fill("99");
  await expect(page.locator("#position-error")).toHaveText("There is no token 99: the prompt has tokens 0 to 13.");
  await position.fill("0");
  await expect(page.locator("#position-error")).toHaveText("At token 0 both runs are still the same: the prompts first differ at token 1. Read there or later.");
  await position.fill("");
  await expect(errors).toHaveCount(0);
  await settled(page);
});

test("a set of answers is checked, and measured together", async ({ page }) => {
  await editor(page);
  const answer = page.getByLabel("Answer", { exact: true });
  await answer.fill("lamp|river");
  await expect(page.locator("#answer-error")).toHaveText(
    "2 tokens are given; this metric takes one. The probability of the answers less the distractors takes several.",
  );
  await (await field(page, "Metric")).selectOption("Probability of the answers less the distractors");
  await expect(page.locator(".values .of")).toHaveText("probability of “lamp” or “river” less that of spoon");
  await settled(page);
  const sets = { ...cli.INDUCTION, ...cli.LIKE_THE_PAGE, answer: "lamp|river" };
  const theirs = cli.sweep({ ...sets, component: "k", metric: "prob-diff", source: "0.3" })[7]!;
  await show(page, "Grids");
  const label = await cell(grid(page, "from", "k"), "1.3").getAttribute("aria-label");
  expect(Math.abs(valueIn(label!) - theirs)).toBeLessThan(1e-3);
  await answer.fill("lamp|river|piano|riber");
  await expect(page.locator("#answer-error")).toContainText("“riber” is not among the 565 words of this model. Did you mean …");
  await page.locator("#answer-error").getByRole("button", { name: "Use “river”" }).click();
  await expect(page.locator("#answer-error")).toContainText("“river” is given twice.");
  await answer.fill("lamp|river|piano|cloud");
  await settled(page);
  // In the batch it is the same pair.
  await mode(page, "Batch");
  await expect(page.locator('[data-cell="answer"]')).toHaveText(["lamp|river|piano|cloud"]);
  await settled(page);
});

test("with several pairs, metrics are means with standard deviations", async ({ page }) => {
  const other = { clean: "crown lamp fox crown", corrupted: "eagle lamp fox crown", answer: "lamp", distractor: "fox" };
  const line = ({ clean, corrupted, answer, distractor }: typeof other) => [clean, corrupted, answer, distractor].join(" | ");
  await batch(page, `${line(cli.INDUCTION)}\n${line(other)}`);
  await settled(page);
  const alone = [cli.INDUCTION, other].map((pair) => {
    const value = cli.sweep({ ...pair, ...cli.LIKE_THE_PAGE, component: "k", metric: "logit-diff", source: "0.3" })[7]!;
    return value;
  });
  await (await field(page, "Metric")).selectOption("logit-diff");
  await settled(page);
  await show(page, "Grids");
  const label = (await cell(grid(page, "from", "k"), "1.3").getAttribute("aria-label"))!;
  expectShown(valueIn(label), (alone[0]! + alone[1]!) / 2);
  expect(label).toMatch(/ ± [\d.]+ over the pairs/);
  await show(page, "Table");
  await expect(page.getByRole("columnheader", { name: "± over pairs" })).toBeVisible();
  await paste(page, "only one part");
  await expect(page.locator("#paste-error")).toHaveText("Line 1 has one part: write clean | corrupted | answer | distractor.");
});

test("a template with slots", async ({ page }) => {
  await example(page, "Indirect object: Mary and John");
  await settled(page);
  await mode(page, "Template");
  const text = (last: string) => `When {A} and {B} went to the store , ${last} gave a book to`;
  await page.getByLabel("Clean prompt").fill(text("{B}"));
  await page.getByLabel("Corrupted prompt").fill(text("{A}"));
  await page.getByLabel("Answer", { exact: true }).fill("{A}");
  await page.getByLabel("Distractor", { exact: true }).fill("{B}");
  await page.getByLabel("Fill-ins").fill("A=Mary, B=John\nA=John, B=Mary");
  await settled(page);
  await expect(page.locator('[data-cell="answer"]')).toHaveText(["Mary", "John"]);
  await page.getByRole("button", { name: "Next pair" }).click();
  await expect(page.locator("#question .prompt .alt")).toHaveText("clean Marycorrupted John");
  await page.getByLabel("Fill-ins").fill("A=Mary");
  await expect(page.locator("#fillings-error")).toHaveText("Line 1 has nothing for {B}.");
});

test("earlier runs are kept in this browser and can be opened again", async ({ page }) => {
  await example(page, "Indirect object: Mary and John");
  await settled(page);
  await page.reload();
  await settled(page);
  await example(page, /^fox lamp .*→ lamp \/ spoon/);
  await expect(await field(page, "Clean prompt")).toHaveValue(cli.INDUCTION.clean);
  await settled(page);
  await page.getByRole("button", { name: "Examples" }).click();
  await expect(page.getByRole("menuitemradio", { checked: true })).toContainText("Induction: fox, lamp, … fox");
});

test("a slow download shows its progress, and can be cancelled and restarted", async ({ page }) => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route("**/model.safetensors", async (route) => {
    await held;
    await route.continue().catch(() => {}); // The page that asked may have been reloaded.
  });
  await page.reload();
  await expect(page.locator("#status")).toContainText("Loading Names and lists");
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(page.locator("#status")).toContainText("Names and lists is not loaded");
  release();
  await page.getByRole("button", { name: "Load again" }).click();
  await settled(page);
});

test("a warning appears beside its field, does not stop the run, and is fixed by one press", async ({ page }) => {
  // Put warnings into the engine's answer, as if a leading space were missing.
  await page.addInitScript(() => {
    const { set } = Object.getOwnPropertyDescriptor(Worker.prototype, "onmessage")!;
    Object.defineProperty(Worker.prototype, "onmessage", {
      set(this: Worker, listener: (event: MessageEvent) => void) {
        set!.call(this, (event: MessageEvent) => {
          // What the engine says of a question before it is run.
          if (Array.isArray(event.data.answer) && event.data.answer.length === 0) {
            event.data.answer = [
              { code: "answer", message: "“lamp” does not begin with a space", suggestion: "crown" },
              { code: "tokenizer", message: "two beginnings of text" },
            ] as unknown[];
          }
          listener(event);
        });
      },
    });
  });
  await page.goto("/?warned");
  await settled(page);
  const answer = await field(page, "Answer");
  const warning = page.locator("#answer-warning");
  await expect(warning).toContainText("“lamp” does not begin with a space");
  await expect(page.locator("#answer-error")).toBeEmpty();
  await expect(page.locator("#about-run")).toContainText("two beginnings of text");
  await warning.getByRole("button", { name: "Use “crown”" }).click();
  await expect(answer).toHaveValue("crown");
  await settled(page);
});

test("a lost engine is not blamed on a field, and one press starts a new one", async ({ page }) => {
  await page.addInitScript(() => {
    const { postMessage } = Worker.prototype;
    Worker.prototype.postMessage = function (this: Worker, message: { call?: string }) {
      const { lost } = globalThis as { lost?: boolean };
      if (lost && message.call === "tokenize") this.dispatchEvent(new ErrorEvent("error", { message: "crashed" }));
      else postMessage.call(this, message);
    } as typeof postMessage;
  });
  await page.goto("/?lost");
  await settled(page);
  await page.evaluate(() => Object.assign(globalThis, { lost: true }));
  const answer = await field(page, "Answer");
  await answer.fill("crown");
  await expect(page.locator("#failure")).toContainText("crashed");
  await expect(page.locator("#editor .error:not(:empty)")).toHaveCount(0);
  // If the next try fails too, the button is still there.
  await answer.fill("river");
  const again = page.locator("#failure").getByRole("button", { name: "Load the model again" });
  await expect(again).toBeVisible();
  await page.evaluate(() => Object.assign(globalThis, { lost: false }));
  await again.click();
  await settled(page);
  // The request is still there, and now gets its result.
  await expect(answer).toHaveValue("river");
  await expect(page.locator("#picture")).not.toHaveClass("stale");
});

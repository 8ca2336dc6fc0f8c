// Using the page by pointer and by keyboard, on the CPU: prompts, settings, errors.

import * as cli from "./cli";
import { cell, grid, headLabels, open, settled, valueIn } from "./page";
import { expect, test } from "./test";

const preset = { ...cli.INDUCTION, ...cli.LIKE_THE_PAGE, component: "k", metric: "normalized-logit-diff" };

test.beforeEach(({ page }) => open(page));

test("the first result appears without a click, with the command line's values", async ({ page }) => {
  await expect(page.locator("#status")).toContainText("ioi-demo: 3 layers × 4 heads, on the CPU: ");
  for (const component of ["q", "k", "v"] as const) {
    const theirs = cli.sweep({ ...preset, component, source: "0.3" });
    const labels = await headLabels(grid(page, "from", component));
    expect(labels).toHaveLength(12);
    theirs.forEach((value, i) => {
      if (value === null) {
        expect(labels[i]).toMatch(i === 3 ? /: writes these edges$/ : /: no path, /);
        return;
      }
      expect(Math.abs(valueIn(labels[i]!) - value)).toBeLessThan(1e-3);
      expect(labels[i]).not.toContain("estimate");
    });
  }
  const first = await page.evaluate(() => performance.getEntriesByName("first-grid")[0]?.startTime);
  console.log(`first grid after ${first?.toFixed(0)} ms`);
});

test("the tokens of both prompts are aligned, and those that differ are marked", async ({ page }) => {
  await expect(page.locator(".tokens mark")).toHaveText(["fox", "dragon"]);
  const first = page.locator(".tokens tr").first().locator("td").first();
  await expect(first).toHaveText("<|endoftext|>");
  await page.getByLabel("Begin with <|endoftext|>").uncheck();
  await expect(first).toHaveText("fox");
  await settled(page);
});

test("metric, LayerNorm and example change the result", async ({ page }) => {
  await page.getByLabel("Metric", { exact: true }).selectOption("kl");
  await expect(page.locator(".scale-title")).toHaveText("Change of: KL divergence from the clean run");
  await settled(page);
  for (const layerNorm of ["frozen", "exact"]) {
    await page.getByLabel("LayerNorm of the receiver").selectOption(layerNorm);
    await settled(page);
    const theirs = cli.sweep({ ...preset, metric: "kl", source: "0.3", "layer-norm": layerNorm })[7]!;
    const label = await cell(grid(page, "from", "k"), "1.3").getAttribute("aria-label");
    expect(Math.abs(valueIn(label!) - theirs)).toBeLessThan(1e-3);
  }
  await page.getByLabel("Example").selectOption({ label: "Indirect object: Mary and John" });
  await expect(page.getByLabel("Answer", { exact: true })).toHaveValue("Mary");
  await expect(page.locator(".tokens mark")).toHaveText(["John", "Mary"]);
});

test("errors appear beside their field and go when it is fixed", async ({ page }) => {
  const errors = page.locator(".error:not(:empty)");
  await page.getByLabel("Answer", { exact: true }).fill("Mary John");
  await expect(page.locator("#answer-error")).toHaveText('answer: expected one token, got 2: "Mary" "John"');
  await expect(page.getByLabel("Answer", { exact: true })).toHaveAttribute("aria-invalid", "true");
  await expect(page.locator("#board")).toHaveClass("stale");
  await page.getByLabel("Answer", { exact: true }).fill("lamp");
  await expect(errors).toHaveCount(0);

  await page.getByLabel("Clean prompt", { exact: true }).fill("fox lamp Zarathustra");
  await expect(page.locator("#clean-error")).toHaveText(
    'text: expected words of this model\'s vocabulary, got "Zarathustra"',
  );
  await page.getByLabel("Clean prompt", { exact: true }).fill("fox lamp");
  await expect(page.locator("#corrupted-error")).toContainText(
    "corrupted prompt: expected as many tokens as the clean prompt (3), got 14",
  );
  await expect(page.getByLabel("Corrupted prompt")).toHaveValue(cli.INDUCTION.corrupted);
  await page.getByLabel("Clean prompt", { exact: true }).fill(cli.INDUCTION.corrupted);
  await expect(page.locator("#corrupted-error")).toContainText("expected a prompt that differs from the clean one");
  await page.getByLabel("Clean prompt", { exact: true }).fill(cli.INDUCTION.clean);
  await expect(errors).toHaveCount(0);
  await page.getByLabel("Read at position").fill("99");
  await expect(page.locator("#position-error")).toContainText("expected 0 to 13 or -14 to -1");
  await page.getByLabel("Read at position").fill("");
  await expect(errors).toHaveCount(0);
  await settled(page);
});

test("a set of answers is summarised, checked, and measured together", async ({ page }) => {
  const answer = page.getByLabel("Answer", { exact: true });
  await answer.fill("lamp|river");
  await expect(page.locator("#answer-error")).toHaveText(
    "answer: expected one token (metric normalized-logit-diff), got 2; the metric prob-diff takes several",
  );
  await page.getByLabel("Metric", { exact: true }).selectOption("Probability of the answers less the distractors");
  await expect(page.locator(".pairs")).toContainText("Answer “lamp”, “river” against “spoon”");
  await settled(page);
  const sets = { ...cli.INDUCTION, ...cli.LIKE_THE_PAGE, answer: "lamp|river" };
  const theirs = cli.sweep({ ...sets, component: "k", metric: "prob-diff", source: "0.3" })[7]!;
  const label = await cell(grid(page, "from", "k"), "1.3").getAttribute("aria-label");
  expect(Math.abs(valueIn(label!) - theirs)).toBeLessThan(1e-3);
  await answer.fill("lamp|river|piano|riber");
  await expect(page.locator("#answer-error")).toHaveText('answer "riber": expected words of this model\'s vocabulary, got "riber"');
  await answer.fill("lamp|river|piano|cloud");
  await expect(page.locator(".pairs")).toContainText("Answer 4 tokens: “lamp” … “cloud” against “spoon”");
  await settled(page);
  // In the pasted lines it is the same pair.
  await page.getByLabel("Pasted lines").check();
  await expect(page.getByLabel("Pairs, one per line")).toHaveValue(/\tlamp\|river\|piano\|cloud\tspoon$/);
  await expect(page.locator("#lines-error")).toBeEmpty();
});

test("for prompts of different lengths, the page marks the token that causes it", async ({ page }) => {
  await page.getByLabel("Corrupted prompt").fill(cli.INDUCTION.clean.replace("lamp river", "lamp crown crown river"));
  await expect(page.locator(".tokens .gap")).toHaveCount(2);
  await expect(page.locator(".pairs")).toContainText(
    "14 against 16 tokens: nothing in the clean prompt stands against “crown” “crown” (2 tokens) in the corrupted prompt. Choose words with the same number of tokens.",
  );
  // Nothing overflows the page, even with many differences and on a phone.
  await page.setViewportSize({ width: 390, height: 800 });
  await page.getByLabel("Corrupted prompt").fill(cli.INDUCTION.corrupted.split(" ").toReversed().slice(3).join(" "));
  await expect(page.locator(".pairs .note").first()).toContainText("14 against 11 tokens");
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
});

test("with several pairs, metrics are means with standard deviations", async ({ page }) => {
  await page.getByLabel("Pasted lines").check();
  // The previous pair becomes the first line.
  await expect(page.getByLabel("Pairs, one per line")).toHaveValue(Object.values(cli.INDUCTION).join("|"));
  await page.getByLabel("Pairs, one per line").fill("");
  await expect(page.locator("#lines-error")).toContainText("expected at least one line");
  const other = { clean: "crown lamp fox crown", corrupted: "eagle lamp fox crown", answer: "lamp", distractor: "fox" };
  const line = ({ clean, corrupted, answer, distractor }: typeof other) => [clean, corrupted, answer, distractor].join(" | ");
  await page.getByLabel("Pairs, one per line").fill(`${line(cli.INDUCTION)}\n${line(other)}`);
  await settled(page);
  await expect(page.locator(".pairs details")).toHaveCount(2);
  const alone = [cli.INDUCTION, other].map((pair) => {
    const value = cli.sweep({ ...pair, ...cli.LIKE_THE_PAGE, component: "k", metric: "logit-diff", source: "0.3" })[7]!;
    return value;
  });
  await page.getByLabel("Metric", { exact: true }).selectOption("logit-diff");
  await settled(page);
  const label = (await cell(grid(page, "from", "k"), "1.3").getAttribute("aria-label"))!;
  expect(Math.abs(valueIn(label) - (alone[0]! + alone[1]!) / 2)).toBeLessThan(2e-3);
  expect(label).toMatch(/ ± [\d.]+ over the pairs/);
  await expect(page.getByRole("columnheader", { name: "± over pairs" })).toBeVisible();
  await page.getByLabel("Pairs, one per line").fill("only one part");
  await expect(page.locator("#lines-error")).toHaveText("line 1: expected clean | corrupted | answer | distractor, got 1 part");
});

test("a template with slots", async ({ page }) => {
  await page.getByLabel("Example").selectOption({ label: "Indirect object: Mary and John" });
  await settled(page);
  await page.getByLabel("A template").check();
  const text = (last: string) => `When {A} and {B} went to the store , ${last} gave a book to`;
  await page.getByLabel("Clean prompt", { exact: true }).fill(text("{B}"));
  await page.getByLabel("Corrupted prompt").fill(text("{A}"));
  await page.getByLabel("Answer", { exact: true }).fill("{A}");
  await page.getByLabel("Distractor", { exact: true }).fill("{B}");
  await page.getByLabel("Fill-ins").fill("A=Mary, B=John\nA=John, B=Mary");
  await settled(page);
  await expect(page.locator(".pairs summary")).toHaveText(["Pair 1", "Pair 2"]);
  await expect(page.locator(".pairs details").nth(1).locator("mark")).toHaveText(["Mary", "John"]);
  await page.getByLabel("Fill-ins").fill("A=Mary");
  await expect(page.locator("#fillings-error")).toHaveText("line 1: expected a value for {B}, got A=Mary");
});

test("earlier runs are kept in this browser and can be opened again", async ({ page }) => {
  await page.getByLabel("Example").selectOption({ label: "Indirect object: Mary and John" });
  await settled(page);
  await page.reload();
  await settled(page);
  await page.getByLabel("Earlier runs").selectOption({ index: 2 });
  await expect(page.getByLabel("Clean prompt", { exact: true })).toHaveValue(cli.INDUCTION.clean);
  await settled(page);
  await expect(page.getByLabel("Example")).toHaveValue("0");
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
  await expect(page.locator("#loading")).toContainText(/tokenizer\.json: 0 MB|Starting/);
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(page.locator("#status")).toHaveText("ioi-demo is not loaded.");
  release();
  await page.getByRole("button", { name: "Load again" }).click();
  await settled(page);
});

test("the tour appears on a first visit, and again on request", async ({ page, context }) => {
  const fresh = await context.newPage();
  await fresh.addInitScript(() => localStorage.removeItem("pathpatch-tour-seen"));
  await fresh.goto("/");
  const tour = fresh.getByRole("region", { name: "Tour" });
  await expect(tour.getByRole("heading")).toHaveText("A list that repeats");
  for (const title of ["A head that looks one token back", "The circuit", "Why it works", "Your turn"]) {
    await tour.getByRole("button", { name: "Next" }).click();
    await expect(tour.getByRole("heading")).toHaveText(title);
    await expect(fresh.locator(".toured")).toHaveCount(1);
  }
  await tour.getByRole("button", { name: "Done" }).click();
  await expect(tour).toHaveCount(0);
  await expect(page.getByRole("region", { name: "Tour" })).toHaveCount(0);
  await page.getByRole("button", { name: "Show me around" }).click();
  await page.getByRole("region", { name: "Tour" }).getByRole("button", { name: "Leave the tour" }).click();
  await expect(page.locator(".toured")).toHaveCount(0);
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
  const warning = page.locator("#answer-warning");
  await expect(warning).toContainText("“lamp” does not begin with a space");
  await expect(page.locator("#answer-error")).toBeEmpty();
  await expect(page.locator("#about-run")).toContainText("two beginnings of text");
  await warning.getByRole("button", { name: "Use “crown”" }).click();
  await expect(page.getByLabel("Answer", { exact: true })).toHaveValue("crown");
  await expect(page.getByLabel("Answer", { exact: true })).toBeFocused();
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
  await page.getByLabel("Answer", { exact: true }).fill("crown");
  await expect(page.locator("#failure")).toHaveText("the engine stopped: crashed");
  await expect(page.locator("#controls .error:not(:empty)")).toHaveCount(0);
  // If the next try fails too, the button is still there.
  await page.getByLabel("Answer", { exact: true }).fill("river");
  const again = page.getByRole("button", { name: "Load the model again" });
  await expect(again).toBeVisible();
  await page.evaluate(() => Object.assign(globalThis, { lost: false }));
  await again.click();
  await expect(page.locator("#failure")).toBeEmpty();
  await settled(page);
  // The request is still there, and now gets its result.
  await expect(page.getByLabel("Answer", { exact: true })).toHaveValue("river");
  await expect(page.locator("#board")).not.toHaveClass("stale");
});

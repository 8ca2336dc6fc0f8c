// The question: reading it, changing it by a press, mending it, asking it of many pairs.

import type { Page } from "@playwright/test";
import * as cli from "./cli";
import { batch, editor, example, field, mode, open, paste, settled } from "./page";
import { expect, test } from "./test";

test.beforeEach(({ page }) => open(page));

const prompt = (page: Page) => page.getByRole("listbox", { name: /^Prompt/ });
const values = (page: Page) => page.locator(".values");
const IOI = "When Mary and John went to the store , John gave a book to | When Mary and John went to the store , Mary gave a book to | Mary | John";

test("a press on a token reads the metric there; by keyboard, too", async ({ page }) => {
  const options = prompt(page).getByRole("option");
  await expect(prompt(page).locator('[tabindex="0"]')).toHaveCount(1);
  await expect(options.last()).toHaveAttribute("aria-selected", "true");
  await options.nth(12).click();
  await settled(page);
  await expect(page).toHaveURL(/position=12/);
  await expect(options.nth(12)).toHaveAttribute("aria-selected", "true");
  await expect(page.locator(".tip")).toContainText("Token 12");
  await page.keyboard.press("ArrowRight");
  await expect(options.nth(13)).toBeFocused();
  await expect(options.nth(12)).toHaveAttribute("aria-selected", "true");
  await page.keyboard.press("Enter");
  await settled(page);
  await expect(page).not.toHaveURL(/position=/);
  await expect(options.nth(13)).toBeFocused();
  // Before the prompts differ there is nothing to read, which is told though the editor is closed.
  await page.keyboard.press("Home");
  await page.keyboard.press("Enter");
  await expect(page.locator("#question .gist [role=alert]")).toContainText("the prompts first differ at token 1");
  await page.getByRole("button", { name: "Revert" }).click();
  await expect(page.locator("#question .gist")).toContainText("A list that repeats.");
  await settled(page);
});

test("both runs' likeliest tokens, and a press that makes one the answer or the distractor", async ({ page }) => {
  const [clean, corrupted] = [page.getByRole("list", { name: "clean says next" }), page.getByRole("list", { name: "corrupted says next" })];
  await expect(clean.getByRole("button")).toHaveCount(5);
  await expect(clean.getByRole("button").first()).toHaveAccessibleName("lamp, 98%, the answer");
  await expect(corrupted.getByRole("button").first()).toHaveAccessibleName("crown, 98%");
  // What is asked about and not among the five is told all the same.
  await expect(page.locator("#says .rest").first()).toHaveText(/^spoon 0\.0096%$/);
  await expect(page.locator("#says .rest").last()).toHaveText(/^lamp 0\.0018%\s*spoon 0\.0024%$/);
  await corrupted.getByRole("button").first().click();
  await page.getByRole("menuitem", { name: "Make it the distractor" }).click();
  await expect(values(page)).toContainText("logit of lamp less that of crown");
  await settled(page);
  await expect(corrupted.getByRole("button").first()).toHaveAccessibleName("crown, 98%, the distractor");
  // One stop of the Tab key, arrows, Enter.
  await expect(page.locator('#says-lists button[tabindex="0"]')).toHaveCount(1);
  await corrupted.getByRole("button").first().focus();
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("ArrowDown");
  await expect(clean.getByRole("button").nth(1)).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("menuitem").first()).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(clean.getByRole("button").nth(1)).toBeFocused();
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(values(page)).toContainText("logit of lamp less that of spoon");
});

test("unknown words are all told at once, and mended by a press", async ({ page }) => {
  const clean = await field(page, "Clean prompt");
  await clean.fill(cli.INDUCTION.clean.replace("lamp", "quokka").replace("spoon", "spon"));
  const error = page.locator("#clean-error");
  await expect(error).toContainText("“quokka” and “spon” are not among the 565 words of this model. Did you mean …");
  // What was run before stays in sight, and is told to be old.
  await expect(page.locator("#question .gist")).toContainText("Shown: the run of");
  await expect(page.locator("#picture svg.circuit")).toBeVisible();
  await error.getByRole("button", { name: "“spon” → “spoon”" }).click();
  await expect(error).toContainText("“quokka” is not among the 565 words of this model.");
  await clean.fill(cli.INDUCTION.clean.replace("lamp", "lmap"));
  await error.getByRole("button", { name: "Use “lamp”" }).click();
  await expect(clean).toHaveValue(cli.INDUCTION.clean);
  await settled(page);
});

test("words of the vocabulary complete what is typed", async ({ page }) => {
  const clean = await field(page, "Clean prompt");
  await clean.click();
  await clean.press("ControlOrMeta+End");
  await clean.pressSequentially(" pian");
  const list = page.getByRole("listbox", { name: "Words of the model" });
  await expect(list.getByRole("option", { name: "piano", exact: true })).toBeVisible();
  await clean.press("ArrowDown");
  await clean.press("Enter");
  await expect(clean).toHaveValue(/ piano/);
  await expect(list).toBeHidden();
  const answer = page.getByRole("combobox", { name: "Answer" });
  await answer.fill("riv");
  await expect(answer).toHaveAttribute("aria-expanded", "true");
  await page.getByRole("option", { name: "river", exact: true }).click();
  await expect(answer).toHaveValue("river");
  // "to" is a word, though others begin with it: no list stays open over what is pressed next.
  await clean.fill(cli.INDUCTION.clean.replace(/fox$/, "to"));
  await expect(page.locator("#question .prompt")).toContainText("to");
  await expect(list).toHaveCount(0);
  await answer.fill("ri");
  await expect(answer).toHaveAttribute("aria-expanded", "true");
  await answer.press("Escape");
  await expect(answer).toHaveAttribute("aria-expanded", "false");
  await expect(await editor(page)).toBeVisible();
});

test("prompts of unequal length are shown word by word, with what mends them", async ({ page }) => {
  const corrupted = await field(page, "Corrupted prompt");
  await corrupted.fill(cli.INDUCTION.corrupted.replace("piano cloud", "piano crown cloud"));
  const aligner = page.locator(".aligner");
  await expect(aligner.locator(".uneven")).toHaveText(["∅0", "crown1"]);
  // The prompt shows the gap as well.
  await expect(prompt(page).locator(".alt")).toHaveCount(2);
  await page.getByRole("button", { name: "Leave out “crown”" }).click();
  await expect(corrupted).toHaveValue(cli.INDUCTION.corrupted);
  await expect(aligner).toBeHidden();
  await settled(page);
  // Nothing overflows the page, even with many differences and on a phone.
  await page.setViewportSize({ width: 390, height: 800 });
  await corrupted.fill(cli.INDUCTION.corrupted.split(" ").toReversed().slice(3).join(" "));
  await expect(aligner).toBeVisible();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
});

test("names are swapped into the corrupted prompt, or it is told why not", async ({ page }) => {
  await example(page, "Indirect object: Mary and John");
  await settled(page);
  await editor(page);
  await page.getByLabel("Corrupted prompt").fill("");
  await page.getByRole("button", { name: /swap names$/ }).click();
  await expect(page.getByLabel("Corrupted prompt")).toHaveValue("When John and Mary went to the store , Mary gave a book to");
  await settled(page);
  await page.getByRole("button", { name: "Swap clean and corrupted" }).click();
  await expect(page.getByLabel("Answer", { exact: true })).toHaveValue("John");
  await settled(page);
  await page.getByLabel("Distractor", { exact: true }).fill("Tom");
  await expect(page.locator("#names-why")).toHaveText("Names cannot be swapped: “Tom” is not in the clean prompt.");
  await expect(page.getByRole("button", { name: /swap names$/ })).toBeDisabled();
});

test("pasted rows take the place of an example that came along into the batch", async ({ page }) => {
  await mode(page, "Batch");
  const rows = page.locator("table.rows tbody tr");
  await expect(rows).toHaveCount(1);
  await paste(page, IOI);
  await expect(prompt(page).locator(".alt")).toHaveText("clean Johncorrupted Mary");
  await expect(rows).toHaveCount(1);
});

test("from one pair to a batch and back nothing is lost, and no link carries what is not asked", async ({ page }) => {
  await (await field(page, "Distractor")).fill("crown");
  await mode(page, "Batch");
  const rows = page.locator("table.rows tbody tr");
  await expect(rows).toHaveCount(1);
  await paste(page, IOI);
  await expect(rows).toHaveCount(2);
  await settled(page);
  // The pasted row is looked at; another is by a press.
  await expect(rows.nth(1)).toHaveAttribute("aria-selected", "true");
  await expect(prompt(page).locator(".alt")).toHaveText("clean Johncorrupted Mary");
  await expect(rows.nth(1).locator(".number")).toHaveText([/^\+\d/, /^−\d/]);
  await rows.first().locator('[data-cell="clean"]').click();
  await expect(prompt(page).locator(".alt")).toHaveText("clean foxcorrupted dragon");
  await expect(page.locator(".pair-steps")).toContainText("Pair 1 of 2");
  await page.getByRole("button", { name: "Next pair" }).click();
  await mode(page, "One pair");
  await expect(page.getByLabel("Clean prompt")).toHaveValue(/^When Mary/);
  await settled(page);
  await expect(page).not.toHaveURL(/lines=/);
  await mode(page, "Batch");
  await expect(rows).toHaveCount(2);
  await expect(rows.nth(1)).toHaveAttribute("aria-selected", "true");
  await settled(page);
  await expect(page).toHaveURL(/lines=/);
});

test("cells are edited in place, errors name their row, and pairs that tell nothing apart are marked", async ({ page }) => {
  const cells = IOI.split(" | ").map((part) => `"${part}"`);
  await batch(page, `clean,corrupted,answer,distractor\n${cells.join(",")}`);
  await settled(page);
  const cell = (row: number, name: string) => page.locator(`[data-row="${row}"] [data-cell="${name}"]`);
  await cell(0, "answer").click();
  await page.keyboard.press("Enter");
  await page.keyboard.type("quokka");
  await page.keyboard.press("Enter");
  await expect(page.locator(".row-notes")).toContainText("Row 1, answer: “quokka” is not among the 565 words of this model.");
  await expect(cell(0, "answer")).toBeFocused();
  await expect(cell(0, "answer")).toHaveClass(/wrong/);
  await page.keyboard.press("F2");
  await page.keyboard.type("Mary");
  await page.keyboard.press("Escape");
  await expect(cell(0, "answer")).toHaveText("quokka");
  await page.keyboard.type("John");
  await page.keyboard.press("Enter");
  await expect(page.locator(".row-notes")).toBeEmpty();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.type("Mary");
  await page.keyboard.press("Enter");
  await settled(page);
  // The answer is now what the corrupted run says.
  await expect(page.locator('table.rows [data-row="0"]')).toHaveClass(/flat/);
  await expect(page.locator('table.rows [data-row="0"]').getByRole("img")).toHaveAccessibleName(/^The corrupted run does no worse/);
});

test("what is wrong is not said again when something else is drawn anew, and its buttons keep the focus", async ({ page }) => {
  await batch(page, `${IOI}\n${IOI}`);
  await settled(page);
  const answer = page.locator('[data-row="0"] [data-cell="answer"]');
  await answer.click();
  await page.keyboard.press("Enter");
  await page.keyboard.type("lmap");
  await page.keyboard.press("Enter");
  const note = page.locator(".row-notes > li");
  const use = note.getByRole("button", { name: "Use “lamp”" });
  await use.focus();
  await note.evaluate((said) => said.setAttribute("data-before", ""));
  const next = (name: string) => page.getByRole("button", { name }).evaluate((button: HTMLButtonElement) => button.click());
  await next("Next pair");
  await expect(page.locator(".pair-steps")).toContainText("Pair 2 of 2");
  await expect(use).toBeFocused();
  await expect(page.locator(".row-notes > li[data-before]")).toHaveCount(1);
  await page.getByRole("button", { name: "Done" }).click();
  const alert = page.locator("#question .gist [role=alert]");
  await expect(alert).toHaveText(/^Row 1: “lmap”/);
  const said = await alert.evaluateHandle((element) => element.firstChild);
  await next("Previous pair");
  await expect(page.locator(".pair-steps")).toContainText("Pair 1 of 2");
  expect(await alert.evaluate((element, before) => element.isConnected && element.firstChild === before, said)).toBe(true);
  // Mended, the focus goes to the cell.
  await editor(page);
  await use.press("Enter");
  await expect(note).toHaveCount(0);
  await expect(page.locator("table.rows [data-cell]:focus")).toHaveCount(1);
});

test("a second press on Examples closes their menu", async ({ page }) => {
  const [button, menu] = [page.getByRole("button", { name: "Examples" }), page.getByRole("menu", { name: "Examples" })];
  for (const isOpen of [true, false, true]) {
    await button.click();
    await expect(menu).toHaveCount(isOpen ? 1 : 0);
    await expect(button).toHaveAttribute("aria-expanded", String(isOpen));
  }
  await page.keyboard.press("Escape");
  await expect(menu).toHaveCount(0);
  await expect(button).toBeFocused();
});

test("thirty pairs scroll in their table, and are one stop of the Tab key", async ({ page }) => {
  const names = ["Mary", "John", "Tom", "James", "Dan", "Sid", "Amy", "Anna", "Paul", "Alice"];
  const pairs = Array.from({ length: 30 }, (_, i) => {
    const chosen = { Mary: names[i % 10]!, John: names[(i + 1 + Math.floor(i / 10)) % 10]! };
    return IOI.replaceAll(/Mary|John/g, (name) => chosen[name as keyof typeof chosen]);
  });
  await batch(page, pairs.join("\n"));
  await expect(page.locator("table.rows tbody tr")).toHaveCount(30);
  await settled(page);
  const height = await page.locator(".rows-scroll").evaluate((table) => table.getBoundingClientRect().height);
  expect(height).toBeLessThanOrEqual(240);
  await expect(page.locator('table.rows [tabindex="0"]')).toHaveCount(1);
  await expect(page.locator("table.rows tfoot")).toContainText(/^Mean\+[\d.]+−[\d.]+$/);
  await page.locator('[data-row="0"] [data-cell="clean"]').focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Space");
  await expect(page.locator(".pair-steps")).toContainText("Pair 2 of 30");
  await page.keyboard.press("ControlOrMeta+z");
  await expect(page.locator("table.rows tbody tr")).toHaveCount(0);
});

test("undo takes back a whole word, a choice, an example; and the address goes on going back", async ({ page }) => {
  const answer = await field(page, "Answer");
  await answer.fill("");
  await answer.pressSequentially("river");
  await (await field(page, "Metric")).selectOption("prob");
  await settled(page);
  await example(page, "Indirect object: Mary and John");
  await settled(page);
  const undo = page.getByRole("button", { name: "Undo" });
  await undo.click();
  await expect(answer).toHaveValue("river");
  await expect(page.getByLabel("Metric", { exact: true })).toHaveValue("prob");
  await page.getByRole("heading", { name: "pathpatch" }).click();
  await page.keyboard.press("ControlOrMeta+z");
  await expect(page.getByLabel("Metric", { exact: true })).toHaveValue("normalized-logit-diff");
  await undo.click();
  await expect(answer).toHaveValue("lamp");
  await expect(undo).toBeDisabled();
  await settled(page);
  await page.goBack();
  await expect(answer).not.toHaveValue("lamp");
  await settled(page);
});

test("a long run waits to be asked for, with tokens and predictions of what it will be", async ({ page }) => {
  const { clean, corrupted, answer, distractor } = cli.INDUCTION;
  const line = [clean, corrupted, answer, distractor].join(" | ");
  await batch(page, Array.from({ length: 400 }, () => line).join("\n"));
  const run = page.getByRole("button", { name: /^Run/ });
  await expect(run).toBeVisible();
  await expect(page.locator("#question .gist")).toContainText("Shown: the run of");
  await expect(page.locator("table.rows tfoot")).toContainText("Mean+9.23−0.284");
  await expect(page.locator("#picture")).toHaveClass("stale");
  await page.getByRole("button", { name: "Revert" }).click();
  await expect(run).toHaveCount(0);
  await settled(page);
  await page.getByRole("button", { name: "Undo" }).click();
  await run.click();
  await expect(page.locator("#progress")).toHaveAttribute("data-what", "run");
  await expect(run).toHaveCount(0);
  await page.getByRole("button", { name: "Cancel" }).click();
});

test("two presses that come before the browser has told of the first leave one menu, or none", async ({ page }) => {
  await open(page);
  const [examples, said] = [page.locator("#examples"), page.locator("#says [aria-haspopup=menu]").first()];
  const menus = page.locator(".popup");
  await examples.evaluate((button: HTMLElement) => {
    button.click();
    button.click();
  });
  await expect(menus).toHaveCount(0);
  await expect(examples).toHaveAttribute("aria-expanded", "false");
  // A press on another button opens its menu in place of the first.
  const other = (await said.elementHandle())!;
  await examples.evaluate((button: HTMLElement, next) => {
    button.click();
    (next as HTMLElement).click();
  }, other);
  await expect(menus).toHaveCount(1);
  await expect(said).toHaveAttribute("aria-expanded", "true");
  await expect(examples).toHaveAttribute("aria-expanded", "false");
  await page.keyboard.press("Escape");
  await expect(menus).toHaveCount(0);
  await examples.click();
  await expect(menus).toHaveCount(1);
  await examples.click();
  await expect(menus).toHaveCount(0);
});

import { expect, test } from "vitest";
import { NOTHING_KNOWN, opened } from "../core/run";
import { runOf } from "../core/run.fixture";
import { FIRST_LOOK } from "../lib/settings";
import { questionData } from "./asked";
import { INITIAL, reduce } from "./reduce";
import type { Action, State } from "./state";

const gpt2 = { kind: "hub", repo: "openai-community/gpt2", revision: null } as const;
const { request, table, check, made } = runOf({ clean: "a bb ccc", corrupted: "a dd ccc" }, gpt2);
const { settings } = request;
const bare = { ...request, pairs: request.pairs.map((pair) => ({ ...pair, tokens: { clean: [], corrupted: [], answer: [], distractor: [] } })) };
const edit: Action = { type: "edit", change: { clean: "a bb ddd" }, isTyping: false };
const shown = (of: typeof request): State =>
  reduce(INITIAL, { type: "shown", run: opened(-1, of, table, { check, made, file: "a file", known: NOTHING_KNOWN }), wanted: { settings, view: FIRST_LOOK } });
const told = (state: State) => questionData(state, false, () => undefined);

test("an edit of another model's saved result says that the file's prompts are still shown", () => {
  expect(told(shown(request))).toMatchObject({ isUnread: false, old: null });
  expect(told(reduce(shown(request), edit))).toMatchObject({ isUnread: true, old: { title: expect.any(String) } });
});

test("a file that does not tell its tokens has none after an edit either", () => {
  expect(told(shown(bare)).isUntold).toBe(true);
  expect(told(reduce(shown(bare), edit)).isUntold).toBe(true);
});

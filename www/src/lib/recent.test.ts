import { expect, test } from "vitest";
import { readRecent, titleOf, withRecent } from "./recent";

test("a run is another where anything that restores it is", () => {
  const run = (params: string) => ({ title: "the same", params });
  const runs = withRecent(withRecent([], run("answer=a")), run("answer=b"));
  expect(runs).toEqual([run("answer=b"), run("answer=a")]);
  expect(withRecent(runs, run("answer=a"))).toEqual([run("answer=a"), run("answer=b")]);
  const many = Array.from({ length: 30 }, (_, i) => run(String(i))).reduce(withRecent, []);
  expect(many).toHaveLength(12);
});

test.each(["", "{", "null", "7", '{"title":"a"}', '[null,7,{"title":1,"params":""},{"title":"a"}]', `[{"title":"${"a".repeat(300)}","params":""}]`])(
  "%s is passed over",
  (kept) => {
    expect(readRecent(kept)).toEqual([]);
  },
);

test("a title tells runs apart by the end of their prompt and their answers", () => {
  const pair = (clean: string, answer: string) => [{ clean, answer, distractor: " John" }];
  const start = "When Mary and John went to the store, John gave a";
  const titles = [pair(`${start} drink to`, " Mary"), pair(`${start} book to`, " Mary"), pair(`${start} book to`, " Ann")].map((p) =>
    titleOf(p, "kl"),
  );
  expect(titles[0]).toBe("When Mary … John gave a drink to → Mary / John, kl");
  expect(new Set(titles).size).toBe(3);
  // Words are whole, where there are any.
  expect(titleOf(pair("fox lamp river piano cloud spoon tiger crown eagle glove river piano fox", "lamp"))).toMatch(/^fox lamp … glove river piano fox → /);
  // No letter is cut in two.
  expect(titleOf(pair("𝒜".repeat(60), "𝒜"), "kl")).not.toMatch(/[\ud800-\udfff](?![\udc00-\udfff])(?<![\ud800-\udbff][\udc00-\udfff])/);
});

import { expect, test } from "vitest";
import { isSameModel, linkOf, nameOf, originOf, parseModel, refOfLink, refOfSaved, savedSource } from "./model-ref";

const BASE = "https://site.example/pathpatch/";
const hub = (repo: string, revision: string | null = null) => ({ kind: "hub", repo, revision });

test.each([
  ["gpt2", hub("openai-community/gpt2")],
  ["gpt2-small", hub("openai-community/gpt2")],
  [" gpt2-medium ", hub("openai-community/gpt2-medium")],
  ["gpt2-xl@refs/pr/1", hub("openai-community/gpt2-xl", "refs/pr/1")],
  ["distilgpt2", hub("distilbert/distilgpt2")],
  ["a/b", hub("a/b")],
  ["a/b@v1.0", hub("a/b", "v1.0")],
  ["./m", { kind: "address", url: `${BASE}m` }],
  ["https://cdn.example/m@1.0/", { kind: "address", url: "https://cdn.example/m@1.0/" }],
])("%s is a model", (text, ref) => {
  expect(parseModel(text, BASE)).toEqual(ref);
});

test.each(["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "blob:https://a/b", "https://"])(
  "%s is none",
  (text) => {
    expect(() => parseModel(text, BASE)).toThrow(/^model: expected gpt2, owner\/name or the address/);
  },
);

test("an address is normalised: no line end, quote or tag is left in it", () => {
  const ref = parseModel('https://evil.example/m\n"import os\r\t</script>\u2028<b>', BASE);
  expect(linkOf(ref)).toMatch(/^https:\/\/evil\.example\/m%22import%20os%3C\/script%3E%E2%80%A8%3Cb%3E$/);
});

test("each bundled model has a name in links and saved files; both may leave out the first one's", () => {
  const first = refOfLink(undefined, BASE);
  const years = refOfLink("years-demo", BASE);
  expect([nameOf(first), linkOf(first), savedSource(first)]).toEqual(["ioi-demo", undefined, "bundled"]);
  expect([nameOf(years), linkOf(years), savedSource(years)]).toEqual(["years-demo", "years-demo", "years-demo"]);
  expect(refOfLink("ioi-demo", BASE)).toEqual(first);
  for (const ref of [first, years]) expect(refOfSaved(savedSource(ref), BASE)).toEqual(ref);
  expect(refOfSaved(null, BASE)).toEqual({ kind: "files" });
  expect(isSameModel(first, years)).toBe(false);
});

test("a link, a saved file and people have each their way to say it", () => {
  const own = refOfLink("files", BASE);
  expect([linkOf(own), savedSource(own), nameOf(own)]).toEqual(["files", null, "your files"]);
  const gpt2 = refOfLink("gpt2", BASE);
  expect([linkOf(gpt2), savedSource(gpt2), originOf(gpt2)]).toEqual(["openai-community/gpt2", "openai-community/gpt2", "huggingface.co"]);
  expect(isSameModel(gpt2, refOfLink("openai-community/gpt2", BASE))).toBe(true);
  expect(isSameModel(gpt2, refOfLink("openai-community/gpt2@v1", BASE))).toBe(false);
  // Two sets of files may be of two models.
  expect(isSameModel(own, own)).toBe(false);
});

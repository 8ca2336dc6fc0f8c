import { expect, test } from "vitest";
import { embedCode, type EmbedChoice, type EmbedSubject, FIRST_EMBED } from "./embed";
import { pack, unpack } from "./pack";

const JSON_TEXT = '{"pathpatch":2,"title":"</script><b>"}';
const subject: EmbedSubject = {
  base: "https://site.example/sub/",
  params: new URLSearchParams({ clean: 'a "b" & c', corrupted: "<d>", from: "a0.h3" }),
  title: 'A "list" & more',
  json: JSON_TEXT,
  packed: "q1Yq",
  file: "pathpatch-figure.json",
};
const code = (change: Partial<EmbedChoice>, of = subject) => embedCode(of, { ...FIRST_EMBED, ...change });

test("by default the element has its result within it, and a link for readers without scripts", () => {
  const { text, note } = code({});
  expect(note).toBeNull();
  expect(text).toContain("<path-patching>\n  <script type=\"application/json\">");
  // Nothing in the data ends the script.
  expect(text.match(/<\/script>/g)).toHaveLength(2);
  const [, data] = /json">(.*)<\/script>\n/.exec(text)!;
  expect(JSON.parse(data!)).toEqual(JSON.parse(JSON_TEXT));
  expect(text).toContain('<a href="https://site.example/sub/#clean=a+%22b%22+%26+c&amp;corrupted=%3Cd%3E&amp;from=a0.h3">A &quot;list&quot; &amp; more</a>');
  expect(text).toContain('<script type="module" src="https://site.example/sub/pathpatch.js"></script>');
  expect(text).toContain("min-height: 640px");
});

test("what is chosen stands as attributes", () => {
  const { text } = code({ place: "file", show: new Set(["grids", "table"]), hide: new Set(["prompts"]), theme: "dark", isLive: true, width: 620 });
  expect(text).toContain('<path-patching src="pathpatch-figure.json" show="grids table" hide="prompts" theme="dark" live style="display: block; max-width: 620px">');
});

test("a frame has the result after the #, beside a post's script that gives it its height", () => {
  const { text } = code({ form: "frame", show: new Set(["scale"]) });
  expect(text).toContain('<iframe src="https://site.example/sub/embed.html?show=scale#saved=q1Yq" title="A &quot;list&quot; &amp; more" width="100%" height="640"');
  expect(text).toContain("pathpatch.js");
  expect(code({ form: "frame", place: "file" }).text).toContain('embed.html?saved=pathpatch-figure.json"');
});

test("without a result a frame asks what the link asks; too long an address is told", () => {
  const asked = code({ form: "frame", place: "none", theme: "light" });
  expect(asked.text).toContain("embed.html?theme=light&amp;clean=a+%22b%22+%26+c&amp;corrupted=%3Cd%3E&amp;from=a0.h3");
  expect(asked.note).toBeNull();
  const long = { ...subject, params: new URLSearchParams({ clean: "fox ".repeat(2000) }) };
  expect(code({ form: "frame", place: "none" }, long).note).toMatch(/so long that some servers refuse it/);
});

test("files of one's own cannot be asked for, but what they gave can be shown", () => {
  const own = { ...subject, params: null };
  expect(() => code({ place: "none" }, own)).toThrow("got files of your own");
  expect(code({}, own).text).toContain('<a href="https://site.example/sub/">');
});

test("React, Quarto, Observable", () => {
  expect(code({ form: "react", theme: "dark" }).text).toContain('<path-patching data={saved} theme={"dark"} site={"https://site.example/sub/"} />');
  expect(code({ form: "react", place: "file" }).text).toContain('import saved from "./pathpatch-figure.json";');
  expect(code({ form: "quarto" }).text).toMatch(/^```\{=html\}\n<style>[\s\S]*<\/script>\n```\n$/);
  const { text } = code({ form: "observable", show: new Set(["grids"]) });
  expect(text).toContain('await import("https://site.example/sub/pathpatch.js");');
  expect(text).toContain('figure.setAttribute("show", "grids");');
  expect(code({ form: "observable", place: "file" }).text).toContain('await FileAttachment("pathpatch-figure.json").json()');
});

test("a result is packed for an address, and comes back", async () => {
  const text = JSON.stringify({ a: "“–” 日", list: Array.from({ length: 500 }, (_, i) => i) });
  const packed = await pack(text);
  expect(packed).toMatch(/^[\w-]+$/);
  expect(packed.length).toBeLessThan(text.length);
  expect(await unpack(packed)).toBe(text);
});

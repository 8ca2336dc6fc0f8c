// How a figure gets into a page of someone else's.

/** HTML for a post: the live figure, in a frame of its own that takes the height it needs. */
export function embedCode(params: URLSearchParams, base: string): string {
  const url = new URL("./embed.html", base);
  url.search = params.toString();
  const attribute = (text: string) => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
  const script = new URL("./pathpatch.js", base);
  return `<iframe src="${attribute(url.href)}" title="Direct path patching" width="100%" height="900" loading="lazy" style="border: 0"></iframe>

<!-- Or, without a frame, from a figure that was saved beside the post: -->
<script type="module" src="${attribute(script.href)}"></script>
<path-patching src="pathpatch-figure.json"></path-patching>
`;
}

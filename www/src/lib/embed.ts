// How a figure gets into a page of someone else's.

/** Addresses longer than this are refused by some servers, which allow 8 kB for all of a request's head. */
export const LONG_ADDRESS = 4000;

export interface EmbedCode {
  html: string;
  /** Whether the frame's address is so long that some servers refuse it. */
  isLong: boolean;
}

/**
 * HTML for a post: a frame that shows the question and runs it when pressed, and the script that gives the frame
 * the height that it needs; or, without a frame, a figure that was saved beside the post.
 */
export function embedCode(params: URLSearchParams, base: string): EmbedCode {
  const url = new URL("./embed.html", base);
  url.search = params.toString();
  const attribute = (text: string) =>
    text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  const script = `<script type="module" src="${attribute(new URL("./pathpatch.js", base).href)}"></script>`;
  const html = `<iframe src="${attribute(url.href)}" title="Direct path patching" width="100%" height="480" loading="lazy" style="border: 0"></iframe>
${script}

<!-- Or, without a frame, from the page's "Figure JSON" saved beside the post:
<path-patching src="pathpatch-figure.json"></path-patching>
${script}
-->
`;
  return { html, isLong: url.href.length > LONG_ADDRESS };
}

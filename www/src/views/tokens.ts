// A prompt's tokens, the positions marked at which the two prompts differ.

import type { Token } from "../engine/types";
import { element } from "../lib/dom";
import { visible } from "../lib/tokens";

export interface TokensData {
  tokens: Token[];
  differs: boolean[];
}

export function create(container: HTMLElement): (data: TokensData) => void {
  const list = element("ol", { class: "tokens" });
  container.append(list);
  return ({ tokens, differs }) => {
    list.replaceChildren(
      ...tokens.map((token, i) => {
        const title = `position ${i}, id ${token.id}${differs[i] ? ", differs" : ""}`;
        const shown = visible(token.text);
        const text = differs[i] ? element("mark", {}, shown) : shown;
        return element("li", { title }, text);
      }),
    );
  };
}

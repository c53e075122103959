/* Collects the texts of a page that a person sees or hears, a block at a time: [where, text]. */
() => {
  const BLOCKS =
    "p, li, td, th, h1, h2, h3, h4, button, a, label, option, text, figcaption, [role=option], " +
    "[role=radio], [role=gridcell], [role=columnheader], [data-testid=stMarkdownContainer] > *";
  const NAMED = ["aria-label", "placeholder", "title", "alt", "aria-roledescription", "aria-valuetext"];
  const found = [];
  const blocks = new Map();
  const isShown = (element) =>
    element.closest("canvas") || // a table that is painted: its cells, for those who hear it
    element.checkVisibility({ visibilityProperty: true });
  const where = (element) => {
    const host = element.getRootNode().host;
    const key = (host ?? element).closest("[class*=st-key-]");
    const name = key ? [...key.classList].find((each) => each.startsWith("st-key-")) : "";
    const test = element.closest("[data-testid]")?.dataset.testid ?? "";
    return `${name} ${test} ${element.tagName.toLowerCase()}`.trim();
  };
  const isIcon = (element) => getComputedStyle(element).fontFamily.includes("Material Symbols");
  const walk = (root) => {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node.nodeType === Node.TEXT_NODE ? node.parentElement : node;
      if (!element || element.closest("script, style, noscript, .katex")) continue;
      if (!isShown(element)) continue;
      if (node.nodeType === Node.TEXT_NODE) {
        if (!node.data.trim() || isIcon(element)) continue;
        const block = element.closest(BLOCKS) ?? element;
        blocks.set(block, (blocks.get(block) ?? "") + node.data);
        continue;
      }
      if (element.shadowRoot) walk(element.shadowRoot);
      for (const name of NAMED) {
        const text = element.getAttribute(name);
        if (text) found.push([`${where(element)} @${name}`, text]);
      }
      if (element.matches("input[type=text], input[type=number], textarea") && element.value)
        found.push([`${where(element)} @value`, element.value]);
    }
  };
  walk(document);
  for (const [block, text] of blocks) found.push([where(block), text]);
  return found;
}

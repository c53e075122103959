/* Leads the keyboard into a popover that has just been opened.

   Its inside is at the end of the document: from its button, Tab would go through the whole page
   first. The popover itself has the focus then, so that no phone opens its keyboard. */

export default function ({ parentElement }) {
  const host = parentElement.getRootNode().host ?? parentElement;
  const popover = host.closest("[data-testid=stPopoverBody]");
  const at = document.activeElement;
  if (!popover || popover.contains(at)) return;
  if (at !== document.body && at?.dataset.testid !== "stPopoverButton") return;
  popover.tabIndex = -1;
  popover.style.outline = "none"; // only what can be used is framed
  popover.focus({ preventScroll: true });
}

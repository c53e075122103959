// Buttons at each chart of the page: one saves it as it stands, one opens how. They stand in the
// corner below the rows' labels, where no chart has anything. What saves is loaded when somebody
// first comes near. What is said of a picture is on the window: see address.js.
const STORED = "headlight-picture" // in the browser's storage: the last choices
const OWN = "headlight-picture" // the class of what is added to a chart
const ICONS = { // Material Symbols' paths would need a font: these are drawn
  save: "M8 2v7.5M4.7 6.4 8 9.7l3.3-3.3M2.5 11v2.5h11V11",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
}
const SAID_FOR = 4000 // milliseconds of what went well
const CSS = `
  :host { position: absolute; left: 0; bottom: 0; z-index: 5; width: 48px; height: 24px; }
  .buttons { display: flex; color: inherit; opacity: 0.6; }
  :host(:hover) .buttons, :host(:focus-within) .buttons { opacity: 1; }
  button {
    width: 24px; height: 24px; padding: 3px; border: 0; border-radius: 4px; cursor: pointer;
    color: inherit; background: transparent; box-sizing: border-box;
  }
  button:hover { background: color-mix(in srgb, currentColor 14%, transparent); }
  button:focus-visible { outline: 2px solid currentColor; outline-offset: -2px; }
  svg { display: block; width: 18px; height: 18px; }
  path { fill: none; stroke: currentColor; stroke-width: 1.6; stroke-linecap: round; stroke-linejoin: round; }
  [data-part=more] path { stroke-width: 2.2; }
  .said {
    position: absolute; left: 0; bottom: 26px; width: max-content; max-width: min(22rem, 80vw);
    padding: 0.3rem 0.6rem; border-radius: 0.4rem; overflow-wrap: anywhere;
    font-size: 0.875rem; line-height: 1.35; color: var(--ground); background: var(--text);
  }
  .said:empty { display: none; }
`

const read = () => {
  try {
    return JSON.parse(localStorage.getItem(STORED)) ?? {}
  } catch {
    return {} // no storage is allowed here, or something else has written it
  }
}
const state = (globalThis.headlightPicture ??= { chosen: read() }) // lasts from run to run
const store = (chosen) => {
  state.chosen = chosen
  try {
    localStorage.setItem(STORED, JSON.stringify(chosen))
  } catch {} // then it lasts as long as the page
}

function make(tag, parent, properties = {}, text = "") {
  const element = Object.assign(document.createElement(tag), properties)
  if (text) element.textContent = text
  parent.append(element)
  return element
}

function icon(parent, path) {
  const [svg, line] = ["svg", "path"].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag))
  svg.setAttribute("viewBox", "0 0 16 16")
  svg.setAttribute("aria-hidden", "true")
  line.setAttribute("d", path)
  svg.append(line)
  parent.append(svg)
}

const keyOf = (place) => /(?:^| )st-key-(\S+)/.exec(place.className)?.[1] ?? ""
const plotOf = (place) => place.querySelector(".js-plotly-plot")

export default function ({ data, parentElement }) {
  const told = JSON.parse(new TextDecoder().decode(data))
  const { words } = told
  const url = new URL(told.script, document.baseURI).href
  const saving = () => import(url)

  // What is said of a chart beside what it shows, and what its file is called.
  const captionOf = (place) => {
    const { picture = {}, page = "" } = window.__headlight_address ?? {}
    const key = keyOf(place)
    const isOneOfMany = [...document.querySelectorAll(`.${OWN}`)].filter((host) => host.checkVisibility()).length > 1
    const name = isOneOfMany ? (told.names[key] ?? "") : ""
    const link = picture.link ? new URL(picture.link, told.base) : null
    const part = isOneOfMany ? `_${key.replace(/^compare_|_chart$/g, "").replaceAll("_", "-")}` : ""
    return {
      title: [name, picture.title].filter(Boolean).join(" · "),
      said: picture.said ?? [],
      link: link?.href ?? "",
      described: plotOf(place)?.closest("[aria-label]")?.ariaLabel ?? "",
      file: `headlight_${picture.file || page}${part}`.replace(/[^\w-]/g, ""),
    }
  }

  // What went wrong stays until something else is done.
  const say = (status, text, isDone) => {
    clearTimeout(status.timer)
    const look = getComputedStyle(parentElement.getRootNode().host ?? parentElement) // Streamlit's theme is known to components alone
    for (const [name, own] of [["--text", "text"], ["--ground", "background"]]) {
      status.style.setProperty(name, look.getPropertyValue(`--st-${own}-color`))
    }
    status.textContent = text
    if (isDone) status.timer = setTimeout(() => (status.textContent = ""), SAID_FOR)
  }
  const act = async (place, what, status) => {
    say(status, "", false)
    const slow = setTimeout(() => say(status, words.working, false), 400)
    let module
    try {
      module = await saving()
      const name = await module[what](plotOf(place), captionOf(place), state.chosen)
      clearTimeout(slow)
      say(status, what === "copy" ? words.copied : words.saved.replace("{name}", () => name), true)
    } catch (error) {
      clearTimeout(slow)
      console.warn(error)
      const isLarge = module && error instanceof module.TooLarge
      const why = !module ? "unreachable" : isLarge ? "too_large" : what === "copy" ? "not_copied" : "not_saved"
      say(status, words[why], false)
    }
  }

  const panel = buildPanel(parentElement, words, act)
  const update = (place, host) => {
    const root = host.shadowRoot
    const name = told.names[keyOf(place)]
    const label = (text) => (name ? `${text}: ${name}` : text)
    const [save, more] = root.querySelectorAll("button")
    save.title = save.ariaLabel = label(words.save)
    more.title = more.ariaLabel = label(words.how)
    const status = root.querySelector(".said")
    save.onclick = () => act(place, "save", status)
    more.onclick = () => panel.open(place, more)
    save.onpointerenter = save.onfocus = () => saving().then((module) => module.prepare()).catch(() => {})
  }

  const attach = () => {
    for (const plot of document.querySelectorAll(".js-plotly-plot")) {
      const place = plot.closest("[class*=st-key-]")
      if (!place || [...place.children].some((child) => child.className === OWN)) continue
      const host = make("div", place, { className: OWN })
      const root = host.attachShadow({ mode: "open" })
      make("style", root, {}, CSS)
      const buttons = make("div", root, { className: "buttons" })
      for (const part of ["save", "more"]) {
        const button = make("button", buttons, { type: "button" })
        button.dataset.part = part
        icon(button, ICONS[part])
      }
      make("div", root, { className: "said" }).setAttribute("role", "status")
      update(place, host)
    }
  }
  for (const host of document.querySelectorAll(`.${OWN}`)) update(host.parentElement, host)

  // Never in the way of what is typed: charts are drawn first, and looked for when all is quiet.
  let waiting = 0
  const soon = () => (waiting ||= setTimeout(() => ((waiting = 0), attach()), 120))
  attach()
  const observer = new MutationObserver(soon)
  observer.observe(document.body, { childList: true, subtree: true })
  return () => {
    observer.disconnect()
    clearTimeout(waiting)
    panel.close()
  }
}

// How pictures are saved: made once, and shown above the page.
function buildPanel(parent, words, act) {
  parent.querySelector(".panel")?.remove()
  const panel = make("form", parent, { className: "panel", noValidate: true })
  panel.setAttribute("popover", "auto") // Escape and a click beside it close it
  panel.setAttribute("role", "dialog")
  panel.ariaLabel = words.how
  let place = null
  let opener = null
  panel.addEventListener("beforetoggle", ({ newState }) => { // browsers lose it between shadow roots
    if (newState === "closed" && panel.matches(":focus-within")) opener?.focus()
  })

  const row = (text) => {
    const label = make("label", panel)
    make("span", label, {}, text)
    return label
  }
  const select = (name, label, options) => {
    const field = make("select", row(label), { name })
    for (const [value, text] of options) make("option", field, { value }, text)
    return field
  }
  const number = (name, label) =>
    make("input", row(label), {
      name, type: "number", min: 1, step: "any", inputMode: "decimal", placeholder: words.automatic,
    })
  make("strong", panel, {}, words.how)
  select("format", words.format, [["png", words.png], ["svg", words.svg]])
  number("width", words.width)
  number("height", words.height)
  select("unit", words.unit, [["px", words.px], ["mm", words.mm]])
  select("scale", words.scale, [1, 2, 3, 4].map((times) => [times, `${times}×`]))
  select("theme", words.colors, [["page", words.as_page], ["light", words.light], ["dark", words.dark]])
  make("input", row(words.transparent), { name: "isTransparent", type: "checkbox" })
  const buttons = make("div", panel, { className: "row" })
  const saver = make("button", buttons, { type: "submit", className: "first" }, words.save)
  const copier = make("button", buttons, { type: "button" }, words.copy)
  const closer = make("button", buttons, { type: "button" }, words.close)
  const status = make("div", panel, { className: "said" })
  status.setAttribute("role", "status")

  const fields = panel.elements
  const fill = () => {
    const { format = "png", width = null, height = null, unit = "px", scale = 2, theme = "page" } = state.chosen
    const values = { format, width: width ?? "", height: height ?? "", unit, scale, theme }
    for (const [name, value] of Object.entries(values)) fields[name].value = String(value)
    fields.isTransparent.checked = Boolean(state.chosen.isTransparent)
    follow()
  }
  const length = (field) => (field.valueAsNumber > 0 ? field.valueAsNumber : null)
  const take = () => {
    store({
      format: fields.format.value, width: length(fields.width), height: length(fields.height),
      unit: fields.unit.value, scale: Number(fields.scale.value), theme: fields.theme.value,
      isTransparent: fields.isTransparent.checked,
    })
    follow()
  }
  // A scale is of pixels: what is measured on paper has 300 an inch.
  const follow = () => {
    const isSized = Boolean(state.chosen.width || state.chosen.height)
    const isMm = isSized && fields.unit.value === "mm"
    fields.unit.disabled = !isSized
    fields.scale.disabled = fields.format.value === "svg" || isMm
  }
  panel.addEventListener("input", take)
  panel.addEventListener("keydown", (event) => event.stopPropagation()) // no key of the page's
  panel.addEventListener("submit", (event) => {
    event.preventDefault()
    take()
    act(place, "save", status)
  })
  copier.addEventListener("click", () => (take(), act(place, "copy", status)))
  closer.addEventListener("click", () => panel.hidePopover())

  return {
    open(chart, button) {
      place = chart
      opener = button
      status.textContent = ""
      fill()
      panel.showPopover({ source: opener })
      const at = opener.getBoundingClientRect()
      const { width, height } = panel.getBoundingClientRect()
      const left = Math.max(8, Math.min(at.left, innerWidth - width - 8))
      const top = at.top - height - 4 > 8 ? at.top - height - 4 : Math.min(at.bottom + 4, innerHeight - height - 8)
      Object.assign(panel.style, { left: `${left}px`, top: `${Math.max(8, top)}px` })
      saver.focus()
    },
    close: () => panel.matches(":popover-open") && panel.hidePopover(),
  }
}

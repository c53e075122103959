// Keys of the presenter's mode, a black screen, the list of keys; and tells other windows of this
// browser where this one is. The keys press the page's own buttons, so that what they do is what a
// click does. A key is the page's own where a field, a chart or, by the keyboard, a button has it.
const CHANNEL = "headlight"
const OFF = "headlight-keys-off" // in the browser's storage: who has switched them off
const STEP = 24 // pixels: a window that is dragged isn't told of with each of them

const WAYS = { // the button that a key presses
  ArrowRight: "way_next", PageDown: "way_next", ArrowLeft: "way_back", PageUp: "way_back",
  " ": "reveal",
}
const TYPED = "input, textarea, select, [contenteditable]:not([contenteditable=false]), " +
  "[role=textbox], [role=slider], [role=spinbutton], [role=combobox], [role=listbox], " +
  "[role=menu], [role=dialog], [role=grid]"
const CHART = ".js-plotly-plot, .stPlotlyChart"
const PRESSED = "button, a[href], [role=button], [role=radio], [role=tab], [role=switch], summary"

const state = (globalThis.headlightPresenter ??= { place: null }) // lasts from run to run

const channel = (state.channel ??= new BroadcastChannel(CHANNEL))
channel.onmessage = ({ data }) => {
  if (data === "where?" && state.place) channel.postMessage(state.place)
}

const areOff = () => {
  try {
    return localStorage.getItem(OFF) === "1"
  } catch {
    return Boolean(state.off) // no storage is allowed here
  }
}
const setOff = (off) => {
  state.off = off
  try {
    localStorage.setItem(OFF, off ? "1" : "0")
  } catch {} // it holds until the page is closed
}

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  const told = JSON.parse(new TextDecoder().decode(data))
  state.place = told.place
  channel.postMessage(told.place)

  const make = (tag, text, parent, attributes = {}) => {
    const element = Object.assign(document.createElement(tag), attributes)
    element.textContent = text
    parent.append(element)
    return element
  }

  parentElement.querySelector(".root")?.remove()
  const root = make("div", "", parentElement, { className: "root" })
  const black = make("div", "", root, { className: "black", hidden: !state.isBlack })
  const list = make("div", "", root, { className: "list", hidden: !state.isListed })
  list.setAttribute("role", "dialog")
  list.setAttribute("aria-label", told.words.title)
  make("h2", told.words.title, list)
  const table = make("dl", "", list)
  for (const [key, does] of told.keys) {
    make("dt", key, table)
    make("dd", does, table)
  }
  const label = make("label", "", list)
  const box = make("input", "", label, { type: "checkbox", checked: !areOff() })
  make("span", told.words.switch, label)
  box.addEventListener("change", () => setOff(!box.checked))
  const close = make("button", told.words.close, list, { type: "button" })
  const open = make("button", "?", root, { type: "button", className: "open", title: told.words.open })
  open.setAttribute("aria-label", told.words.open)
  open.hidden = !told.has_keys

  const blacken = (isBlack) => (black.hidden = !(state.isBlack = isBlack))
  const showList = (isListed) => {
    list.hidden = !(state.isListed = isListed)
    if (isListed) close.focus()
  }
  close.addEventListener("click", () => showList(false))
  open.addEventListener("click", () => showList(list.hidden))
  black.addEventListener("click", () => blacken(false))

  const belongsToOthers = (event) => {
    const path = event.composedPath()
    if (path.includes(list)) return event.key !== "Escape" && event.key !== "?"
    for (const element of path) {
      if (!(element instanceof Element)) continue
      if (element.matches(TYPED) || element.matches(CHART)) return true
      // Who came to a button by the keyboard presses it with the space bar; after a click it only
      // happens to have the focus.
      if (element.matches(PRESSED) && element.matches(":focus-visible")) {
        return event.key === " " || event.key.startsWith("Arrow")
      }
    }
    return false
  }
  const press = (name) => {
    const place = document.querySelector(`.st-key-${name}`)
    const button = place?.querySelector("button:not([disabled]), a[href]")
    button?.click()
    return Boolean(button)
  }
  const act = (key) => {
    if (key === "?") return showList(list.hidden), true
    if (key === "Escape" && !black.hidden) return blacken(false), true
    if (key === "Escape" && !list.hidden) return showList(false), true
    if (areOff()) return false
    if (key === "b" || key === ".") return blacken(black.hidden), true
    if (!black.hidden) return blacken(false), true // a clicker's next one only wakes the screen
    if (key in WAYS) return press(WAYS[key])
    if (key === "h") return setTriggerValue("head", 1), true
    if (key === "+" || key === "=") return setTriggerValue("size", 1), true
    if (key === "-" || key === "_") return setTriggerValue("size", -1), true
    if (key === "Escape") return setTriggerValue("leave", 1), true
    return false
  }
  const take = (event) => {
    // What is typed is sent; then keys lead on again, and nobody has to click beside the field.
    if (event.key === "Enter" && event.target?.matches?.("input")) {
      setTimeout(() => event.target.blur())
    }
    if (event.defaultPrevented || event.isComposing || event.repeat) return
    if (event.ctrlKey || event.altKey || event.metaKey || belongsToOthers(event)) return
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
    if (act(key)) event.preventDefault()
  }
  const measure = () => {
    const size = [window.innerWidth, window.innerHeight]
    if (size.every((side, i) => Math.abs(side - told.window[i]) < STEP)) return
    setStateValue("window", (told.window = size))
  }

  const forget = () => (state.place = null)
  if (!told.has_keys) return forget
  measure()
  window.addEventListener("resize", measure)
  document.addEventListener("keydown", take)
  return () => {
    forget()
    window.removeEventListener("resize", measure)
    document.removeEventListener("keydown", take)
  }
}
